import { expect, test } from "vitest";
import { sandboxWorkspaceId } from "./railway.ts";
import { bench } from "./testbench.ts";

const create =
  "mutation ($input: ProjectCreateInput!) { projectCreate(input: $input) { id primaryEnvironmentId isTempProject isPublic expiredAt environments { edges { node { id name } } } } }";
const list =
  'query ($deleted: Boolean) { projects(workspaceId: "5a9d0b0c-0000-4000-a000-000000000001", includeDeleted: $deleted) { edges { node { id name deletedAt } } } }';
type List = { edges: { node: { id: string; name: string; deletedAt: string | null } }[] };

test("two projects may bear one name, but not within 30 seconds: the refusal is HTTP 200 and makes nothing", async () => {
  const { send, ask, advance } = bench();
  const input = { name: "acme", workspaceId: sandboxWorkspaceId };
  await ask(create, { input });
  advance(29_000);
  const refused = await send(create, { input });
  expect([refused.status, refused.body.errors?.[0]?.message]).toEqual([
    200,
    expect.stringContaining("creating projects too quickly"),
  ]);
  advance(1_000);
  await ask(create, { input });
  advance(2_000);
  expect((await ask<List>(list)).edges.map((edge) => edge.node.name)).toEqual(["acme", "acme"]);
});

test("a new project has one environment, its primary one, seen at once in the mutation's own answer", async () => {
  const { ask } = bench();
  const made = await ask<{ primaryEnvironmentId: string }>(create, { input: { name: "acme", workspaceId: sandboxWorkspaceId } });
  expect(made).toMatchObject({
    isTempProject: false,
    isPublic: false,
    expiredAt: null,
    environments: { edges: [{ node: { id: made.primaryEnvironmentId, name: "production" } }] },
  });
});

test("without workspaceId a project is temporary, public and ends in 24 hours", async () => {
  const { ask } = bench();
  expect(await ask(create, { input: { name: "acme" } })).toMatchObject({
    isTempProject: true,
    isPublic: true,
    expiredAt: "2026-11-02T00:00:00.000Z",
  });
});

test("reads do not know a project for a moment after its creation", async () => {
  const { ask, advance } = bench();
  const { id } = await ask<{ id: string }>(create, { input: { name: "acme", workspaceId: sandboxWorkspaceId } });
  await expect(ask(`query { project(id: "${id}") { id } }`)).rejects.toThrow("Not Authorized");
  expect((await ask<List>(list)).edges).toEqual([]);
  advance(1_500);
  expect(await ask(`query { project(id: "${id}") { id } }`)).toEqual({ id });
});

test("`projects` without workspaceId is an empty list for an account token", async () => {
  const { ask, project } = bench();
  await project();
  expect(await ask("query { projects { edges { node { id } } } }", {}, "sandbox-railway-account-token")).toEqual({ edges: [] });
});

test("projectDelete is soft and takes the whole tree: out of lists at once, in them with includeDeleted", async () => {
  const { ask, project, running, railway } = bench();
  const place = await project();
  const app = await running(place, "app", {});
  await ask("mutation ($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }", {
    input: { ...place, serviceId: app.serviceId, mountPath: "/data" },
  });
  await ask(`mutation { projectDelete(id: "${place.projectId}") }`);
  expect((await ask<List>(list)).edges).toEqual([]);
  expect((await ask<List>(list, { deleted: true })).edges[0]?.node).toMatchObject({
    id: place.projectId,
    deletedAt: expect.any(String),
  });
  for (const query of [
    `project(id: "${place.projectId}")`,
    `service(id: "${app.serviceId}")`,
    `environment(id: "${place.environmentId}")`,
  ])
    await expect(ask(`query { ${query} { id } }`)).rejects.toThrow("Not Authorized");
  expect(railway.traffic(app.serviceId, app.environmentId, Date.parse("2026-11-01T01:00:00Z")).status).toBe("refused");
  expect(railway.state()).toMatchObject({ volumeInstances: [{ state: "DELETED" }] });
});

test("projectScheduleDelete leaves 48 hours in which it can be called off", async () => {
  const { ask, project, advance } = bench();
  const { projectId } = await project();
  const read = () => ask<{ deletedAt: string | null }>(`query { project(id: "${projectId}") { deletedAt } }`);
  await ask(`mutation { projectScheduleDelete(id: "${projectId}") }`);
  expect((await read()).deletedAt).toBe("2026-11-03T00:00:02.000Z");
  await ask(`mutation { projectScheduleDeleteCancel(id: "${projectId}") }`);
  advance(49 * 3_600_000);
  expect((await read()).deletedAt).toBeNull();
  await ask(`mutation { projectScheduleDelete(id: "${projectId}") }`);
  advance(48 * 3_600_000);
  await expect(read()).rejects.toThrow("Not Authorized");
});

test("environmentCreate has a cooldown and can be refused to workspace tokens", async () => {
  const { ask, project, railway, advance } = bench();
  const { projectId } = await project();
  const make = (name: string) =>
    ask("mutation ($input: EnvironmentCreateInput!) { environmentCreate(input: $input) { name } }", {
      input: { projectId, name },
    });
  expect(await make("a")).toEqual({ name: "a" });
  await expect(make("b")).rejects.toThrow("creating environments too quickly");
  advance(30_000);
  railway.configure?.({ environmentCreateByWorkspaceToken: false });
  await expect(make("b")).rejects.toThrow("Not Authorized");
});

test("the workspace tells plan, limits, project count and what was used so far", async () => {
  const { ask, project, running, advance } = bench();
  const place = await project();
  await running(place, "app", {});
  advance(3 * 3_600_000);
  const seen = await ask<{ customer: { currentUsage: number } }>(
    `query { workspace(workspaceId: "${sandboxWorkspaceId}") { plan projectCount subscriptionPlanLimit customer { currentUsage billingPeriod { start end } } } }`,
  );
  expect(seen).toMatchObject({
    plan: "PRO",
    projectCount: 1,
    subscriptionPlanLimit: { volumes: { maxPerProject: 20 } },
    customer: { billingPeriod: { start: "2026-11-01T00:00:00.000Z", end: "2026-12-01T00:00:00.000Z" } },
  });
  expect(seen.customer.currentUsage).toBeGreaterThan(0.01);
  expect(seen.customer.currentUsage).toBeLessThan(0.05);
});
