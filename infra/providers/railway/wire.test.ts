import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unknown } from "../shell/unknown.ts";
import { connectProvider } from "../shell/wire.ts";
import { type FakeRailway, startFakeRailway } from "./fake-railway.ts";

let fake: FakeRailway;
let provider: ChildProcess;
let engine: ReturnType<typeof connectProvider>;
const errors: string[] = [];

beforeAll(async () => {
  fake = await startFakeRailway();
  const env = { ...process.env, RAILWAY_API_URL: fake.url, RAILWAY_API_TOKEN: "token-of-the-test", FLEET_CLOCK_URL: "" };
  provider = spawn(join(import.meta.dirname, "pulumi-resource-railway"), [], { env, stdio: ["ignore", "pipe", "pipe"] });
  provider.stderr?.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  engine = connectProvider(await port(provider));
});
afterAll(() => {
  engine.close();
  provider.kill();
  fake.close();
});

test("the executable is found by its name, configures itself from the environment and makes real objects", async () => {
  await engine.configure({});
  const inputs = { name: "shop", description: "app:test:0123456789", marker: "app:test:0123456789" };
  expect((await engine.check("railway:index:Project", inputs)).failures).toEqual([]);
  const preview = await engine.create("railway:index:Project", inputs, { preview: true });
  expect(preview.properties).toMatchObject({ projectId: unknown, environmentId: unknown });
  expect(fake.calls).toEqual([]);
  const { id, properties } = await engine.create("railway:index:Project", inputs);
  expect(fake.projects.get(id)).toMatchObject({ description: inputs.description, isPublic: false });
  const read = await engine.read("railway:index:Project", id, { inputs, state: properties });
  expect(await engine.diff("railway:index:Project", read.inputs, inputs)).toMatchObject({ changes: 1 });
  expect(errors).toEqual([]);
});

test("a volume's region cannot be changed, and the reason says why", async () => {
  const inputs = { projectId: "p", environmentId: "e", serviceId: "s", mountPath: "/data", region: "us-west2" };
  const { failures } = await engine.check("railway:index:Volume", { ...inputs, region: "europe-west4-drams3a" }, inputs);
  expect(failures).toEqual([{ property: "region", reason: expect.stringContaining("must never be replaced") }]);
});

test("a wrong name of a variable is named with what is allowed", async () => {
  const place = { projectId: "p", environmentId: "e", serviceId: "s" };
  const { failures } = await engine.check("railway:index:VariableCollection", { ...place, variables: { "A-B": "1" } });
  expect(failures).toEqual([{ property: "variables.A-B", reason: expect.stringContaining("letters, digits and _ only") }]);
});

test("variables are secret on every way out", async () => {
  const inputs = { projectId: "p", environmentId: "e", serviceId: "s", variables: { KEY: "very-secret-value" } };
  const answer = await engine.check("railway:index:VariableCollection", inputs);
  expect(Object.keys(answer.inputs.variables as object)).toContain("4dabf18193072939515e22adb298388d");
  fake.fault("variableCollectionUpsert", { refuse: "this fake refuses very-secret-value" });
  const refused = await engine.create("railway:index:VariableCollection", inputs).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ details: expect.stringContaining("this fake refuses") });
  expect(JSON.stringify(refused)).not.toContain("very-secret-value");
});

test("registry credentials are secret in inputs, and a message that repeats them hides them", async () => {
  const place = { projectId: "p", environmentId: "e", serviceId: "s" };
  const inputs = { ...place, image: "i", registryCredentials: { username: "the-robot", password: "of-the-registry" } };
  const answer = await engine.check("railway:index:ServiceInstance", inputs);
  expect(answer.failures).toEqual([]);
  expect(answer.inputs.registryCredentials).toMatchObject({ "4dabf18193072939515e22adb298388d": expect.any(String) });
  fake.fault("serviceInstance", { refuse: "of-the-registry is wrong" });
  await expect(engine.create("railway:index:ServiceInstance", inputs)).rejects.toMatchObject({
    details: expect.stringContaining("[secret] is wrong"),
  });
});

test("a service lives its whole life over the wire: made, renamed in place, deleted twice, and then gone", async () => {
  const row = { name: "life", description: null, workspaceId: "w1", primaryEnvironmentId: "e8" };
  fake.projects.set("p8", { ...row, isPublic: false, isTempProject: false, deletedAt: null, id: "p8" });
  const [type, inputs] = ["railway:index:Service", { projectId: "p8", environmentId: "e8", name: "web" }] as const;
  const { id, properties } = await engine.create(type, inputs);
  const renamed = { ...inputs, name: "site" };
  expect(await engine.diff(type, inputs, renamed)).toMatchObject({
    diffsList: ["name"],
    replacesList: [],
    stablesList: ["serviceId"],
  });
  expect(await engine.diff(type, inputs, { ...inputs, projectId: "p9" })).toMatchObject({ replacesList: ["projectId"] });
  expect(await engine.update(type, id, properties, inputs, renamed, true)).toEqual({
    ...renamed,
    serviceId: properties.serviceId,
  });
  const updated = await engine.update(type, id, properties, inputs, renamed);
  expect(updated).toEqual({ ...renamed, serviceId: properties.serviceId });
  expect(await engine.read(type, id)).toEqual({ id, inputs: renamed, properties: updated });
  await engine.delete(type, id, updated);
  await engine.delete(type, id, updated);
  expect(await engine.read(type, id, { inputs: renamed, state: updated })).toMatchObject({ id: "", properties: {} });
});

test("getProject answers over the wire", async () => {
  const row = { name: "looked-for", description: null, workspaceId: "w1", primaryEnvironmentId: "e9" };
  fake.projects.set("p9", { ...row, isPublic: false, isTempProject: false, deletedAt: null, id: "p9" });
  expect(await engine.invoke("railway:index:getProject", { name: "looked-for" })).toEqual({
    result: { projectId: "p9", environmentId: "e9", workspaceId: "w1", name: "looked-for", description: "" },
    failures: [],
  });
  expect((await engine.invoke("railway:index:getProject", { nam: "x" })).failures[0]?.property).toBe("nam");
});

test("the schema names all resources", async () => {
  const schema = (await engine.schema()) as { resources: Record<string, unknown> };
  expect(Object.keys(schema.resources)).toEqual([
    "railway:index:Project",
    "railway:index:Service",
    "railway:index:Volume",
    "railway:index:VolumeBackup",
    "railway:index:VariableCollection",
    "railway:index:ServiceInstance",
  ]);
});

async function port(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error("stdout is not a pipe");
  for await (const line of createInterface({ input: child.stdout })) return Number(line);
  throw new Error(`the provider ended: ${errors.join("")}`);
}
