import { expect, test } from "vitest";
import { bench, type Instance } from "./testbench.ts";

type Bench = ReturnType<typeof bench>;
type Row = {
  id: string;
  volumeId: string;
  serviceId: string | null;
  mountPath: string;
  sizeMB: number;
  isPendingDeletion: boolean;
  deletedAt: string | null;
  state: string;
};

const create = ({ ask }: Bench, input: object) =>
  ask<{ id: string }>("mutation ($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }", { input });
const list = async ({ ask }: Bench, environmentId: string) =>
  (
    await ask<{ volumeInstances: { edges: { node: Row }[] } }>(
      `query { environment(id: "${environmentId}") { volumeInstances { edges { node { id volumeId serviceId mountPath sizeMB isPendingDeletion deletedAt state } } } } }`,
    )
  ).volumeInstances.edges.map((edge) => edge.node);
const place = ({ projectId, environmentId, serviceId }: Instance) => ({
  projectId,
  environmentId,
  serviceId,
  mountPath: "/data",
});

async function mounted() {
  const world = bench();
  const app = await world.running(await world.project(), "app", {});
  const { id } = await create(world, place(app));
  world.advance(8_000);
  const [row] = await list(world, app.environmentId);
  if (!row) throw new Error("the volume did not appear");
  return { ...world, world, app, volumeId: id, row };
}

test("a volume's instance appears seconds later, or with the tail's probability up to 90 s later", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  world.railway.configure?.({ volumeLagTailProbability: 1 });
  const { id } = await create(world, place(app));
  const update = `mutation { volumeInstanceUpdate(volumeId: "${id}", environmentId: "${app.environmentId}", input: { serviceId: "${app.serviceId}" }) }`;
  world.advance(27_000);
  expect(await list(world, app.environmentId)).toEqual([]);
  await expect(world.ask(update)).rejects.toThrow("VolumeInstance not found");
  world.advance(63_000);
  expect(await list(world, app.environmentId)).toMatchObject([{ mountPath: "/data", state: "READY" }]);
});

test("one volume a service, volumes per project by plan, a cooldown between two", async () => {
  const world = bench({ workspace: { id: "w", name: "w", plan: "FREE" } });
  world.railway.seed({
    projects: [{ id: "p", name: "p" }],
    environments: [{ id: "e", projectId: "p" }],
    services: [{ id: "s", projectId: "p", name: "app" }],
  });
  const input = { projectId: "p", environmentId: "e", mountPath: "/data" };
  await create(world, input);
  await expect(create(world, input)).rejects.toThrow("limit of 1 volumes");
  const pro = bench();
  const app = await pro.service(await pro.project());
  await create(pro, place(app));
  await expect(create(pro, place(app))).rejects.toThrow("already has a volume");
  await expect(create(pro, { ...place(app), serviceId: undefined })).rejects.toThrow("creating volumes too quickly");
});

test("volumeInstanceUpdate without a service detaches; without a path it keeps the path", async () => {
  const { ask, world, app, volumeId } = await mounted();
  const update = (input: string) =>
    ask<boolean>(
      `mutation { volumeInstanceUpdate(volumeId: "${volumeId}", environmentId: "${app.environmentId}", input: ${input}) }`,
    );
  await update('{ mountPath: "/other" }');
  expect(await list(world, app.environmentId)).toMatchObject([{ serviceId: null, mountPath: "/other" }]);
  await update(`{ serviceId: "${app.serviceId}" }`);
  expect(await list(world, app.environmentId)).toMatchObject([{ serviceId: app.serviceId, mountPath: "/other" }]);
});

test("volumeCreate with environmentId left out makes no instance, or one in every environment, by the setting", async () => {
  for (const [setting, count] of [
    ["none", 0],
    ["all", 1],
  ] as const) {
    const world = bench();
    const app = await world.service(await world.project());
    world.railway.configure?.({ volumeCreateWithoutEnvironment: setting });
    await create(world, { projectId: app.projectId, mountPath: "/data" });
    world.advance(8_000);
    expect(await list(world, app.environmentId)).toHaveLength(count);
  }
});

test("deleting is soft for 48 hours: listed with a future deletedAt, then gone", async () => {
  const { ask, world, app, volumeId, advance, clock } = await mounted();
  await ask(`mutation { volumeDelete(volumeId: "${volumeId}") }`);
  const [row] = await list(world, app.environmentId);
  expect(row).toMatchObject({ isPendingDeletion: true, state: "DELETING" });
  expect(Date.parse(row?.deletedAt ?? "") - clock.atMs).toBe(48 * 3_600_000);
  advance(48 * 3_600_000);
  expect(await list(world, app.environmentId)).toEqual([]);
});

test("a volume grows by patch only, never shrinks, and growing may deploy by itself", async () => {
  const { ask, world, app, volumeId, advance } = await mounted();
  const commit = async (sizeMB: number) => {
    const path = await ask<string>(
      "mutation ($e: String!, $p: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $p) }",
      { e: app.environmentId, p: { volumes: { [volumeId]: { sizeMB } } } },
    );
    advance(4_000);
    return ask<{ status: string; lastAppliedError: string | null }>(
      `query { environmentPatch(id: "${path.split("/").at(-1)}") { status lastAppliedError } }`,
    );
  };
  expect(await commit(60_000)).toEqual({ status: "COMMITTED", lastAppliedError: null });
  expect(await list(world, app.environmentId)).toMatchObject([{ sizeMB: 60_000, state: "UPDATING" }]);
  expect(world.railway.state().deployments).toHaveLength(2);
  advance(5_000);
  expect(await list(world, app.environmentId)).toMatchObject([{ state: "READY" }]);
  expect((await commit(10_000)).lastAppliedError).toContain("cannot shrink");
  expect((await commit(2_000_000)).lastAppliedError).toContain("limited to 1000000 MB");
  expect(await list(world, app.environmentId)).toMatchObject([{ sizeMB: 60_000 }]);
});

test("a service with a volume has no replicas, and its deployments do not overlap", async () => {
  const { world, app, update, deploy, advance, status } = await mounted();
  await expect(update(app, { numReplicas: 2 })).rejects.toThrow("cannot have replicas");
  const next = await deploy(app);
  advance(21_000);
  expect([await status(app.deploymentId), await status(next)]).toEqual(["REMOVED", "DEPLOYING"]);
  expect(world.railway.traffic(app.serviceId, app.environmentId, world.clock.atMs).status).toBe("refused");
  advance(20_000);
  expect(world.railway.traffic(app.serviceId, app.environmentId, world.clock.atMs).status).toBe("awake");
});

test("backups are workflows: made, listed, locked, restored, deleted", async () => {
  const { ask, advance, row } = await mounted();
  const instance = `volumeInstanceId: "${row.id}"`;
  const work = async (call: string) => {
    const { workflowId } = await ask<{ workflowId: string }>(`mutation { ${call} { workflowId } }`);
    const state = () =>
      ask<{ status: string; error: string | null }>(`query { workflowStatus(workflowId: "${workflowId}") { status error } }`);
    expect(await state()).toEqual({ status: "Running", error: null });
    advance(12_000);
    return state();
  };
  const backups = () =>
    ask<{ id: string; name: string; expiresAt: string | null }[]>(
      `query { volumeInstanceBackupList(${instance}) { id name expiresAt } }`,
    );
  expect(await work(`volumeInstanceBackupCreate(${instance})`)).toEqual({ status: "Complete", error: null });
  const [made] = await backups();
  expect(made).toMatchObject({ name: "Manual", expiresAt: null });
  const both = `${instance}, volumeInstanceBackupId: "${made?.id}"`;
  expect(await ask(`mutation { volumeInstanceBackupLock(${both}) }`)).toBe(true);
  expect(await work(`volumeInstanceBackupRestore(${both})`)).toMatchObject({ status: "Complete" });
  expect(await work(`volumeInstanceBackupDelete(${both})`)).toMatchObject({ status: "Complete" });
  expect(await backups()).toEqual([]);
  expect(await ask('query { workflowStatus(workflowId: "nothing") { status } }')).toEqual({ status: "NotFound" });
});

test("a manual backup of more than half the volume's size ends in an error", async () => {
  const { ask, advance, railway, row } = await mounted();
  railway.restore(JSON.parse(JSON.stringify(railway.snapshot()).replace(/"currentSizeMB":[\d.]+/, '"currentSizeMB":30000')));
  const { workflowId } = await ask<{ workflowId: string }>(
    `mutation { volumeInstanceBackupCreate(volumeInstanceId: "${row.id}") { workflowId } }`,
  );
  advance(12_000);
  expect(await ask(`query { workflowStatus(workflowId: "${workflowId}") { status error } }`)).toEqual({
    status: "Error",
    error: expect.stringContaining("50%"),
  });
});

test("scheduled backups are kept for 6 days when daily; switching the kind off makes no more", async () => {
  const { ask, advance, row } = await mounted();
  const instance = `volumeInstanceId: "${row.id}"`;
  const set = (kinds: string) => ask(`mutation { volumeInstanceBackupScheduleUpdate(${instance}, kinds: [${kinds}]) }`);
  const count = async () => (await ask<unknown[]>(`query { volumeInstanceBackupList(${instance}) { id } }`)).length;
  await set("DAILY");
  expect(await ask(`query { volumeInstanceBackupScheduleList(${instance}) { kind retentionSeconds } }`)).toEqual([
    { kind: "DAILY", retentionSeconds: 518_400 },
  ]);
  advance(10 * 86_400_000);
  expect(await count()).toBe(6);
  await set("");
  advance(7 * 86_400_000);
  expect(await count()).toBe(0);
});

test("growing shows as UPDATING until it is done", async () => {
  const { ask, advance, world, app, volumeId } = await mounted();
  await ask("mutation ($e: String!, $patch: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $patch) }", {
    e: app.environmentId,
    patch: { volumes: { [volumeId]: { sizeMB: 60_000 } } },
  });
  advance(4_000);
  expect(await list(world, app.environmentId)).toMatchObject([{ state: "UPDATING", sizeMB: 60_000 }]);
  advance(5_000);
  expect(await list(world, app.environmentId)).toMatchObject([{ state: "READY" }]);
});

test("environmentId left out of volumeInstanceUpdate updates the volume's instances in every environment", async () => {
  const world = bench();
  const place = await world.project();
  world.advance(30_000);
  await world.ask("mutation ($input: EnvironmentCreateInput!) { environmentCreate(input: $input) { id } }", {
    input: { projectId: place.projectId, name: "second" },
  });
  const app = await world.service(place);
  world.railway.configure?.({ volumeCreateWithoutEnvironment: "all" });
  const { id } = await create(world, { projectId: app.projectId, serviceId: app.serviceId, mountPath: "/data" });
  world.advance(8_000);
  const update = (where: string, path: string) =>
    world.ask(
      `mutation { volumeInstanceUpdate(volumeId: "${id}"${where}, input: { serviceId: "${app.serviceId}", mountPath: "${path}" }) }`,
    );
  const paths = () => (world.railway.state().volumeInstances as Row[]).map(({ mountPath }) => mountPath);
  await update(`, environmentId: "${app.environmentId}"`, "/one");
  expect(paths().sort()).toEqual(["/data", "/one"]);
  await update("", "/all");
  expect(paths()).toEqual(["/all", "/all"]);
});

test("a backup goes back into its own environment only, and wiping a volume takes its backups along", async () => {
  const { ask, advance, world, app, row } = await mounted();
  const start = async (call: string) => {
    await ask(`mutation { ${call} { workflowId } }`);
    advance(12_000);
  };
  await start(`volumeInstanceBackupCreate(volumeInstanceId: "${row.id}")`);
  const backups = async (id: string) =>
    ask<{ id: string }[]>(`query { volumeInstanceBackupList(volumeInstanceId: "${id}") { id } }`);
  const [made] = await backups(row.id);

  advance(30_000);
  const foreign = await world.service(await world.project("other"));
  await create(world, place(foreign));
  advance(8_000);
  const [elsewhere] = await list(world, foreign.environmentId);
  await expect(
    start(`volumeInstanceBackupRestore(volumeInstanceId: "${elsewhere?.id}", volumeInstanceBackupId: "${made?.id}")`),
  ).rejects.toThrow("Not Authorized");

  const beside = await world.service(app, "beside");
  await create(world, { ...place(beside), mountPath: "/other" });
  advance(8_000);
  const second = (await list(world, app.environmentId)).find(({ serviceId }) => serviceId === beside.serviceId);
  await start(`volumeInstanceBackupCreate(volumeInstanceId: "${second?.id}")`);
  await start(
    `volumeInstanceBackupRestore(volumeInstanceId: "${row.id}", volumeInstanceBackupId: "${made?.id}", wipeServiceIds: ["${beside.serviceId}"])`,
  );
  expect(await backups(row.id)).toHaveLength(1);
  expect(await backups(second?.id ?? "")).toEqual([]);
});

test.each([
  ["WEEKLY", 7, 30],
  ["MONTHLY", 30, 90],
])("%s backups come every %i days and are kept for %i", async (kind, everyDays, keptDays) => {
  const { ask, advance, row } = await mounted();
  await ask(`mutation { volumeInstanceBackupScheduleUpdate(volumeInstanceId: "${row.id}", kinds: [${kind}]) }`);
  const dates = async () =>
    (
      await ask<{ createdAt: string; expiresAt: string }[]>(
        `query { volumeInstanceBackupList(volumeInstanceId: "${row.id}") { createdAt expiresAt } }`,
      )
    ).map(({ createdAt, expiresAt }) => [Date.parse(createdAt) / 86_400_000, Date.parse(expiresAt) / 86_400_000] as const);
  advance(200 * 86_400_000);
  const kept = await dates();
  expect(kept.length).toBeGreaterThanOrEqual(2);
  for (const [created = 0, expires = 0] of kept) expect(expires - created).toBeCloseTo(keptDays, 0);
  expect((kept[1]?.[0] ?? 0) - (kept[0]?.[0] ?? 0)).toBeCloseTo(everyDays, 0);
});
