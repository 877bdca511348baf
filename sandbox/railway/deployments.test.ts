import { expect, test } from "vitest";
import { bench, type Instance } from "./testbench.ts";

type Bench = ReturnType<typeof bench>;
const act = ({ ask }: Bench, name: string, id: string) => ask<boolean>(`mutation { ${name}(id: "${id}") }`);
const read = ({ ask }: Bench, id: string) =>
  ask<{ status: string; deploymentStopped: boolean; statusUpdatedAt: string; instances: { status: string }[] }>(
    `query { deployment(id: "${id}") { status deploymentStopped statusUpdatedAt instances { id status } } }`,
  );
const up = async (input: object = {}) => {
  const world = bench();
  return { world, app: await world.running(await world.project(), "app", input) };
};
const meets = ({ railway, clock }: Bench, { serviceId, environmentId }: Instance) =>
  railway.traffic(serviceId, environmentId, clock.atMs).status;

test("deploymentStop ends the containers and is read back as deploymentStopped; a restart brings them back", async () => {
  const { world, app } = await up();
  expect(meets(world, app)).toBe("awake");
  await act(world, "deploymentStop", app.deploymentId);
  expect(await read(world, app.deploymentId)).toMatchObject({
    status: "SUCCESS",
    deploymentStopped: true,
    instances: [{ status: "STOPPED" }],
  });
  expect(meets(world, app)).toBe("refused");
  await act(world, "deploymentRestart", app.deploymentId);
  world.advance(8_000);
  expect(await read(world, app.deploymentId)).toMatchObject({ status: "SUCCESS", deploymentStopped: false });
  expect(meets(world, app)).toBe("awake");
});

test("an in-place restart leaves the status SUCCESS throughout", async () => {
  const { world, app } = await up();
  await act(world, "deploymentRestart", app.deploymentId);
  for (let second = 0; second < 10; second += 1) {
    expect((await read(world, app.deploymentId)).status).toBe("SUCCESS");
    world.advance(1_000);
  }
});

test("without a volume the old deployment runs until the new one is up", async () => {
  const { world, app } = await up();
  const next = await world.deploy(app);
  world.advance(21_000);
  expect([(await read(world, app.deploymentId)).status, (await read(world, next)).status]).toEqual(["SUCCESS", "DEPLOYING"]);
  expect(meets(world, app)).toBe("awake");
  world.advance(20_000);
  expect([(await read(world, app.deploymentId)).status, (await read(world, next)).status]).toEqual(["REMOVED", "SUCCESS"]);
});

test("a redeploy while building is refused, cancelling ends the unfinished deployment and the old one goes on", async () => {
  const { world, app } = await up();
  const next = await world.deploy(app);
  world.advance(2_000);
  const redeploy = `mutation { serviceInstanceRedeploy(serviceId: "${app.serviceId}", environmentId: "${app.environmentId}") }`;
  await expect(world.ask(redeploy)).rejects.toThrow("Cannot redeploy yet");
  await act(world, "deploymentCancel", next);
  world.advance(41_000);
  expect([(await read(world, app.deploymentId)).status, (await read(world, next)).status]).toEqual(["SUCCESS", "REMOVED"]);
  expect(await world.ask(redeploy)).toBe(true);
});

test("a removed deployment no longer runs", async () => {
  const { world, app } = await up();
  await act(world, "deploymentRemove", app.deploymentId);
  expect((await read(world, app.deploymentId)).status).toBe("REMOVED");
  expect(meets(world, app)).toBe("refused");
});

test("a redeployment takes the present variables and the old image", async () => {
  const { world, app } = await up();
  await world.update(app, { source: { image: "other@sha256:2" } });
  await world.ask("mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }", {
    input: {
      projectId: app.projectId,
      environmentId: app.environmentId,
      serviceId: app.serviceId,
      name: "A",
      value: "new",
      skipDeploys: true,
    },
  });
  const { id } = await world.ask<{ id: string }>(`mutation { deploymentRedeploy(id: "${app.deploymentId}") { id } }`);
  world.advance(41_000);
  expect(await world.ask(`query { deployment(id: "${id}") { meta } }`)).toMatchObject({
    meta: { image: "ghcr.io/ai-diy/app@sha256:1" },
  });
  expect(world.railway.findByVariable("A", "new")).toMatchObject([{ serviceId: app.serviceId, deploymentId: id }]);
});

test("a deployment can stick in INITIALIZING until somebody deploys again", async () => {
  const world = bench();
  world.railway.configure?.({ stuckInInitializing: 1 });
  const app = await world.running(await world.project(), "app", {});
  world.advance(300_000);
  expect((await read(world, app.deploymentId)).status).toBe("INITIALIZING");
  await world.ask(`mutation { serviceInstanceRedeploy(serviceId: "${app.serviceId}", environmentId: "${app.environmentId}") }`);
  world.advance(41_000);
  expect(meets(world, app)).toBe("awake");
});

test("deployments can be made to fail or to crash", async () => {
  const world = bench();
  const place = await world.project();
  const app = await world.service(place);
  await world.update(app, { source: { image: "x" } });
  for (const end of ["FAILED", "CRASHED"]) {
    world.railway.configure?.({ deploymentEnds: { [app.serviceId]: end } });
    const id = await world.deploy(app);
    world.advance(41_000);
    expect((await read(world, id)).status).toBe(end);
  }
});

test("the platform redeploys on its own", async () => {
  const { world, app } = await up();
  world.railway.configure?.({ spontaneousRedeploy: app.projectId });
  world.advance(41_000);
  expect((await read(world, app.deploymentId)).status).toBe("REMOVED");
  expect(world.railway.state().deployments).toHaveLength(2);
});

test("SLEEPING shows when asleep, and neither events nor deploymentEvents tell of it", async () => {
  const { world, app } = await up({ sleepApplication: true });
  world.minutes(10);
  expect(await read(world, app.deploymentId)).toMatchObject({ status: "SLEEPING", instances: [{ status: "STOPPED" }] });
  expect(meets(world, app)).toBe("waking");
  expect((await read(world, app.deploymentId)).status).toBe("SUCCESS");
  const events = await world.ask<{ edges: { node: { action: string } }[] }>(
    `query { events(projectId: "${app.projectId}") { edges { node { action object } } } }`,
  );
  expect(events.edges.map((edge) => edge.node.action)).toEqual(["deployed"]);
  const steps = await world.ask<{ edges: { node: { step: string } }[] }>(
    `query { deploymentEvents(id: "${app.deploymentId}") { edges { node { step completedAt } } } }`,
  );
  expect(steps.edges.map((edge) => edge.node.step)).toEqual(["CREATE_CONTAINER"]);
});

test("deployments are listed newest first and filtered by status, SLEEPING too", async () => {
  const { world, app } = await up({ sleepApplication: true });
  await world.deploy(app);
  world.minutes(11);
  const list = (status: string) =>
    world.ask<{ edges: { node: { status: string } }[] }>(
      "query ($input: DeploymentListInput!) { deployments(input: $input) { edges { node { status } } } }",
      { input: { serviceId: app.serviceId, ...JSON.parse(status) } },
    );
  expect((await list("{}")).edges.map((edge) => edge.node.status)).toEqual(["SLEEPING", "REMOVED"]);
  expect((await list('{"status":{"in":["SLEEPING"]}}')).edges).toHaveLength(1);
  expect((await list('{"status":{"notIn":["SLEEPING","REMOVED"]}}')).edges).toEqual([]);
});

test("what crashes in a loop is measured while it runs, and its minutes read the same during the loop and after it", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  await world.update(app, { source: { image: "x" } });
  world.railway.configure?.({ deploymentEnds: { [app.serviceId]: "CRASHED" }, crashLoopMs: 300_000 });
  const id = await world.deploy(app);
  const samples = () =>
    world.ask<{ values: unknown[] }[]>(
      `query { metrics(serviceId: "${app.serviceId}", startDate: "2026-11-01T00:00:00Z", endDate: "2026-11-01T00:03:00Z", measurements: [MEMORY_USAGE_GB], sampleRateSeconds: 30) { values { ts value } } }`,
    );
  world.minutes(5);
  expect((await read(world, id)).status).toBe("DEPLOYING");
  const during = await samples();
  expect(during[0]?.values.length).toBeGreaterThan(1);
  world.minutes(10);
  expect((await read(world, id)).status).toBe("CRASHED");
  expect(await samples()).toEqual(during);
});

test("a new deployment can be out of private reach though its name resolves, until somebody deploys again", async () => {
  const world = bench();
  world.railway.configure?.({ unreachedPrivately: 1 });
  const app = await world.running(await world.project(), "app", {});
  expect((await read(world, app.deploymentId)).status).toBe("SUCCESS");
  expect(world.railway.resolvePrivate(app.projectId, app.environmentId, "app.railway.internal")).toBe(app.serviceId);
  expect(meets(world, app)).toBe("refused");
  await world.deploy(app);
  world.advance(41_000);
  expect(meets(world, app)).toBe("awake");
});

test("of a deleted service, selecting a deployment's service fails the whole answer; its id does not", async () => {
  const { world, app } = await up();
  await world.ask(`mutation { serviceDelete(id: "${app.serviceId}", environmentId: "${app.environmentId}") }`);
  const wanted = (fields: string) => world.send(`query { deployment(id: "${app.deploymentId}") { ${fields} } }`);
  expect((await wanted("id service { id }")).body.data).toBeNull();
  expect((await wanted("id serviceId")).body.data).toEqual({
    deployment: { id: app.deploymentId, serviceId: app.serviceId },
  });
});
