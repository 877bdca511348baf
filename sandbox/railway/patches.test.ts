import { expect, test } from "vitest";
import { bench, type Instance } from "./testbench.ts";

type Bench = ReturnType<typeof bench>;
const commit = ({ ask }: Bench, app: Instance, patch: object) =>
  ask<string>("mutation ($e: String!, $p: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $p) }", {
    e: app.environmentId,
    p: patch,
  });
const read = ({ ask }: Bench, path: string) =>
  ask<{ status: string; lastAppliedError: string | null }>(
    `query { environmentPatch(id: "${path.split("/").at(-1)}") { status lastAppliedError } }`,
  );
const environment = ({ ask }: Bench, app: Instance) =>
  ask<{ config: { services: Record<string, Record<string, unknown>> }; configEtag: string; unmergedChangesCount: number }>(
    `query { environment(id: "${app.environmentId}") { config(decryptVariables: true) configEtag unmergedChangesCount } }`,
  );
const count = ({ railway }: Bench, serviceId: string) =>
  (railway.state().deployments as { serviceId: string }[]).filter((row) => row.serviceId === serviceId).length;

async function two() {
  const world = bench();
  const place = await world.project();
  return { world, app: await world.running(place, "app", {}), other: await world.running(place, "other", {}) };
}

test("a commit answers a path at once and is applied a moment later; exactly the changed services deploy", async () => {
  const { world, app, other } = await two();
  const path = await commit(world, app, { services: { [app.serviceId]: { deploy: { sleepApplication: true } } } });
  expect(path).toContain("/");
  expect(await read(world, path)).toEqual({ status: "APPLYING", lastAppliedError: null });
  world.advance(4_000);
  expect(await read(world, path)).toEqual({ status: "COMMITTED", lastAppliedError: null });
  expect([count(world, app.serviceId), count(world, other.serviceId)]).toEqual([2, 1]);
});

test("a patch that changes nothing deploys nothing", async () => {
  const { world, app } = await two();
  const path = await commit(world, app, { services: { [app.serviceId]: { source: { image: "ghcr.io/ai-diy/app@sha256:1" } } } });
  world.advance(4_000);
  expect((await read(world, path)).status).toBe("COMMITTED");
  expect(count(world, app.serviceId)).toBe(1);
});

test("null in a patch deletes the key", async () => {
  const { world, app } = await two();
  await commit(world, app, {
    services: { [app.serviceId]: { deploy: { startCommand: "serve" }, variables: { A: { value: "1" } } } },
  });
  world.advance(4_000);
  expect((await environment(world, app)).config.services[app.serviceId]).toMatchObject({
    deploy: { startCommand: "serve" },
    variables: { A: { value: "1" } },
  });
  await commit(world, app, { services: { [app.serviceId]: { deploy: { startCommand: null }, variables: { A: null } } } });
  world.advance(4_000);
  const config = (await environment(world, app)).config.services[app.serviceId];
  expect(config?.deploy).not.toHaveProperty("startCommand");
  expect(config).not.toHaveProperty("variables");
});

test("what cannot be applied shows in lastAppliedError and changes nothing", async () => {
  const { world, app } = await two();
  const before = (await environment(world, app)).configEtag;
  const path = await commit(world, app, { services: { absent: {}, [app.serviceId]: { deploy: { startCommand: "x" } } } });
  world.advance(4_000);
  expect(await read(world, path)).toMatchObject({ status: "STAGED", lastAppliedError: expect.stringContaining("absent") });
  expect((await environment(world, app)).configEtag).toBe(before);
});

test("configEtag changes with the config and only with it", async () => {
  const { world, app } = await two();
  const before = (await environment(world, app)).configEtag;
  world.minutes(60);
  expect((await environment(world, app)).configEtag).toBe(before);
  await world.update(app, { startCommand: "serve" });
  expect((await environment(world, app)).configEtag).not.toBe(before);
});

test("a person's staged changes are counted, and are mixed in, refused or left apart by the setting", async () => {
  for (const stagedByOthers of ["mixed", "refused", "apart"] as const) {
    const { world, app } = await two();
    world.railway.configure?.({
      stagedByOthers,
      stagedByPerson: {
        environmentId: app.environmentId,
        patch: { services: { [app.serviceId]: { deploy: { startCommand: "theirs" } } } },
      },
    });
    expect((await environment(world, app)).unmergedChangesCount).toBe(1);
    const ours = commit(world, app, { services: { [app.serviceId]: { deploy: { healthcheckTimeout: 5 } } } });
    if (stagedByOthers === "refused") {
      await expect(ours).rejects.toThrow("staged changes");
      continue;
    }
    await ours;
    world.advance(4_000);
    const after = await environment(world, app);
    expect(after.unmergedChangesCount).toBe(stagedByOthers === "mixed" ? 0 : 1);
    expect(after.config.services[app.serviceId]?.deploy).toMatchObject({
      healthcheckTimeout: 5,
      ...(stagedByOthers === "mixed" ? { startCommand: "theirs" } : {}),
    });
  }
});

test("staged changes are merged or replaced, committed without deploying when asked, and empty when there are none", async () => {
  const { world, app } = await two();
  const stage = (change: object, merge: boolean) =>
    world.ask(
      "mutation ($e: String!, $i: EnvironmentConfig!, $m: Boolean) { environmentStageChanges(environmentId: $e, input: $i, merge: $m) { status } }",
      { e: app.environmentId, i: { services: { [app.serviceId]: { deploy: change } } }, m: merge },
    );
  const staged = () =>
    world.ask<{ patch: object; status: string }>(
      `query { environmentStagedChanges(environmentId: "${app.environmentId}") { patch status } }`,
    );
  expect(await staged()).toEqual({ patch: {}, status: "STAGED" });
  await stage({ startCommand: "a" }, false);
  await stage({ healthcheckTimeout: 5 }, true);
  expect(await staged()).toMatchObject({
    patch: { services: { [app.serviceId]: { deploy: { startCommand: "a", healthcheckTimeout: 5 } } } },
  });
  await stage({ startCommand: "b" }, false);
  expect(await staged()).toMatchObject({ patch: { services: { [app.serviceId]: { deploy: { startCommand: "b" } } } } });
  await world.ask(`mutation { environmentPatchCommitStaged(environmentId: "${app.environmentId}", skipDeploys: true) }`);
  world.advance(4_000);
  expect((await environment(world, app)).config.services[app.serviceId]?.deploy).toMatchObject({ startCommand: "b" });
  expect(count(world, app.serviceId)).toBe(1);
  expect(await staged()).toEqual({ patch: {}, status: "STAGED" });
});

test("limits and backup schedules can be set by patch", async () => {
  const { world, app } = await two();
  world.railway.configure?.({ volumeLagMs: { min: 0, max: 0 } });
  const { id } = await world.ask<{ id: string }>("mutation ($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }", {
    input: { projectId: app.projectId, environmentId: app.environmentId, serviceId: app.serviceId, mountPath: "/data" },
  });
  await commit(world, app, {
    services: {
      [app.serviceId]: {
        deploy: { limitOverride: { containers: { cpu: 2, memoryBytes: 1e9 } } },
        volumeMounts: { [id]: { mountPath: "/data", backupSchedules: ["DAILY", "WEEKLY"] } },
      },
    },
  });
  world.advance(4_000);
  expect(
    await world.ask(
      `query { serviceInstanceLimitOverride(environmentId: "${app.environmentId}", serviceId: "${app.serviceId}") }`,
    ),
  ).toEqual({ containers: { cpu: 2, memoryBytes: 1e9 } });
  expect((await environment(world, app)).config.services[app.serviceId]?.volumeMounts).toEqual({
    [id]: { mountPath: "/data", backupSchedules: ["DAILY", "WEEKLY"] },
  });
});

test("a patch of the wrong form is refused at once", async () => {
  const { world, app } = await two();
  await expect(commit(world, app, { service: {} })).rejects.toThrow('unknown key "service"');
});

test("what cannot be applied can also be FAILED, as the API has it since later than the published schema", async () => {
  const { railway, ask, project, advance } = bench();
  const { environmentId } = await project();
  railway.configure?.({ failedPatch: "failed" });
  const path = await ask<string>(
    "mutation ($e: String!, $patch: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $patch) }",
    { e: environmentId, patch: { services: { nothing: { deploy: {} } } } },
  );
  advance(4_000);
  const id = path.slice(path.lastIndexOf("/") + 1);
  expect(await ask(`query { environmentPatch(id: "${id}") { status lastAppliedError } }`)).toEqual({
    status: "FAILED",
    lastAppliedError: "Service nothing not found in the environment",
  });
  expect(await ask(`query { environment(id: "${environmentId}") { unmergedChangesCount } }`)).toEqual({
    unmergedChangesCount: 0,
  });
});
