/** The arguments beyond the everyday ones, and what is refused for the data's sake. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { materialChanges } from "../shell/diff.ts";
import type { RailwayContext } from "./context.ts";
import { type FakeRailway, startFakeRailway } from "./fake-railway.ts";
import { getProject } from "./get-project.ts";
import { project } from "./project.ts";
import { call, instanceInputs, made, marker, newProcess, projectInputs } from "./scene.ts";
import { serviceInstance } from "./service-instance.ts";
import type { ServiceInstanceInputs } from "./shapes.ts";
import { volume } from "./volume.ts";

let fake: FakeRailway;
let context: RailwayContext;
beforeEach(async () => {
  fake = await startFakeRailway();
  context = newProcess(fake);
});
afterEach(() => fake.close());

/** The properties that the engine would show as changed. */
function changes(olds: ServiceInstanceInputs, news: ServiceInstanceInputs, publicAddresses?: string[]): string[] {
  const state = { ...olds, deploymentId: "d", ...(publicAddresses && { publicAddresses }) };
  return [...new Set(materialChanges(serviceInstance, { olds, news, state }).map(({ property }) => property))];
}

test("a repository is connected with its branch, deployed once, read back, and exchanged for an image", async () => {
  const place = await made(context);
  const inputs = { ...place, repository: "example/shop", branch: "stable" };
  const { id, state } = await serviceInstance.create(inputs, context, call);
  expect(fake.instances.get(place.serviceId)?.source).toEqual({ image: null, repo: "example/shop", branch: "stable" });
  expect(fake.deployments.size).toBe(1);
  expect((await serviceInstance.read(id, context, call, { inputs, state }))?.inputs).toEqual(inputs);
  expect((await serviceInstance.read(id, context, call))?.inputs).toMatchObject(inputs);

  const image = { ...place, image: "shop@sha256:1" };
  const after = await serviceInstance.update(id, state, image, context, call, inputs);
  expect(fake.deployments.size).toBe(2);
  expect((await serviceInstance.read(id, context, call, { inputs: image, state: after }))?.inputs).toEqual(image);
});

test("a repository that is connected already is not patched again: Railway never applies an empty patch", async () => {
  const place = await made(context);
  const inputs = { ...place, repository: "example/shop" };
  const { id, state } = await serviceInstance.create(inputs, context, call);
  fake.calls.length = 0;
  await serviceInstance.update(id, state, { ...inputs, sleep: true }, context, call, inputs);
  expect(fake.calls).not.toContain("environmentStageChanges");
  expect(fake.deployments.size).toBe(2);
});

test("somebody's waiting changes are not taken along when a repository is connected", async () => {
  const place = await made(context);
  fake.staged.set(place.environmentId, { volumes: {}, sharedVariables: {} });
  const created = serviceInstance.create({ ...place, repository: "example/shop" }, context, call);
  await expect(created).rejects.toThrow("2 changes wait in the Railway dashboard");
  expect(fake.deployments.size).toBe(0);
});

test("image and repository exclude each other, and what belongs to one is refused with the other", () => {
  const place = { projectId: "p", environmentId: "e", serviceId: "s" };
  const problems = (inputs: object) =>
    serviceInstance.check?.({ ...place, ...inputs }, undefined).map(({ property }) => property);
  expect(problems({})).toEqual(["image"]);
  expect(problems({ image: "a", repository: "b/c" })).toEqual(["repository"]);
  expect(problems({ image: "a", branch: "main" })).toEqual(["branch"]);
  expect(problems({ repository: "b/c", registryCredentials: { username: "u", password: "p" } })).toEqual(["registryCredentials"]);
  expect(problems({ image: "a" })).toEqual([]);
});

test("replicas, draining, overlap and registry credentials reach Railway and read back without a difference", async () => {
  const place = await made(context);
  const registryCredentials = { username: "robot", password: "of-the-registry" };
  const inputs = {
    ...place,
    image: "a",
    region: "us-west2",
    replicas: 3,
    drainingSeconds: 10,
    overlapSeconds: 20,
    registryCredentials,
  };
  const { id, state } = await serviceInstance.create(inputs, context, call);
  expect(fake.instances.get(place.serviceId)).toMatchObject({
    ...{ multiRegionConfig: { "us-west2": { numReplicas: 3 } }, drainingSeconds: 10, overlapSeconds: 20, registryCredentials },
  });
  expect((await serviceInstance.read(id, context, call, { inputs, state }))?.inputs).toEqual(inputs);
  const without = { ...inputs, region: undefined };
  await serviceInstance.update(id, state, without, context, call, inputs);
  expect(fake.instances.get(place.serviceId)).toMatchObject({ numReplicas: 3 });
});

test("replicas that a person added show as drift where the program names a region alone", async () => {
  const place = await made(context);
  const inputs = { ...place, image: "a", region: "us-west2" };
  const { id, state } = await serviceInstance.create(inputs, context, call);
  Object.assign(fake.instances.get(place.serviceId) ?? {}, { multiRegionConfig: { "us-west2": { numReplicas: 4 } } });
  const seen = await serviceInstance.read(id, context, call, { inputs, state });
  expect(seen?.inputs).toEqual({ ...inputs, replicas: 4 });
});

test("what an imported instance has and the program leaves out is no change; what is cleared by leaving it out is one", async () => {
  const place = await made(context);
  const inputs = { ...instanceInputs(place), startCommand: "serve" };
  const { id } = await serviceInstance.create(inputs, context, call);
  const imported = await serviceInstance.read(id, context, call);
  if (!imported) throw new Error("not found");
  const { publicAddresses } = imported.state;
  const plain = { ...place, image: inputs.image, startCommand: "serve", healthcheckPath: "/health", memoryGB: 1, vCPUs: 2 };
  expect(changes(imported.inputs, plain, publicAddresses)).toEqual([]);
  expect(changes(imported.inputs, inputs, publicAddresses)).toEqual([]);
  expect(changes(imported.inputs, { ...plain, startCommand: undefined, memoryGB: undefined })).toEqual([
    "memoryGB",
    "startCommand",
  ]);
});

test("an address is forbidden without a change only where it is known that there is none", () => {
  const open = { projectId: "p", environmentId: "e", serviceId: "s", image: "a" };
  const forbid = { ...open, publicAddress: "forbid" as const };
  expect(changes(open, forbid)).toEqual(["publicAddress"]);
  expect(changes(open, forbid, ["shop.up.railway.app"])).toEqual(["publicAddress"]);
  expect(changes(open, forbid, [])).toEqual([]);
  expect(changes(forbid, { ...open, publicAddress: "ignore" })).toEqual([]);
  expect(changes({ ...open, publicAddress: "ignore" }, forbid, [])).toEqual(["publicAddress"]);
});

test("a program that says nothing of addresses finds none in its state after a refresh", async () => {
  const inputs = { ...(await made(context)), image: "a" };
  const { id, state } = await serviceInstance.create(inputs, context, call);
  expect(await serviceInstance.read(id, context, call, { inputs, state })).toEqual({ id, inputs, state });
});

test("first triggers are remembered, changed ones deploy", () => {
  const inputs = { projectId: "p", environmentId: "e", serviceId: "s", image: "a" };
  expect(changes(inputs, { ...inputs, triggers: { a: "1" } })).toEqual([]);
  expect(changes({ ...inputs, triggers: { a: "1" } }, { ...inputs, triggers: { a: "2" } })).toEqual(["triggers"]);
});

test("backup schedules are set, changed, and their order is no difference", async () => {
  const inputs = { ...(await made(context)), mountPath: "/data", backupSchedules: ["WEEKLY", "DAILY"] as ("WEEKLY" | "DAILY")[] };
  const { id, state } = await volume.create(inputs, context, call);
  fake.schedules.set(state.volumeInstanceId, ["DAILY", "WEEKLY"]);
  expect((await volume.read(id, context, call, { inputs, state }))?.inputs).toEqual(inputs);
  expect(volume.sameMeaning?.("backupSchedules", ["WEEKLY", "DAILY"], ["DAILY", "WEEKLY"], state)).toBe(true);
  fake.schedules.set(state.volumeInstanceId, ["MONTHLY"]);
  const seen = await volume.read(id, context, call, { inputs, state });
  expect(seen?.inputs.backupSchedules).toEqual(["MONTHLY"]);
  await volume.update(id, state, { ...inputs, backupSchedules: [] }, context, call, inputs);
  expect(fake.schedules.get(state.volumeInstanceId)).toEqual([]);
});

test("a volume is not moved to another region that the program names later", async () => {
  const inputs = { ...(await made(context)), mountPath: "/data" };
  const { id, state } = await volume.create(inputs, context, call);
  const there = { ...inputs, region: "europe-west4-drams3a" };
  await expect(volume.update(id, state, there, context, call, inputs)).rejects.toThrow("lies in us-west2 and is not moved");
  await expect(volume.update(id, state, { ...inputs, region: "us-west2" }, context, call, inputs)).resolves.toBeDefined();
});

test("a volume is deleted only with allowDelete", async () => {
  const inputs = { ...(await made(context)), mountPath: "/data" };
  const { id, state } = await volume.create(inputs, context, call);
  await expect(volume.delete(id, state, context, call)).rejects.toThrow(/was not deleted.*allowDelete: true/);
  expect(fake.volumes.size).toBe(1);
  const allowed = await volume.update(id, state, { ...inputs, allowDelete: true }, context, call, inputs);
  await volume.delete(id, allowed, context, call);
  expect(fake.volumes.size).toBe(0);
  await volume.delete(id, state, context, call);
});

test("a project is not deleted while a volume lies in it, also one that the program has forgotten", async () => {
  const place = await made(context);
  const inputs = { ...place, mountPath: "/data" };
  const { state: disk } = await volume.create(inputs, context, call);
  const state = { ...projectInputs, projectId: place.projectId, environmentId: place.environmentId, workspaceId: "w1" };
  const refused = project.delete(place.projectId, state, context, call);
  await expect(refused).rejects.toThrow(`still has volumes (${disk.volumeId} at /data)`);
  expect(fake.projects.size).toBe(1);
  await project.delete(place.projectId, { ...state, allowDelete: true }, context, call);
  expect(fake.projects.get(place.projectId)?.deletedAt).toEqual(expect.any(String));
});

test("a project without volumes is deleted without a flag, also while one that was deleted is still listed", async () => {
  const place = await made(context);
  const { state: disk } = await volume.create({ ...place, mountPath: "/data" }, context, call);
  const row = fake.volumes.get(disk.volumeId);
  fake.volumes.clear();
  const page = { edges: [{ node: row }], pageInfo: { hasNextPage: false, endCursor: null } };
  fake.fault("volumeInstances", { answer: { environment: { volumeInstances: page } } });
  const state = { ...projectInputs, projectId: place.projectId, environmentId: place.environmentId, workspaceId: "w1" };
  await project.delete(place.projectId, state, context, call);
  expect(fake.projects.get(place.projectId)?.deletedAt).toEqual(expect.any(String));
});

test("allowDelete alone asks Railway to change nothing", async () => {
  const { id, state } = await project.create(projectInputs, context, call);
  fake.calls.length = 0;
  const allowed = await project.update(id, state, { ...projectInputs, allowDelete: true }, context, call, projectInputs);
  expect(allowed.allowDelete).toBe(true);
  expect(fake.calls).toEqual([]);
});

test("getProject finds by id, by name and by marker, and refuses to choose", async () => {
  const { id, state } = await project.create(projectInputs, context, call);
  const { projectId, environmentId, workspaceId } = state;
  const answer = { projectId, environmentId, workspaceId, name: projectInputs.name, description: marker };
  for (const args of [{ projectId: id }, { name: projectInputs.name }, { marker }])
    expect(await getProject.run(args, context, call)).toEqual(answer);
  await expect(getProject.run({ name: "nobody" }, context, call)).rejects.toThrow(
    "0 Railway projects of the workspace are named nobody",
  );
  await expect(getProject.run({}, context, call)).rejects.toThrow("exactly one of projectId, name and marker");
  await project.create({ name: projectInputs.name, description: "another" }, context, call);
  await expect(getProject.run({ name: projectInputs.name }, context, call)).rejects.toThrow(
    /2 Railway projects.*Name one by projectId/,
  );
});
