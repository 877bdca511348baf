/** What somebody changes in the dashboard shows after a refresh, and the next update puts it right. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RailwayContext } from "./context.ts";
import { type FakeRailway, startFakeRailway } from "./fake-railway.ts";
import { call, instanceInputs, made, newProcess } from "./scene.ts";
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

test("an instance without outside changes reads back exactly as the program wrote it", async () => {
  const inputs = instanceInputs(await made(context));
  const { id, state } = await serviceInstance.create(inputs, context, call);
  expect(await serviceInstance.read(id, context, call, { inputs, state })).toEqual({ id, inputs, state });
});

test("an address that a person added shows as drift and is removed by the next update, without a deployment", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  const { id, state } = await serviceInstance.create(inputs, context, call);
  fake.serviceDomains.set("d1", { id: "d1", domain: "shop.up.railway.app", serviceId: place.serviceId });
  const seen = await serviceInstance.read(id, context, call, { inputs, state });
  expect(seen?.inputs).toEqual({ ...inputs, publicAddress: "ignore" });
  expect(seen?.state.publicAddresses).toEqual(["shop.up.railway.app"]);
  await serviceInstance.update(id, seen?.state ?? state, inputs, context, call, seen?.inputs ?? inputs);
  expect(fake.serviceDomains.size).toBe(0);
  expect(fake.deployments.size).toBe(1);
});

test("an address that no refresh has seen is removed with whatever else changes", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  const { id, state } = await serviceInstance.create(inputs, context, call);
  fake.serviceDomains.set("d1", { id: "d1", domain: "shop.up.railway.app", serviceId: place.serviceId });
  await serviceInstance.update(id, state, { ...inputs, triggers: { configuration: "2" } }, context, call, inputs);
  expect(fake.serviceDomains.size).toBe(0);
});

test.each([
  ["stopped", { deploymentStopped: true }],
  ["removed", { status: "REMOVED" }],
  ["crashed", { status: "CRASHED" }],
])("a deployment that was %s shows as drift, and the next update makes exactly one new one", async (_, change) => {
  const inputs = instanceInputs(await made(context));
  const { id, state } = await serviceInstance.create(inputs, context, call);
  Object.assign(fake.deployments.get(state.deploymentId) ?? {}, change);
  const seen = await serviceInstance.read(id, context, call, { inputs, state });
  expect(seen?.inputs).toEqual({ ...inputs, running: false });
  const repaired = await serviceInstance.update(id, state, inputs, context, call, seen?.inputs ?? inputs);
  expect([...fake.deployments.keys()]).toEqual([state.deploymentId, repaired.deploymentId]);
  const again = await serviceInstance.read(id, context, call, { inputs, state: repaired });
  expect(again?.inputs).toEqual(inputs);
});

test("an instance that shall not run is stopped without a deployment, and one that shall run again is deployed once", async () => {
  const inputs = instanceInputs(await made(context));
  const { id, state } = await serviceInstance.create(inputs, context, call);
  const halt = { ...inputs, running: false };
  const halted = await serviceInstance.update(id, state, halt, context, call, inputs);
  expect(fake.deployments.get(state.deploymentId)?.deploymentStopped).toBe(true);
  expect(await serviceInstance.read(id, context, call, { inputs: halt, state: halted })).toMatchObject({ inputs: halt });
  await serviceInstance.update(id, halted, inputs, context, call, halt);
  expect(fake.deployments.size).toBe(2);
});

test("what a program does not say of running is left alone", async () => {
  const { running: _, ...inputs } = instanceInputs(await made(context));
  const { id, state } = await serviceInstance.create(inputs, context, call);
  Object.assign(fake.deployments.get(state.deploymentId) ?? {}, { deploymentStopped: true });
  expect((await serviceInstance.read(id, context, call, { inputs, state }))?.inputs).toEqual(inputs);
});

test("settings that a killed run had saved and not deployed are deployed by the next update, although a refresh saw them as wanted", async () => {
  const inputs = instanceInputs(await made(context));
  const { id, state } = await serviceInstance.create(inputs, context, call);
  const news = { ...inputs, image: "app@sha256:2" };
  fake.fault("serviceInstanceDeployV2", { refuse: "Problem with the platform" });
  await expect(serviceInstance.update(id, state, news, context, call, inputs)).rejects.toThrow("Problem");
  const seen = await serviceInstance.read(id, newProcess(fake), call, { inputs, state });
  expect(seen?.inputs).toEqual(news);
  const found = seen?.state ?? state;
  expect([serviceInstance.due?.(found), serviceInstance.due?.(state)]).toEqual(["undeployed", undefined]);
  expect((await serviceInstance.read(id, context, call, { inputs: news, state: found }))?.state).toEqual(found);
  const healed = await serviceInstance.update(id, found, news, newProcess(fake), call, news);
  expect([fake.deployments.size, serviceInstance.due?.(healed)]).toEqual([2, undefined]);
  expect((await serviceInstance.read(id, context, call, { inputs: news, state: healed }))?.state).toEqual(healed);
});

test("a deployment that never came up is still due after a refresh, also where the program says nothing of running", async () => {
  const { running: _, ...inputs } = instanceInputs(await made(context));
  fake.outcomes.push("FAILED");
  const error = await serviceInstance.create(inputs, context, call).catch((thrown) => thrown);
  const state = { ...inputs, deploymentId: String(error.state.deploymentId) };
  const seen = await serviceInstance.read(error.id, newProcess(fake), call, { inputs, state });
  expect(seen && serviceInstance.due?.(seen.state)).toBe("undeployed");
  await serviceInstance.update(error.id, seen?.state ?? state, inputs, newProcess(fake), call, inputs);
  expect([...fake.deployments.values()].map(({ status }) => status)).toEqual(["FAILED", "SUCCESS"]);
});

test("settings that were saved and deployed by somebody, or where nothing runs, are no deployment that is due", async () => {
  const place = await made(context);
  const inputs = instanceInputs(place);
  const { id, state } = await serviceInstance.create(inputs, context, call);
  Object.assign(fake.instances.get(place.serviceId) ?? {}, { source: { image: "app@sha256:2" } });
  Object.assign(fake.deployments.get(state.deploymentId) ?? {}, { deploymentStopped: true });
  expect((await serviceInstance.read(id, context, call, { inputs, state }))?.state.undeployed).toBeUndefined();
  await context.railway.deploy(place, call);
  expect((await serviceInstance.read(id, context, call, { inputs, state }))?.state.undeployed).toBeUndefined();
});

test("each write of variables, a repair too, raises the revision that makes the instance deploy, also one that a read finds", async () => {
  const place = await made(context);
  const inputs = { ...place, variables: { A: "1" } };
  const { id, state } = await variableCollection.create(inputs, context, call);
  fake.variables.set(place.serviceId, { A: "changed by hand" });
  const seen = await variableCollection.read(id, context, call, { inputs, state });
  expect(seen?.state.revision).toBe(state.revision + 1);
  const again = seen && (await variableCollection.read(id, context, call, seen));
  expect(again).toEqual(seen);
  const repaired = await variableCollection.update(id, seen?.state ?? state, inputs, context, call, seen?.inputs ?? inputs);
  expect(fake.variables.get(place.serviceId)).toEqual({ A: "1" });
  expect(repaired.revision).toBe(state.revision + 2);
});

test("a volume that was detached by hand is mounted again and raises its revision; growing it does not", async () => {
  const place = await made(context);
  const inputs = { ...place, mountPath: "/data", sizeGB: 5 };
  const { id, state } = await volume.create(inputs, context, call);
  Object.assign(fake.volumes.get(state.volumeId) ?? {}, { serviceId: null });
  const seen = await volume.read(id, context, call, { inputs, state });
  expect(seen?.inputs.serviceId).toBeUndefined();
  const repaired = await volume.update(id, seen?.state ?? state, inputs, context, call, seen?.inputs ?? inputs);
  expect(fake.volumes.get(state.volumeId)?.serviceId).toBe(place.serviceId);
  expect(repaired.revision).toBe(state.revision + 2);
  const grown = await volume.update(id, repaired, { ...inputs, sizeGB: 10 }, context, call, inputs);
  expect(grown.revision).toBe(repaired.revision);
});
