import { afterEach, beforeEach, expect, test } from "vitest";
import { Unfinished } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import { type FakeRailway, startFakeRailway } from "./fake-railway.ts";
import { call, instanceInputs, made, newProcess } from "./scene.ts";
import { service } from "./service.ts";
import { serviceInstance } from "./service-instance.ts";
import { volume } from "./volume.ts";
import { volumeBackup } from "./volume-backup.ts";

let fake: FakeRailway;
let context: RailwayContext;
beforeEach(async () => {
  fake = await startFakeRailway();
  context = newProcess(fake);
});
afterEach(() => fake.close());

async function mounted() {
  const app = await made(context);
  const inputs = { ...app, mountPath: "/data", sizeGB: 5 };
  const { id, state } = await volume.create(inputs, context, call);
  return { app, inputs, id, state };
}

test("a volume is taken off its service only after what runs there was stopped, and outlives the service", async () => {
  const { app, inputs, id, state } = await mounted();
  await serviceInstance.create(instanceInputs(app), context, call);
  fake.calls.length = 0;
  const { serviceId: _gone, ...detached } = inputs;
  const off = await volume.update(id, state, detached, context, call, inputs);
  expect(fake.calls.filter((name) => /Stop|volumeInstanceUpdate/.test(name))).toEqual(["deploymentStop", "volumeInstanceUpdate"]);
  expect(fake.volumes.get(state.volumeId)).toMatchObject({ serviceId: null, mountPath: "/data" });
  expect(off.revision).toBe(state.revision + 1);
  expect((await volume.read(id, context, call, { inputs: detached, state: off }))?.inputs).toEqual(detached);
  await service.delete(`${app.projectId}/${app.environmentId}/${app.serviceId}`, { ...app, name: "app" }, context, call);
  expect(fake.volumes.size).toBe(1);
});

test("a volume that lies on no service is mounted on a new one, the same volume under the same id", async () => {
  const { app, inputs, id, state } = await mounted();
  const { serviceId: _gone, ...detached } = inputs;
  const off = await volume.update(id, state, detached, context, call, inputs);
  const next = await service.create({ projectId: app.projectId, environmentId: app.environmentId, name: "next" }, context, call);
  const again = { ...inputs, serviceId: next.state.serviceId };
  const back = await volume.update(id, off, again, context, call, detached);
  expect(fake.volumes.get(state.volumeId)?.serviceId).toBe(next.state.serviceId);
  expect([back.volumeId, back.volumeInstanceId]).toEqual([state.volumeId, state.volumeInstanceId]);
  expect((await volume.read(id, context, call, { inputs: again, state: back }))?.inputs).toEqual(again);
});

test("growing a volume starts nothing that was stopped, not even for a moment, and stops nothing that runs", async () => {
  const { app, inputs, id, state } = await mounted();
  const running = instanceInputs(app);
  const instance = await serviceInstance.create(running, context, call);
  context = newProcess(fake);
  const grow = async (sizeGB: number) => {
    await volume.update(id, state, { ...inputs, sizeGB }, context, call, inputs);
    return [...fake.deployments.values()].at(-1)?.deploymentStopped;
  };
  expect(await grow(10)).toBe(false);
  await serviceInstance.update(instance.id, instance.state, { ...running, running: false }, context, call, running);
  const before = fake.deployments.size;
  expect(await grow(20)).toBe(true);
  expect(fake.deployments.size).toBe(before);
});

test("what a killed run did counts as a write in the next one, so that triggers hear of it", async () => {
  const { app, inputs, id, state } = await mounted();
  const { projectId, environmentId } = app;
  const next = await service.create({ projectId, environmentId, name: "next" }, context, call);
  for (const news of [{ sizeGB: 10 }, { mountPath: "/elsewhere" }, { serviceId: next.state.serviceId }]) {
    const wanted = { ...inputs, ...news };
    await volume.update(id, state, wanted, newProcess(fake), call, inputs);
    const healed = await volume.update(id, state, wanted, newProcess(fake), call, inputs);
    expect([news, healed.revision]).toEqual([news, state.revision + 1]);
    await volume.update(id, state, inputs, newProcess(fake), call, wanted);
  }
});

test("a size that the volume has by itself is no write", async () => {
  const { app, id, state } = await mounted();
  const small = { ...app, mountPath: "/data", sizeGB: 2 };
  expect((await volume.update(id, state, { ...small, sizeGB: 3 }, context, call, small)).revision).toBe(state.revision);
});

test("a size that Railway refuses is not taken for the volume's, so that a smaller one may follow", async () => {
  const { app, inputs, id, state } = await mounted();
  fake.unfit.push("Volume size is limited", "Volume size is limited");
  const failed = await volume.update(id, state, { ...inputs, sizeGB: 5000 }, context, call, inputs).catch((error) => error);
  expect([failed.message, failed instanceof Unfinished]).toEqual([expect.stringContaining("is limited"), false]);
  const huge = { ...app, mountPath: "/other", sizeGB: 5000 };
  const unmade = await volume.create(huge, newProcess(fake), call).catch((error) => error);
  expect(unmade).toBeInstanceOf(Unfinished);
  expect([unmade.inputs, unmade.state.sizeGB]).toEqual([{ ...app, mountPath: "/other" }, undefined]);
});

test("a volume that another service has is not taken from it, whatever its mount path", async () => {
  const { app, inputs, state } = await mounted();
  const { projectId, environmentId } = app;
  const next = await service.create({ projectId, environmentId, name: "next" }, context, call);
  const made = await volume.create({ ...inputs, serviceId: next.state.serviceId }, newProcess(fake), call);
  expect(made.state.volumeId).not.toBe(state.volumeId);
  expect(fake.volumes.get(state.volumeId)?.serviceId).toBe(app.serviceId);
});

test("a volume that moves to another service is taken from the old one only after what runs there was stopped", async () => {
  const { app, inputs, id, state } = await mounted();
  await serviceInstance.create(instanceInputs(app), context, call);
  const { projectId, environmentId } = app;
  const next = await service.create({ projectId, environmentId, name: "next" }, context, call);
  fake.calls.length = 0;
  await volume.update(id, state, { ...inputs, serviceId: next.state.serviceId }, context, call, inputs);
  expect(fake.calls.filter((name) => /Stop|volumeInstanceUpdate/.test(name))).toEqual(["deploymentStop", "volumeInstanceUpdate"]);
});

const wanted = (state: { projectId: string; environmentId: string; volumeInstanceId: string }) => ({
  projectId: state.projectId,
  environmentId: state.environmentId,
  volumeInstanceId: state.volumeInstanceId,
  name: "app:test:1 offboarding",
});

test("a backup is locked, found again by its id, and one whose answer was lost is not made twice", async () => {
  const inputs = wanted((await mounted()).state);
  fake.fault("volumeInstanceBackupCreate", "lose");
  const { id, state } = await volumeBackup.create(inputs, context, call);
  expect([...fake.backups.values()]).toEqual([expect.objectContaining({ id: state.backupId, expiresAt: null })]);
  expect((await volumeBackup.create(inputs, newProcess(fake), call)).id).toBe(id);
  expect(fake.backups.size).toBe(1);
  expect(await volumeBackup.read(id, context, call)).toEqual({ id, inputs, state });
  await volumeBackup.delete(id, state, context, call);
  await volumeBackup.delete(id, state, context, call);
  expect(fake.backups.size).toBe(0);
  expect(await volumeBackup.read(id, context, call)).toBeUndefined();
});

test("of a backup that a killed run began and the next one made again, the newest stays", async () => {
  const inputs = wanted((await mounted()).state);
  await volumeBackup.create(inputs, context, call);
  fake.fault("volumeInstanceBackupList", { answer: { volumeInstanceBackupList: [] } });
  const { state } = await volumeBackup.create(inputs, newProcess(fake), call);
  expect([...fake.backups.keys()]).toEqual([state.backupId]);
});

test("a backup whose volume somebody deleted is gone; one that cannot be seen is not", async () => {
  const inputs = wanted((await mounted()).state);
  const { id, state } = await volumeBackup.create(inputs, context, call);
  const hidden = { refuse: "Not Authorized" };
  fake.fault("volumeInstanceBackupList", hidden, hidden, hidden);
  await expect(volumeBackup.read(id, context, call)).rejects.toThrow("Not Authorized");
  fake.volumes.clear();
  expect(await volumeBackup.read(id, context, call)).toBeUndefined();
  await volumeBackup.delete(id, state, context, call);
});

test("an older backup of the same name is a person's and stays", async () => {
  const inputs = wanted((await mounted()).state);
  const { state } = await volumeBackup.create(inputs, context, call);
  fake.backups.set("theirs", { ...fake.backups.get(state.backupId), id: "theirs", createdAt: "2026-11-20T10:00:00.000Z" });
  await volumeBackup.create(inputs, newProcess(fake), call);
  expect([...fake.backups.keys()].sort()).toEqual([state.backupId, "theirs"].sort());
});

test("a backup that Railway cannot make fails with Railway's words", async () => {
  const inputs = wanted((await mounted()).state);
  const error = "Manual backups are limited to 50% of the volume's size";
  fake.fault("workflowStatus", { answer: { workflowStatus: { status: "Error", error } } });
  await expect(volumeBackup.create(inputs, context, call)).rejects.toThrow(error);
});
