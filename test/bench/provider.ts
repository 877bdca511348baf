/** The same program of 50 tenants on our Railway provider and on a bare gRPC responder, by turns. The vendor answers without latency, cooldown or limits. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { askSandbox } from "../../cli/sandbox.ts";
import { median, rounded } from "./bench.ts";
import type { Stand } from "./stand.ts";

export interface ProviderCosts {
  /** The worse of the two. */
  readonly ratio: number;
  readonly details: Readonly<Record<string, number>>;
}

const tenants = 50;
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
  const seconds: Record<"up" | "noop", Record<Kind, number[]>> = { up: { ours: [], bare: [] }, noop: { ours: [], bare: [] } };
  const folders = { ours: await program(stand.folder, root, "ours"), bare: await program(stand.folder, root, "bare") };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? kinds : kinds.toReversed();
    const env = { PULUMI_STACK: `round${round}` };
    for (const kind of order) {
      await stand.time(["stack", "init", env.PULUMI_STACK], folders[kind]);
      say(`up of ${tenants} tenants, ${kind}, ${round + 1} of ${rounds} …`);
      seconds.up[kind].push(await stand.time(["up", "--yes", "--skip-preview"], folders[kind], env));
    }
    for (const kind of order) seconds.noop[kind].push(await stand.time(["up", "--yes", "--skip-preview"], folders[kind], env));
  }
  // Pairs, so that what else the machine did in a round weighs on both.
  const ratioOf = (what: "up" | "noop") =>
    median(seconds[what].ours.map((value, index) => value / (seconds[what].bare[index] ?? Number.NaN)));
  await Promise.all(Object.values(folders).map((folder) => rm(folder, { recursive: true })));
  return {
    ratio: rounded(Math.max(ratioOf("up"), ratioOf("noop"))),
    details: {
      tenants,
      resources: tenants * 8,
      rounds,
      barRatio: 1.3,
      upRatio: rounded(ratioOf("up")),
      noopRatio: rounded(ratioOf("noop")),
      upSeconds: rounded(median(seconds.up.ours)),
      upBareSeconds: rounded(median(seconds.up.bare)),
      noopSeconds: rounded(median(seconds.noop.ours)),
      noopBareSeconds: rounded(median(seconds.noop.bare)),
    },
  };
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
