/** The same program of 50 tenants on our Railway provider and on a bare gRPC responder, by turns. The vendor answers without latency, cooldown or limits. */
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { askSandbox } from "../../cli/sandbox.ts";
import { exitCode, OperatorError } from "../../domain/error.ts";
import { median, rounded } from "./bench.ts";
import { ProcessFamily } from "./processes.ts";
import type { Stand } from "./stand.ts";

export interface ProviderCosts {
  /** The worse of the two. */
  readonly ratio: number;
  readonly details: Readonly<Record<string, number>>;
}

const tenants = 50;
/** A project, two services, a volume, and variables and instance of each service. */
const resources = tenants * 8;
const rounds = 3;
const kinds = ["ours", "bare"] as const;
type Kind = (typeof kinds)[number];

const none = { min: 0, max: 0 };
const noLatency = {
  readLagMs: 0,
  volumeLagMs: none,
  projectCooldownMs: 0,
  environmentCooldownMs: 0,
  volumeCooldownMs: 0,
  deploymentMs: none,
  patchMs: none,
  rateLimits: false,
};

export async function providerCosts(stand: Stand, root: string, say: (text: string) => void): Promise<ProviderCosts> {
  await askSandbox(stand.sandbox.urls.railway, "settings", noLatency);
  const costs: Record<"up" | "noop", Record<Kind, Cost[]>> = { up: { ours: [], bare: [] }, noop: { ours: [], bare: [] } };
  const folders = { ours: await program(stand.folder, root, "ours"), bare: await program(stand.folder, root, "bare") };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? kinds : kinds.toReversed();
    const env = { PULUMI_STACK: `round${round}` };
    for (const kind of order) {
      await stand.time(["stack", "init", env.PULUMI_STACK], folders[kind]);
      say(`up of ${tenants} tenants, ${kind}, ${round + 1} of ${rounds} …`);
      costs.up[kind].push(await costOf(stand, folders[kind], env));
    }
    for (const kind of order) costs.noop[kind].push(await costOf(stand, folders[kind], env, ["--expect-no-changes"]));
  }
  const made = { ours: await madeIn(stand, folders.ours), bare: await madeIn(stand, folders.bare) };
  for (const kind of kinds)
    if (made[kind].resources !== resources)
      throw new OperatorError(
        `${kind} has ${made[kind].resources} resources, and not ${resources}: nothing can be compared`,
        exitCode.failed,
      );
  // Pairs, so that what else the machine did in a round weighs on both.
  const ratioOf = (what: "up" | "noop", cost: keyof Cost = "seconds") =>
    median(costs[what].ours.map((value, index) => value[cost] / (costs[what].bare[index]?.[cost] ?? Number.NaN)));
  const typical = (what: "up" | "noop", kind: Kind, cost: keyof Cost) =>
    rounded(median(costs[what][kind].map((value) => value[cost])));
  await Promise.all(Object.values(folders).map((folder) => rm(folder, { recursive: true })));
  return {
    ratio: rounded(Math.max(ratioOf("up"), ratioOf("noop"))),
    details: {
      tenants,
      resources,
      stateKilobytes: rounded(made.ours.bytes / 1000, 0),
      stateBareKilobytes: rounded(made.bare.bytes / 1000, 0),
      rounds,
      barRatio: 1.3,
      upRatio: rounded(ratioOf("up")),
      noopRatio: rounded(ratioOf("noop")),
      upSeconds: typical("up", "ours", "seconds"),
      upBareSeconds: typical("up", "bare", "seconds"),
      noopSeconds: typical("noop", "ours", "seconds"),
      noopBareSeconds: typical("noop", "bare", "seconds"),
      // Seen on Linux only.
      ...(process.platform === "linux" && {
        upProcessorRatio: rounded(ratioOf("up", "processorSeconds")),
        noopProcessorRatio: rounded(ratioOf("noop", "processorSeconds")),
        upProcessorSeconds: typical("up", "ours", "processorSeconds"),
        upBareProcessorSeconds: typical("up", "bare", "processorSeconds"),
        noopProcessorSeconds: typical("noop", "ours", "processorSeconds"),
        noopBareProcessorSeconds: typical("noop", "bare", "processorSeconds"),
      }),
    },
  };
}

interface Cost {
  /** On the wall. */
  readonly seconds: number;
  /** Of engine, program and provider, whatever else the machine does; the vendor is none of them. */
  readonly processorSeconds: number;
}

let measured = 0;

async function costOf(
  stand: Stand,
  folder: string,
  env: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<Cost> {
  const name = "FLEET_BENCH_MARK";
  const value = `${process.pid}-${++measured}`;
  const ended = new AbortController();
  const watching = new ProcessFamily(`${name}=${value}`).processor(ended.signal);
  try {
    const seconds = await stand.time(["up", "--yes", "--skip-preview", ...more], folder, { ...env, [name]: value });
    ended.abort();
    const used = Object.values(await watching);
    return { seconds, processorSeconds: used.reduce((sum, each) => sum + each, 0) };
  } finally {
    ended.abort();
  }
}

const Exported = z.object({ deployment: z.object({ resources: z.array(z.looseObject({ type: z.string() })) }) });

/** What the engine keeps of the last round, as evidence that both did the same. */
async function madeIn(stand: Stand, folder: string): Promise<{ readonly resources: number; readonly bytes: number }> {
  const file = join(folder, "state.json");
  await stand.time(["stack", "export", "--file", file], folder, { PULUMI_STACK: `round${rounds - 1}` });
  const text = await readFile(file, "utf8");
  const all = Exported.parse(JSON.parse(text)).deployment.resources;
  return { resources: all.filter(({ type }) => type.startsWith("railway:")).length, bytes: text.length };
}

async function program(parent: string, root: string, kind: Kind): Promise<string> {
  const folder = join(parent, `provider-${kind}`);
  const provider = join(root, kind === "ours" ? "infra/providers/railway" : "test/bench/bare");
  await mkdir(folder);
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(
    join(folder, "Pulumi.yaml"),
    `name: ${kind}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: main.ts\nplugins:\n  providers:\n    - name: railway\n      path: ${provider}\n`,
  );
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  const text = `import * as pulumi from "@pulumi/pulumi";
import { Project, Service, ServiceInstance, VariableCollection, Volume } from "${root}/infra/providers/railway/classes.ts";
const stack = pulumi.getStack();
for (let tenant = 0; tenant < ${tenants}; tenant++) {
  const name = (part: string) => \`t\${tenant}-\${part}\`;
  const marker = \`bench:\${stack}:t\${tenant}\`;
  const { projectId, environmentId } = new Project(name("project"), { name: name(stack), description: marker, marker });
  for (const kind of ["app", "tunnel"]) {
    const { serviceId } = new Service(name(kind), { projectId, environmentId, name: kind });
    const place = { projectId, environmentId, serviceId };
    const volume = kind === "app" ? [new Volume(name("volume"), { ...place, mountPath: "/data", sizeGB: 5, region: "us-west2" })] : [];
    const variables = new VariableCollection(name(kind + "-variables"), { ...place, variables: { TENANT: marker, PORT: "8000", TZ: "UTC" } });
    new ServiceInstance(name(kind + "-instance"), { ...place, image: "ghcr.io/example/app:1", region: "us-west2", memoryGB: 1, vCPUs: 1, sleep: false, restartPolicy: "ALWAYS" }, { dependsOn: [variables, ...volume] });
  }
}
`;
  await writeFile(join(folder, "main.ts"), text);
  return folder;
}
