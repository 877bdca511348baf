import { afterEach, beforeEach, expect, test } from "vitest";
import type { RailwayContext } from "./context.ts";
import { type FakeRailway, startFakeRailway } from "./fake-railway.ts";
import { call, made, newProcess } from "./scene.ts";
import { service } from "./service.ts";
import { variableCollection } from "./variable-collection.ts";
import { volume } from "./volume.ts";

let fake: FakeRailway;
let context: RailwayContext;
beforeEach(async () => {
  fake = await startFakeRailway();
  context = newProcess(fake);
});
afterEach(() => fake.close());

async function collection(place: Awaited<ReturnType<typeof made>>, variables: Record<string, string> = { A: "1", B: "2" }) {
  const inputs = { ...place, variables };
  return { inputs, ...(await variableCollection.create(inputs, context, call)) };
}

const removalOf = (serviceId: string, ...names: string[]) => ({
  services: { [serviceId]: { variables: Object.fromEntries(names.map((name) => [name, null])) } },
});
const commits = () => fake.calls.filter((name) => name.startsWith("environmentPatchCommit"));

test("what is changed at once in one environment goes one after another, and none takes another's staged change for a person's", async () => {
  const app = await made(context);
  const { projectId, environmentId } = app;
  const web = (await service.create({ projectId, environmentId, name: "web" }, context, call)).state;
  const disk = await volume.create({ ...app, mountPath: "/data", sizeGB: 5 }, context, call);
  const [first, second] = [await collection(app), await collection({ projectId, environmentId, serviceId: web.serviceId })];
  await Promise.all([
    variableCollection.delete(first.id, first.state, context, call),
    variableCollection.update(second.id, second.state, { ...second.inputs, variables: { A: "1" } }, context, call, second.inputs),
    volume.update(disk.id, disk.state, { ...disk.state, sizeGB: 10 }, context, call, { ...disk.state, sizeGB: 5 }),
  ]);
  expect(fake.variables.get(app.serviceId)).toEqual({});
  expect(fake.variables.get(web.serviceId)).toEqual({ A: "1" });
  expect(fake.volumes.get(disk.state.volumeId)?.sizeMB).toBe(10_000);
  expect(fake.staged.size).toBe(0);
});

test("a change that fails leaves the next ones of its environment their turn", async () => {
  const app = await made(context);
  const { inputs, id, state } = await collection(app);
  fake.fault("environmentStageChanges", { refuse: "Invalid environment config" });
  const drop = (name: "A" | "B") =>
    variableCollection.update(id, state, { ...app, variables: { [name]: inputs.variables[name] ?? "" } }, context, call, inputs);
  const [failed, done] = await Promise.allSettled([drop("A"), drop("B")]);
  expect([failed?.status, done?.status]).toEqual(["rejected", "fulfilled"]);
});

test("a commit that Railway refuses leaves nothing staged, where it would be in the way of all others", async () => {
  const app = await made(context);
  const { id, state } = await collection(app);
  fake.fault("environmentPatchCommitStaged", { refuse: "Not now" });
  await expect(variableCollection.delete(id, state, context, call)).rejects.toThrow("Not now");
  expect(fake.staged.get(app.environmentId)).toEqual({});
  await variableCollection.delete(id, state, context, call);
  expect(fake.variables.get(app.serviceId)).toEqual({});
});

test("a removal that a killed run had only staged is taken up by the next one", async () => {
  const app = await made(context);
  const { inputs, id, state } = await collection(app);
  fake.staged.set(app.environmentId, removalOf(app.serviceId, "B"));
  await variableCollection.update(id, state, { ...app, variables: { A: "1" } }, newProcess(fake), call, inputs);
  expect(fake.variables.get(app.serviceId)).toEqual({ A: "1" });
  expect([fake.staged.size, commits()]).toEqual([0, ["environmentPatchCommitStaged"]]);
});

test("a removal that a killed run had done already asks for no empty change", async () => {
  const app = await made(context);
  const { inputs, id, state } = await collection(app);
  fake.variables.set(app.serviceId, { A: "1" });
  await variableCollection.update(id, state, { ...app, variables: { A: "1" } }, newProcess(fake), call, inputs);
  expect(commits()).toEqual([]);
});

test("a person's waiting changes are refused and stay as they are", async () => {
  const app = await made(context);
  const { id, state } = await collection(app);
  const theirs = removalOf(app.serviceId, "THEIRS");
  fake.staged.set(app.environmentId, theirs);
  await expect(variableCollection.delete(id, state, context, call)).rejects.toThrow("changes wait in the Railway dashboard");
  expect([fake.staged.get(app.environmentId), commits()]).toEqual([theirs, []]);
});

test.each(["environmentPatchCommitStaged", "environmentPatchCommit"])("a lost answer to %s is no second commit", async (name) => {
  const app = await made(context);
  const disk = await volume.create({ ...app, mountPath: "/data", sizeGB: 5 }, context, call);
  const { id, state } = await collection(app);
  fake.fault(name, "lose");
  await variableCollection.delete(id, state, context, call);
  await volume.update(disk.id, disk.state, { ...disk.state, sizeGB: 10 }, context, call, { ...disk.state, sizeGB: 5 });
  expect(commits().sort()).toEqual(["environmentPatchCommit", "environmentPatchCommitStaged"]);
  expect(fake.volumes.get(disk.state.volumeId)?.sizeMB).toBe(10_000);
});

test("a change that Railway could not apply is not left staged, where it would be in the way of all others", async () => {
  const app = await made(context);
  const { inputs, id, state } = await collection(app);
  fake.unfit.push("Volume size is limited");
  await expect(volume.create({ ...app, mountPath: "/data", sizeGB: 5000 }, newProcess(fake), call)).rejects.toThrow(
    "Volume size is limited",
  );
  await variableCollection.update(id, state, { ...app, variables: { A: "1" } }, context, call, inputs);
  expect(fake.variables.get(app.serviceId)).toEqual({ A: "1" });
});
