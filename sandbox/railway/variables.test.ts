import { expect, test } from "vitest";
import { bench, type Instance } from "./testbench.ts";

type Bench = ReturnType<typeof bench>;
const owner = ({ projectId, environmentId, serviceId }: Instance) => ({ projectId, environmentId, serviceId });
const upsert = ({ ask }: Bench, input: object) =>
  ask<boolean>("mutation ($input: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $input) }", { input });
const read = ({ ask }: Bench, app: Instance, unrendered = false) =>
  ask<Record<string, string>>(
    "query ($p: String!, $e: String!, $s: String, $u: Boolean) { variables(projectId: $p, environmentId: $e, serviceId: $s, unrendered: $u) }",
    { p: app.projectId, e: app.environmentId, s: app.serviceId, u: unrendered },
  );
const count = ({ railway }: Bench) =>
  Array.isArray(railway.state().deployments) ? (railway.state().deployments as unknown[]).length : 0;

test("references are resolved when rendered, and stay as written when unrendered", async () => {
  const world = bench();
  const place = await world.project();
  const app = await world.service(place);
  await world.service(place, "db");
  await upsert(world, { ...place, variables: { REGION: "west" } });
  const variables = {
    OWN: "x",
    URL: `http://\${{db.RAILWAY_PRIVATE_DOMAIN}}/\${{ OWN }}/\${{shared.REGION}}`,
    LOST: `[\${{nobody.X}}]`,
    SELF: `\${{SELF}}`,
  };
  await upsert(world, { ...owner(app), variables });
  expect(await read(world, app)).toMatchObject({ URL: "http://db.railway.internal/x/west", LOST: "[]", SELF: "" });
  expect(await read(world, app, true)).toMatchObject(variables);
});

test("the platform's own variables are there; without a service only shared ones are", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  expect(await read(world, app)).toMatchObject({
    RAILWAY_PROJECT_ID: app.projectId,
    RAILWAY_SERVICE_NAME: "app",
    RAILWAY_PRIVATE_DOMAIN: "app.railway.internal",
  });
  expect(
    await world.ask("query ($p: String!, $e: String!) { variables(projectId: $p, environmentId: $e) }", {
      p: app.projectId,
      e: app.environmentId,
    }),
  ).toEqual({});
});

test("replace: true removes every other variable, an ordinary upsert none", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  await upsert(world, { ...owner(app), variables: { A: "1" } });
  await upsert(world, { ...owner(app), variables: { B: "2" } });
  expect(await read(world, app)).toMatchObject({ A: "1", B: "2" });
  await upsert(world, { ...owner(app), variables: { C: "3" }, replace: true });
  expect(Object.keys(await read(world, app)).filter((name) => !name.startsWith("RAILWAY_"))).toEqual(["C"]);
});

test("a changed variable deploys unless skipDeploys; the same value does not", async () => {
  const world = bench();
  const app = await world.running(await world.project(), "app", {});
  await upsert(world, { ...owner(app), variables: { A: "1" }, skipDeploys: true });
  expect(count(world)).toBe(1);
  await upsert(world, { ...owner(app), variables: { A: "2" } });
  expect(count(world)).toBe(2);
  await upsert(world, { ...owner(app), variables: { A: "2" } });
  expect(count(world)).toBe(2);
  await world.ask("mutation ($input: VariableDeleteInput!) { variableDelete(input: $input) }", {
    input: { ...owner(app), name: "A" },
  });
  expect(count(world)).toBe(3);
});

test("a changed shared variable deploys the services that refer to it", async () => {
  const world = bench();
  const place = await world.project();
  const app = await world.running(place, "app", {});
  await world.running(place, "other", {});
  await upsert(world, { ...owner(app), variables: { REGION: `\${{shared.REGION}}` }, skipDeploys: true });
  await upsert(world, { ...place, variables: { REGION: "west" } });
  expect(count(world)).toBe(3);
});

test("a sealed variable is set by patch, reaches the containers and never comes back", async () => {
  const world = bench();
  const app = await world.running(await world.project(), "app", {});
  const patch = { services: { [app.serviceId]: { variables: { TUNNEL_TOKEN: { value: "hush-hush", isSealed: true } } } } };
  await world.ask("mutation ($e: String!, $p: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $p) }", {
    e: app.environmentId,
    p: patch,
  });
  world.minutes(1);
  expect(world.railway.findByVariable("TUNNEL_TOKEN", "hush-hush")).toHaveLength(1);
  for (const unrendered of [true, false]) expect(await read(world, app, unrendered)).not.toHaveProperty("TUNNEL_TOKEN");
  const { text } = await world.send(
    `query { environment(id: "${app.environmentId}") { config(decryptVariables: true) variables { edges { node { name isSealed } } } } environmentPatches(environmentId: "${app.environmentId}") { edges { node { patch(decryptVariables: true) } } } }`,
  );
  expect(text).toContain('"isSealed":true');
  expect(text).not.toContain("hush-hush");
});

test("values in the config show only when decrypted", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  await upsert(world, { ...owner(app), variables: { A: "visible-value" } });
  const config = (decrypt: boolean) =>
    world.send(`query { environment(id: "${app.environmentId}") { config(decryptVariables: ${decrypt}) } }`);
  expect((await config(true)).text).toContain("visible-value");
  expect((await config(false)).text).not.toContain("visible-value");
});

test("selecting the service of a shared variable fails the whole answer", async () => {
  const world = bench();
  const place = await world.project();
  await world.ask("mutation ($input: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $input) }", {
    input: { ...place, variables: { REGION: "west" } },
  });
  const wanted = (fields: string) =>
    world.send(`query { environment(id: "${place.environmentId}") { variables { edges { node { ${fields} } } } } }`);
  expect((await wanted("name serviceId")).body.data).toEqual({
    environment: { variables: { edges: [{ node: { name: "REGION", serviceId: null } }] } },
  });
  expect((await wanted("name service { id }")).body.data).toBeNull();
});
