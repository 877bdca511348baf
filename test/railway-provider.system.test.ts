/** The Railway provider under the real engine against the emulator, as somebody else would use it: the program is the one of its README. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { ensureEngine } from "../engine/engine.ts";
import type { Engine } from "../engine/find.ts";
import { tinyProject } from "../engine/testing/project.ts";
import { startSandbox } from "../sandbox/sandbox.ts";

const root = resolve(import.meta.dirname, "..");
const provider = join(root, "infra/providers/railway");
let engine: Engine;

beforeAll(async () => {
  engine = await ensureEngine({ env: process.env, root });
}, 1_200_000);

const readme = readFileSync(join(provider, "README.md"), "utf8");
const program = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)]
  .map(([, code]) => code)
  .join("\n")
  .replace('"pulumi-railway"', `"${provider}/classes.ts"`);

const Exported = z.object({
  deployment: z.object({
    resources: z.array(
      z.looseObject({
        urn: z.string(),
        type: z.string(),
        id: z.string().optional(),
        inputs: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  }),
});
const Preview = z.object({
  steps: z.array(z.looseObject({ op: z.string(), urn: z.string(), detailedDiff: z.record(z.string(), z.unknown()).nullish() })),
});

/** A project with the README's program against an own Railway, and what a person does in its dashboard. */
async function shop() {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  const { pulumi, cwd } = await tinyProject(engine, program, { user: { ...process.env, ...sandbox.env } });
  await writeFile(
    join(cwd, "Pulumi.yaml"),
    `name: tiny\nruntime: { name: nodejs, options: { typescript: false } }\nmain: main.ts\nplugins: { providers: [{ name: railway, path: "${provider}" }] }\n`,
  );
  const person = async (document: string, variables: object) => {
    const answer = await fetch(`${sandbox.env.RAILWAY_API_URL}?person`, {
      method: "POST",
      headers: { authorization: `Bearer ${sandbox.env.RAILWAY_API_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ query: document, variables }),
    });
    const body: unknown = await answer.json();
    expect(body).not.toHaveProperty("errors");
    return body;
  };
  const calls = async () => {
    const all = await fetch(`${new URL(sandbox.env.RAILWAY_API_URL ?? "").origin}/_sandbox/calls`);
    return z.array(z.object({ operation: z.string() })).parse(await all.json());
  };
  return {
    cwd,
    person,
    /** Mutations by the provider so far. */
    async writes() {
      return (await calls())
        .map(({ operation }) => operation)
        .filter((name) => /Create|Update|Delete|Upsert|Deploy|Commit/.test(name));
    },
    async pulumi(...args: string[]) {
      const ended = await pulumi(...args);
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0 });
      return ended.stdout;
    },
    /** Custom resources in state by logical name. */
    async resources() {
      const { deployment } = Exported.parse(JSON.parse((await pulumi("stack", "export")).stdout));
      const own = deployment.resources.filter(({ type }) => type.startsWith("railway:"));
      return own.map(({ urn, type, id = "", inputs = {} }) => ({ name: urn.split("::").at(-1) ?? "", type, id, inputs }));
    },
  };
}

if (process.env.FLEET_TEST_FULL)
  test("what a person changed is put right by one up with one deployment, and each resource can be imported alone", async () => {
    const here = await shop();
    await here.pulumi("up", "--yes", "--skip-preview");
    const made = await here.resources();
    await change(here, made);
    const before = await here.writes();
    await here.pulumi("up", "--yes", "--skip-preview", "--refresh");
    const repairs = (await here.writes()).slice(before.length);
    expect(repairs.filter((name) => name === "serviceInstanceDeployV2")).toHaveLength(1);
    expect(repairs.filter((name) => /Create|volumeDelete|serviceDelete|projectDelete/.test(name))).toEqual([]);
    await here.pulumi("preview", "--refresh", "--expect-no-changes");

    for (const one of made) {
      await importAnew(here, [one]);
      const preview = await here.pulumi("preview", "--json");
      const step = Preview.parse(JSON.parse(preview)).steps.find(({ urn }) => urn.endsWith(`::${one.name}`));
      // Its arguments are outputs of others, which this stack has yet to make: what is written plainly must be the same.
      expect(
        Object.keys(step?.detailedDiff ?? {}).filter((path) => !/Id$|^triggers$/.test(path)),
        one.name,
      ).toEqual([]);
    }
  });

type Shop = Awaited<ReturnType<typeof shop>>;

/** Forgets everything, then imports by id alone what is given. */
async function importAnew({ cwd, pulumi }: Shop, all: readonly { name: string; type: string; id: string }[]): Promise<void> {
  await pulumi("stack", "init", `imported-${all[0]?.name}`);
  await writeFile(join(cwd, "import.json"), JSON.stringify({ resources: all.map(({ name, type, id }) => ({ name, type, id })) }));
  await pulumi("import", "--file", "import.json", "--yes", "--skip-preview", "--protect=false", "--generate-code=false");
}

async function driftOf({ pulumi }: Shop): Promise<Record<string, string[]>> {
  const { steps } = Preview.parse(JSON.parse(await pulumi("preview", "--refresh", "--json")));
  const changed = steps.filter(({ op }) => op === "update");
  return Object.fromEntries(
    changed.map(({ urn, detailedDiff }) => [urn.split("::").at(-1), Object.keys(detailedDiff ?? {}).sort()]),
  );
}

test("every resource is imported by its id alone, an empty preview follows, and a person's changes show field by field; the engine reads the schema", async () => {
  const here = await shop();
  await here.pulumi("up", "--yes", "--skip-preview");
  const made = await here.resources();
  expect(made.map(({ type }) => type.split(":").at(-1)).sort()).toEqual(
    ["Project", "Service", "ServiceInstance", "VariableCollection", "Volume", "VolumeBackup"].sort(),
  );
  const schema = await here.pulumi("package", "get-schema", join(provider, "pulumi-resource-railway"));
  expect(JSON.parse(schema)).toEqual(JSON.parse(readFileSync(join(provider, "schema.json"), "utf8")));
  const before = await here.writes();
  expect(before.filter((name) => name === "serviceInstanceDeployV2")).toHaveLength(1);

  await importAnew(here, made);
  const state = await here.pulumi("stack", "export");
  expect(state).not.toContain('"hello"');
  await here.pulumi("preview", "--expect-no-changes");
  expect(await here.writes()).toEqual(before);

  await change(here, made);
  expect(await driftOf(here)).toEqual({
    shop: ["description", "name"],
    web: ["name"],
    data: ["backupSchedules[1]", "mountPath"],
    variables: ["variables.GREETING"],
    instance: [
      "drainingSeconds",
      "healthcheckPath",
      "image",
      "memoryGB",
      "publicAddress",
      "restartPolicy",
      "running",
      "sleep",
      // The variables' revision rises when they are put right: what runs must hear of it.
      "triggers",
      "vCPUs",
    ],
  });
});

/** Everything a person can turn in the dashboard. */
async function change({ person }: Shop, made: readonly { type: string; id: string }[]): Promise<void> {
  const idOf = (type: string) => made.find((one) => one.type === `railway:index:${type}`)?.id.split("/") ?? [];
  const [projectId, environmentId, serviceId] = idOf("ServiceInstance");
  const place = { environmentId, serviceId };
  await person(`mutation ($id: String!, $input: ProjectUpdateInput!) { projectUpdate(id: $id, input: $input) { id } }`, {
    ...{ id: projectId, input: { name: "renamed", description: "by hand" } },
  });
  await person(`mutation ($id: String!, $input: ServiceUpdateInput!) { serviceUpdate(id: $id, input: $input) { id } }`, {
    ...{ id: serviceId, input: { name: "renamed" } },
  });
  await person(`mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }`, {
    input: { ...place, projectId, name: "GREETING", value: "by hand", skipDeploys: true },
  });
  await person(
    `mutation ($id: String!, $kinds: [VolumeInstanceBackupScheduleKind!]!) { volumeInstanceBackupScheduleUpdate(volumeInstanceId: $id, kinds: $kinds) }`,
    { id: idOf("VolumeBackup")[2], kinds: ["DAILY"] },
  );
  await person(
    `mutation ($serviceId: String!, $environmentId: String!, $input: ServiceInstanceUpdateInput!) { serviceInstanceUpdate(serviceId: $serviceId, environmentId: $environmentId, input: $input) }`,
    {
      ...place,
      input: {
        source: { image: "somebody/else:latest" },
        sleepApplication: false,
        healthcheckPath: "/other",
        restartPolicyType: "ALWAYS",
        drainingSeconds: 99,
      },
    },
  );
  await person(`mutation ($input: ServiceInstanceLimitsUpdateInput!) { serviceInstanceLimitsUpdate(input: $input) }`, {
    input: { ...place, memoryGB: 4, vCPUs: 8 },
  });
  await person(`mutation ($input: ServiceDomainCreateInput!) { serviceDomainCreate(input: $input) { id } }`, { input: place });
  await person(
    `mutation ($volumeId: String!, $environmentId: String!, $input: VolumeInstanceUpdateInput!) { volumeInstanceUpdate(volumeId: $volumeId, environmentId: $environmentId, input: $input) }`,
    { volumeId: idOf("Volume")[3], environmentId, input: { serviceId, mountPath: "/elsewhere" } },
  );
  const latest = await person(
    `query ($environmentId: String!, $serviceId: String!) { serviceInstance(environmentId: $environmentId, serviceId: $serviceId) { latestDeployment { id } } }`,
    place,
  );
  const { id } = Latest.parse(latest).data.serviceInstance.latestDeployment;
  await person(`mutation ($id: String!) { deploymentStop(id: $id) }`, { id });
}

const Latest = z.object({ data: z.object({ serviceInstance: z.object({ latestDeployment: z.object({ id: z.string() }) }) }) });
