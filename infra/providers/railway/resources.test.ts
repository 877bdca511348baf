import { afterEach, beforeEach, expect, test } from "vitest";
import { Unfinished } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import { type FakeRailway, startFakeRailway } from "./fake-railway.ts";
import { project } from "./project.ts";
import { call, instanceInputs, made, marker, newProcess, projectInputs } from "./scene.ts";
import { service } from "./service.ts";
import { serviceInstance } from "./service-instance.ts";
import { variableCollection } from "./variable-collection.ts";
import { volume } from "./volume.ts";

let fake: FakeRailway;
let context: RailwayContext;
beforeEach(async () => {
  fake = await startFakeRailway();
  context = newProcess(fake);
});
afterEach(() => fake.close());

const mutations = () => fake.calls.filter((name) => /Create|Update|Delete|Upsert|Commit|Stage|Deploy/.test(name));

test("a lost answer to projectCreate leaves exactly one project", async () => {
  fake.fault("projectCreate", "lose");
  const created = await project.create(projectInputs, context, call);
  expect([...fake.projects.keys()]).toEqual([created.id]);
  expect(created.state).toMatchObject({ projectId: created.id, environmentId: `env-${created.id}`, workspaceId: "w1" });
});

test("a run that died right after projectCreate is adopted by the next, although reads do not show the project yet", async () => {
  const { id } = await project.create(projectInputs, newProcess(fake), call);
  fake.fault("projects", { answer: { projects: { edges: [], pageInfo: { hasNextPage: false, endCursor: null } } } });
  fake.fault("projectCreate", { refuse: "You are creating projects too quickly" });
  expect((await project.create(projectInputs, newProcess(fake), call)).id).toBe(id);
  expect(fake.projects.size).toBe(1);
});

test("a cooldown is waited out for 30 s and looked at again before the second try", async () => {
  fake.fault("projectCreate", { refuse: "You are creating projects too quickly. Please wait." });
  await project.create(projectInputs, context, call);
  expect(fake.clock.waits).toEqual([30_000]);
  expect(fake.calls.filter((name) => name.startsWith("project"))).toEqual([
    "projects",
    "projectCreate",
    "projects",
    "projectCreate",
  ]);
});

test("several projects are made one after another, 30 s apart", async () => {
  const of = (n: number) => ({
    name: `t${n}`,
    description: `app:test:000000000${n}`,
    marker: `app:test:000000000${n}`,
  });
  await Promise.all([1, 2, 3].map((n) => project.create(of(n), context, call)));
  expect(fake.projects.size).toBe(3);
  expect(fake.clock.waits.filter((ms) => ms > 29_000)).toHaveLength(2);
});

test("a project that a run which died made, too young to be listed at first, is found after the wait behind another one", async () => {
  const { id } = await project.create(projectInputs, newProcess(fake), call);
  await project.create({ name: "other", description: "app:test:other00000", marker: "app:test:other00000" }, context, call);
  fake.fault("projects", { answer: { projects: { edges: [], pageInfo: { hasNextPage: false, endCursor: null } } } });
  expect((await project.create(projectInputs, context, call)).id).toBe(id);
  expect(fake.projects.size).toBe(2);
  expect(context.fresh.has(id)).toBe(false);
});

test("who waits for the cooldown looks in one list that is read once", async () => {
  const of = (n: number) => ({ name: `t${n}`, description: `app:test:00000000${n}`, marker: `app:test:00000000${n}` });
  for (const n of [1, 2, 3, 4]) await project.create(of(n), context, call);
  expect(fake.calls.filter((name) => name === "projects")).toHaveLength(5);
});

test("a project with another marker, or a longer one, is never adopted", async () => {
  await project.create({ name: "test-shop", description: `${marker}x and app:prod:0123456789` }, context, call);
  await project.create(projectInputs, context, call);
  expect(fake.projects.size).toBe(2);
});

test("two projects with the marker are refused by name instead of choosing one", async () => {
  for (const name of ["one", "two"]) await project.create({ name, description: marker }, context, call);
  await expect(project.create(projectInputs, context, call)).rejects.toThrow(/2 Railway projects carry the marker.*one.*two/);
});

test("a project that a query cannot see is gone only when the workspace's list says so", async () => {
  const { id } = await project.create(projectInputs, context, call);
  for (let times = 0; times < 2; times++) fake.fault("project", { refuse: "Not Authorized" });
  await expect(project.read(id, context, call)).rejects.toThrow("Not Authorized");
  fake.projects.clear();
  expect(await project.read(id, context, call)).toBeUndefined();
});

test("a project that a run made a moment before it died is not gone, although neither its query nor the list shows it yet", async () => {
  const { id } = await project.create(projectInputs, newProcess(fake), call);
  fake.fault("project", { refuse: "Not Authorized" });
  fake.fault("projects", { answer: { projects: { edges: [], pageInfo: { hasNextPage: false, endCursor: null } } } });
  expect(await project.read(id, context, call)).toMatchObject({ id });
});

test("a project that another workspace's token cannot see is not gone", async () => {
  const { id, state } = await project.create(projectInputs, context, call);
  fake.projects.delete(id);
  const known = { inputs: projectInputs, state: { ...state, workspaceId: "w2" } };
  await expect(project.read(id, context, call, known)).rejects.toThrow("lies in workspace w2, but the token is for workspace w1");
  expect(await project.read(id, context, call, { inputs: projectInputs, state })).toBeUndefined();
});

test("nothing in a project is gone because the token is another workspace's: neither read nor deleted away", async () => {
  const place = await made(context);
  const id = `${place.projectId}/${place.environmentId}/${place.serviceId}`;
  const away = { ...place, variables: { A: "1" }, revision: 1 };
  const kept = [...fake.projects];
  fake.projects.clear();
  const reads = [service, variableCollection, serviceInstance].map((resource) => () => resource.read(id, context, call));
  const deletes = [() => variableCollection.delete(id, away, context, call)];
  for (const attempt of [...reads, ...deletes]) {
    const hidden = { refuse: "Not Authorized" };
    for (const name of ["services", "variables", "serviceInstance"]) fake.fault(name, hidden, hidden);
    await expect(attempt()).rejects.toThrow("is not known in workspace w1, which the token is for");
  }
  for (const [projectId, row] of kept) fake.projects.set(projectId, { ...row, deletedAt: "2026-11-24T10:00:00Z" });
  for (const read of reads) expect(await read()).toBeUndefined();
});

test("what a run made that was killed a moment ago is neither gone nor another workspace's while Railway does not show it yet", async () => {
  const place = await made(context);
  const [kept] = fake.projects;
  if (!kept) throw new Error("no project was made");
  fake.projects.clear();
  for (const name of ["services", "serviceInstance"]) fake.fault(name, { refuse: "Not Authorized" });
  const shownLater = { ...context.railway.clock, sleep: async () => void fake.projects.set(...kept) };
  const later = { ...context, railway: { ...context.railway, clock: shownLater } };
  const id = `${place.projectId}/${place.environmentId}/${place.serviceId}`;
  expect(await service.read(id, later, call)).toMatchObject({ inputs: { name: "app" } });
});

test("a service is not replaced for another environment of the same project, where it is the same service", () => {
  const old = { projectId: "p", environmentId: "e", name: "app" };
  const problems = (news: object) => service.check?.({ ...old, ...news }, old).map(({ property }) => property);
  expect(problems({ environmentId: "f" })).toEqual(["environmentId"]);
  expect(problems({ projectId: "q", environmentId: "f" })).toEqual([]);
  expect(problems({ name: "web" })).toEqual([]);
});

test("a service is not imported into an environment that is not its own", async () => {
  const { projectId, serviceId } = await made(context);
  fake.fault("serviceInstance", { refuse: "Not Authorized" }, { refuse: "Not Authorized" });
  await expect(service.read(`${projectId}/elsewhere/${serviceId}`, context, call)).rejects.toThrow("Not Authorized");
});

test("a project without a marker is not made again when the answer was lost: nothing tells whether it is there", async () => {
  fake.fault("projectCreate", "lose");
  await expect(project.create({ name: "shop", description: "" }, context, call)).rejects.toThrow(
    /whether project shop was made is unclear.*import it or delete it/,
  );
  expect(fake.projects.size).toBe(1);
});

test("a service whose create was lost is found by its name, also when the name is said to be taken", async () => {
  const { projectId, environmentId } = (await project.create(projectInputs, context, call)).state;
  fake.fault("serviceCreate", "lose");
  await service.create({ projectId, environmentId, name: "app" }, context, call);
  fake.fault("serviceCreate", { refuse: "A service with this name already exists" });
  await service.create({ projectId, environmentId, name: "app" }, context, call);
  expect(fake.services.size).toBe(1);
});

test("a volume is adopted by its mount path, and service and path are always sent together", async () => {
  const place = await made(context);
  const inputs = { ...place, mountPath: "/data", sizeGB: 5 };
  const first = await volume.create(inputs, context, call);
  const again = await volume.create(inputs, newProcess(fake), call);
  expect(again.id).toBe(first.id);
  const volumeId = first.state.volumeId;
  await volume.update(first.id, first.state, { ...inputs, mountPath: "/elsewhere" }, context, call, inputs);
  expect(fake.volumes.get(volumeId)).toMatchObject({ serviceId: place.serviceId, mountPath: "/elsewhere" });
});

test("a volume that is in the way but not listed yet is waited for and adopted; another refusal fails at once", async () => {
  const place = await made(context);
  const inputs = { ...place, mountPath: "/data" };
  const first = await volume.create(inputs, context, call);
  const unlisted = {
    answer: { environment: { volumeInstances: { edges: [], pageInfo: { hasNextPage: false, endCursor: null } } } },
  };
  fake.fault("volumeInstances", unlisted, unlisted, unlisted, unlisted);
  fake.fault(
    "volumeCreate",
    { refuse: "Service already has a volume mounted" },
    { refuse: "Project has reached its limit of 1 volumes" },
  );
  expect((await volume.create(inputs, newProcess(fake), call)).id).toBe(first.id);
  fake.clock.waits.length = 0;
  await expect(volume.create({ ...inputs, mountPath: "/other" }, newProcess(fake), call)).rejects.toThrow("reached its limit");
  expect(fake.clock.waits).toEqual([]);
});

test("a volume grows and never shrinks, and the plan's larger default is no drift", async () => {
  const place = await made(context);
  const inputs = { ...place, mountPath: "/data", sizeGB: 2 };
  const { id, state } = await volume.create(inputs, context, call);
  expect(fake.volumes.get(state.volumeId)?.sizeMB).toBe(5000);
  expect((await volume.read(id, context, call, { inputs, state }))?.inputs).toEqual(inputs);
  await volume.update(id, state, { ...inputs, sizeGB: 10 }, context, call, inputs);
  expect(fake.volumes.get(state.volumeId)?.sizeMB).toBe(10_000);
  expect(volume.check?.({ ...inputs, sizeGB: 3 }, { ...inputs, sizeGB: 10 })).toHaveLength(1);
});

test("a volume that could not be grown stays in state to be finished", async () => {
  const place = await made(context);
  fake.fault("environmentPatchCommit", { refuse: "Volume limit reached" });
  const failed = volume.create({ ...place, mountPath: "/data", sizeGB: 50 }, context, call);
  const error = await failed.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Unfinished);
  expect(fake.volumes.size).toBe(1);
});

test("import by id alone brings a volume's inputs", async () => {
  const place = await made(context);
  const { id } = await volume.create({ ...place, mountPath: "/data" }, context, call);
  expect((await volume.read(id, context, call))?.inputs).toEqual({
    ...{ ...place, mountPath: "/data", sizeGB: 5 },
    ...{ region: "us-west2", backupSchedules: [] },
  });
});

test("only own variables are managed: others stay, drift of own ones shows, removed ones go without a deployment", async () => {
  const place = await made(context);
  const inputs = { ...place, variables: { A: "1", B: "2" } };
  const { id, state } = await variableCollection.create(inputs, context, call);
  fake.variables.set(place.serviceId, { A: "changed by hand", B: "2", THEIRS: "x" });
  const seen = await variableCollection.read(id, context, call, { inputs, state });
  expect(seen?.inputs.variables).toEqual({ A: "changed by hand", B: "2" });
  await variableCollection.update(id, state, { ...place, variables: { A: "3" } }, context, call, inputs);
  expect(fake.variables.get(place.serviceId)).toEqual({ A: "3", THEIRS: "x" });
  expect(fake.deployments.size).toBe(0);
});

test("a mutation that answers false is an error", async () => {
  const place = await made(context);
  fake.fault("variableCollectionUpsert", "false");
  await expect(variableCollection.create({ ...place, variables: { A: "1" } }, context, call)).rejects.toThrow("answered false");
});

test("an instance is deployed exactly once, with the health check that Railway refuses before the first deployment", async () => {
  const place = await made(context);
  await serviceInstance.create(instanceInputs(place), context, call);
  expect(fake.deployments.size).toBe(1);
  expect(fake.instances.get(place.serviceId)).toMatchObject({
    source: { image: "app@sha256:1" },
    healthcheckPath: "/health",
    sleepApplication: true,
    multiRegionConfig: { "us-west2": { numReplicas: 1 } },
    limits: { containers: { cpu: 2, memoryBytes: 1e9 } },
  });
});

test("what Railway refused to one new service is not asked of it for the next one", async () => {
  const { projectId, environmentId } = await made(context);
  const savesFor = async (name: string) => {
    const { state } = await service.create({ projectId, environmentId, name }, context, call);
    const place = { projectId, environmentId, serviceId: state.serviceId };
    const before = fake.calls.length;
    await serviceInstance.create(instanceInputs(place), context, call);
    expect(fake.instances.get(place.serviceId)?.healthcheckPath).toBe("/health");
    return fake.calls.slice(before).filter((name) => name === "serviceInstanceUpdate").length;
  };
  expect([await savesFor("one"), await savesFor("two")]).toEqual([3, 2]);
});

test("a lost answer to the deployment is recognised instead of deploying twice", async () => {
  const place = await made(context);
  fake.fault("serviceInstanceDeployV2", "lose");
  const { state } = await serviceInstance.create(instanceInputs(place), context, call);
  expect([...fake.deployments.keys()]).toEqual([state.deploymentId]);
});

test("changed triggers alone make one deployment and change no setting; SLEEPING counts as up", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  const { id, state } = await serviceInstance.create(inputs, context, call);
  fake.outcomes.push("SLEEPING");
  const news = { ...inputs, triggers: { configuration: "2" } };
  const updated = await serviceInstance.update(id, state, news, context, call, inputs);
  expect(fake.deployments.size).toBe(2);
  expect(updated.deploymentId).not.toBe(state.deploymentId);
});

test("a failed deployment leaves the instance in state, and the next run deploys again", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  fake.outcomes.push("CRASHED");
  const error = await serviceInstance.create(inputs, context, call).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Unfinished);
  if (!(error instanceof Unfinished)) return;
  expect(error.message).toContain("CRASHED");
  const state = { ...inputs, deploymentId: String(error.state.deploymentId), publicAddresses: [] };
  const repaired = await serviceInstance.update(error.id, state, inputs, context, call, inputs);
  expect(fake.deployments.get(repaired.deploymentId)?.status).toBe("SUCCESS");
  expect(fake.instances.get(place.serviceId)?.healthcheckPath).toBe("/health");
});

test("what is to stop stops altogether: also the deployment that goes on while a newer one failed", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  const { id, state } = await serviceInstance.create(inputs, context, call);
  fake.outcomes.push("FAILED");
  const news = { ...inputs, image: "app@sha256:2" };
  await expect(serviceInstance.update(id, state, news, context, call, inputs)).rejects.toThrow("FAILED");
  await serviceInstance.update(id, state, { ...news, running: false }, context, call, news);
  expect(fake.deployments.get(state.deploymentId)?.deploymentStopped).toBe(true);
});

test("what is to stop stops although Railway refuses something else of the same change", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  const { id, state } = await serviceInstance.create(inputs, context, call);
  fake.fault("serviceInstanceLimitsUpdate", { refuse: "Memory must be at most 8 GB on this plan" });
  const stopped = { ...inputs, running: false, memoryGB: 1000 };
  await expect(serviceInstance.update(id, state, stopped, context, call, inputs)).rejects.toThrow("at most 8 GB");
  expect(fake.deployments.get(state.deploymentId)?.deploymentStopped).toBe(true);
});

test("a change of the public address alone does not hide that the last deployment never came up", async () => {
  const place = await made(context);
  const { publicAddress: _, ...inputs } = instanceInputs(place);
  fake.outcomes.push("FAILED");
  const error = await serviceInstance.create(inputs, context, call).catch((thrown) => thrown);
  const state = { ...inputs, deploymentId: String(error.state.deploymentId) };
  const closed = { ...inputs, publicAddress: "forbid" as const };
  const healed = await serviceInstance.update(error.id, state, closed, context, call, inputs);
  expect(fake.deployments.get(healed.deploymentId)?.status).toBe("SUCCESS");
});

test("a deployment stuck in INITIALIZING is freed by another one", async () => {
  const place = await made(context);
  fake.outcomes.push("INITIALIZING");
  const { state } = await serviceInstance.create(instanceInputs(place), context, call);
  expect(fake.deployments.get(state.deploymentId)?.status).toBe("SUCCESS");
  expect(fake.deployments.size).toBe(2);
});

test("a read that fails is never gone, and deleting what is gone is done", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  const { id, state } = await serviceInstance.create(inputs, context, call);
  const refused = { refuse: "Problem processing request" };
  fake.fault("serviceInstance", refused, refused);
  await expect(serviceInstance.read(id, context, call, { inputs, state })).rejects.toThrow("Problem processing request");
  fake.services.delete(place.serviceId);
  expect(await serviceInstance.read(id, context, call, { inputs, state })).toBeUndefined();
  await serviceInstance.delete(id, state, context, call);
  await service.delete(id, { ...place, name: "app" }, context, call);
});

test("a project with two services stays within 22 calls on create and 8 on refresh", async () => {
  const app = await made(context);
  const { projectId, environmentId } = app;
  const projectState = { ...projectInputs, projectId, environmentId, workspaceId: "w1" };
  const tunnel = {
    projectId,
    environmentId,
    serviceId: (await service.create({ projectId, environmentId, name: "tunnel" }, context, call)).state.serviceId,
  };
  const disk = await volume.create({ ...app, mountPath: "/data", sizeGB: 5 }, context, call);
  const appVariables = await variableCollection.create({ ...app, variables: { A: "1" } }, context, call);
  const tunnelVariables = await variableCollection.create({ ...tunnel, variables: { A: "1" } }, context, call);
  const appInstance = await serviceInstance.create(instanceInputs(app), context, call);
  const tunnelInstance = await serviceInstance.create(instanceInputs(tunnel), context, call);
  expect(fake.calls.filter((name) => name !== "deployment").length).toBeLessThanOrEqual(22);

  fake.calls.length = 0;
  await project.read(projectId, context, call, { inputs: projectInputs, state: projectState });
  for (const { serviceId } of [app, tunnel]) {
    const inputs = { projectId, environmentId, name: "one" };
    await service.read(`${projectId}/${environmentId}/${serviceId}`, context, call, { inputs, state: { ...inputs, serviceId } });
  }
  await volume.read(disk.id, context, call, { inputs: { ...app, mountPath: "/data", sizeGB: 5 }, state: disk.state });
  for (const one of [appVariables, tunnelVariables])
    await variableCollection.read(one.id, context, call, { inputs: one.state, state: one.state });
  for (const one of [appInstance, tunnelInstance])
    await serviceInstance.read(one.id, context, call, { inputs: one.state, state: one.state });
  expect(fake.calls).toHaveLength(8);
  expect(mutations()).toEqual([]);
});
