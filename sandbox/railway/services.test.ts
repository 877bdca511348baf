import { expect, test } from "vitest";
import { bench, type Instance } from "./testbench.ts";

const create = "mutation ($input: ServiceCreateInput!) { serviceCreate(input: $input) { id name } }";
const instanceQuery =
  "query ($s: String!, $e: String!) { serviceInstance(serviceId: $s, environmentId: $e) { startCommand region sleepApplication numReplicas healthcheckPath source { image } latestDeployment { id } domains { customDomains { id } serviceDomains { id } } } }";
type Bench = ReturnType<typeof bench>;
const read = ({ ask }: Bench, { serviceId, environmentId }: Instance) =>
  ask<Record<string, unknown>>(instanceQuery, { s: serviceId, e: environmentId });
const deployments = async ({ ask }: Bench, { serviceId }: Instance) =>
  (
    await ask<{ edges: { node: { id: string; status: string; meta: { image: string } } }[] }>(
      "query ($input: DeploymentListInput!) { deployments(input: $input) { edges { node { id status meta } } } }",
      { input: { serviceId } },
    )
  ).edges.map((edge) => edge.node);

test("right after serviceCreate reads and the first writes say that it is not found", async () => {
  const world = bench();
  const place = await world.project();
  const { id } = await world.ask<{ id: string }>(create, { input: { ...place, name: "app" } });
  const app = { ...place, serviceId: id };
  await expect(world.ask(`query { service(id: "${id}") { id } }`)).rejects.toThrow(`Service ${id} not found`);
  await expect(read(world, app)).rejects.toThrow("ServiceInstance not found");
  await expect(world.update(app, { startCommand: "x" })).rejects.toThrow("ServiceInstance not found");
  world.advance(1_500);
  expect(await read(world, app)).toMatchObject({ startCommand: null });
});

test("a service's name is unique in its project", async () => {
  const world = bench();
  const place = await world.project();
  await world.service(place, "app");
  await expect(world.ask(create, { input: { ...place, name: "app" } })).rejects.toThrow('named "app" already exists');
});

test("serviceCreate with a source deploys at once, an empty one does not; serviceInstanceUpdate never does", async () => {
  const world = bench();
  const place = await world.project();
  const empty = await world.service(place, "empty");
  await world.update(empty, { source: { image: "nginx" } });
  world.advance(2_000);
  expect(await deployments(world, empty)).toEqual([]);
  const { id } = await world.ask<{ id: string }>(create, { input: { ...place, name: "full", source: { image: "nginx" } } });
  world.advance(2_000);
  expect(await deployments(world, { ...place, serviceId: id })).toMatchObject([{ meta: { image: "nginx" } }]);
});

test("a change in one environment reaches every environment that is no fork", async () => {
  const world = bench();
  const place = await world.project();
  const app = await world.service(place);
  world.advance(31_000);
  const make = (input: object) =>
    world.ask<{ id: string }>("mutation ($input: EnvironmentCreateInput!) { environmentCreate(input: $input) { id } }", {
      input: { projectId: place.projectId, ...input },
    });
  const second = await make({ name: "staging" });
  world.advance(31_000);
  const fork = await make({ name: "fork", sourceEnvironmentId: place.environmentId });
  world.advance(2_000);
  await world.update(app, { startCommand: "serve" });
  const seen = await Promise.all(
    [place.environmentId, second.id, fork.id].map((environmentId) => read(world, { ...app, environmentId })),
  );
  expect(seen.map((row) => row.startCommand)).toEqual(["serve", "serve", null]);
});

test("null leaves startCommand alone, an empty text clears it", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  await world.update(app, { startCommand: "serve" });
  await world.update(app, { startCommand: null });
  expect(await read(world, app)).toMatchObject({ startCommand: "serve" });
  await world.update(app, { startCommand: "" });
  expect(await read(world, app)).toMatchObject({ startCommand: null });
});

test("zero replicas are refused, and a healthcheck path before the first deployment", async () => {
  const world = bench();
  const place = await world.project();
  const app = await world.service(place);
  await expect(world.update(app, { numReplicas: 0 })).rejects.toThrow("numReplicas");
  await expect(world.update(app, { healthcheckPath: "/health" })).rejects.toThrow("Invalid input");
  const up = await world.running(place, "other", {});
  await world.update(up, { healthcheckPath: "/health" });
  expect(await read(world, up)).toMatchObject({ healthcheckPath: "/health" });
});

test("a region reads back null from the instance and stands in the environment's config", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  await world.update(app, { region: "europe-west4-drams3a" });
  expect(await read(world, app)).toMatchObject({ region: null });
  const { config } = await world.ask<{ config: { services: Record<string, { deploy: unknown }> } }>(
    `query { environment(id: "${app.environmentId}") { config } }`,
  );
  expect(config.services[app.serviceId]?.deploy).toMatchObject({
    multiRegionConfig: { "europe-west4-drams3a": { numReplicas: 1 } },
  });
});

test("registry credentials need the Pro plan and are never shown", async () => {
  const hobby = bench({ workspace: { id: "w", name: "w", plan: "HOBBY" } });
  hobby.railway.seed({
    projects: [{ id: "p", name: "p" }],
    environments: [{ id: "e", projectId: "p" }],
    services: [{ id: "s", projectId: "p", name: "app" }],
  });
  const credentials = { registryCredentials: { username: "u", password: "very-secret" } };
  await expect(hobby.update({ projectId: "p", environmentId: "e", serviceId: "s" }, credentials)).rejects.toThrow("Pro plan");
  const pro = bench();
  const app = await pro.service(await pro.project());
  expect(await pro.update(app, credentials)).toBe(true);
  expect(JSON.stringify(pro.railway.snapshot())).not.toContain("very-secret");
});

test("limits: null without an override, merged with the plan's, refused beyond the plan", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  const place = `environmentId: "${app.environmentId}", serviceId: "${app.serviceId}"`;
  const set = (memoryGB: number) =>
    world.ask<boolean>(`mutation { serviceInstanceLimitsUpdate(input: { ${place}, memoryGB: ${memoryGB} }) }`);
  expect(await world.ask(`query { serviceInstanceLimitOverride(${place}) }`)).toBeNull();
  await set(2);
  expect(await world.ask(`query { serviceInstanceLimitOverride(${place}) }`)).toEqual({
    containers: { memoryBytes: 2_000_000_000 },
  });
  expect(await world.ask(`query { serviceInstanceLimits(${place}) }`)).toEqual({
    containers: { cpu: 1_000, memoryBytes: 2_000_000_000 },
  });
  await expect(set(5_000)).rejects.toThrow("at most 1000 GB");
});

test("a new service has no public address; the private name resolves in its own project and environment only", async () => {
  const world = bench();
  const place = await world.project();
  const app = await world.service(place);
  expect(await read(world, app)).toMatchObject({ domains: { customDomains: [], serviceDomains: [] } });
  expect(
    await world.ask(`query { tcpProxies(environmentId: "${app.environmentId}", serviceId: "${app.serviceId}") { id } }`),
  ).toEqual([]);
  expect(world.railway.resolvePrivate(place.projectId, place.environmentId, "app.railway.internal:8000")).toBe(app.serviceId);
  expect(world.railway.resolvePrivate(place.projectId, place.environmentId, "api.railway.internal")).toBeUndefined();
  expect(world.railway.resolvePrivate("another", place.environmentId, "app.railway.internal")).toBeUndefined();
});

test("serviceDelete keeps a mounted volume detached, or deletes it with the service, by the setting", async () => {
  for (const keeps of [true, false]) {
    const world = bench();
    world.railway.configure?.({ serviceDeleteKeepsVolume: keeps, volumeLagMs: { min: 0, max: 0 } });
    const app = await world.service(await world.project());
    await world.ask("mutation ($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }", {
      input: { ...app, mountPath: "/data" },
    });
    await world.ask(`mutation { serviceDelete(id: "${app.serviceId}", environmentId: "${app.environmentId}") }`);
    await expect(world.ask(`query { service(id: "${app.serviceId}") { id } }`)).rejects.toThrow("Not Authorized");
    expect(world.railway.state().volumeInstances).toMatchObject([
      keeps ? { serviceId: null, isPendingDeletion: false } : { isPendingDeletion: true },
    ]);
  }
});

test("selecting the service of a detached volume fails the whole answer", async () => {
  const world = bench();
  const place = await world.project();
  world.railway.configure?.({ volumeLagMs: { min: 0, max: 0 } });
  await world.ask("mutation ($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }", {
    input: { ...place, mountPath: "/data" },
  });
  const { body } = await world.send(
    `query { environment(id: "${place.environmentId}") { volumeInstances { edges { node { id service { id } } } } } }`,
  );
  expect(body.data).toBeNull();
});
