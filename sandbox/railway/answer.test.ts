import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from "graphql";
import { expect, test } from "vitest";
import { createRailway, sandboxWorkspaceId } from "./railway.ts";
import { railwaySchema } from "./schema.ts";
import { bench } from "./testbench.ts";

const projects =
  "query ($w: String) { projects(workspaceId: $w) { edges { node { id name } } pageInfo { hasNextPage endCursor } } }";
const none = { headers: {} };

test("introspection answers without a token and gives the served schema", async () => {
  const { send } = bench();
  const { status, body } = await send(getIntrospectionQuery(), {}, none);
  expect(status).toBe(200);
  expect(printSchema(buildClientSchema(body.data as IntrospectionQuery))).toContain("serviceInstanceDeployV2(commitSha: String");
  expect(railwaySchema.getQueryType()?.name).toBe("Query");
});

test("without a token, with a wrong one, for an absent id and for another workspace's project the refusal is the same", async () => {
  const { send, railway } = bench({
    tokens: [
      { token: "mine", kind: "workspace" },
      { token: "other", kind: "workspace", workspaceId: "w-other" },
    ],
  });
  railway.seed({ projects: [{ id: "p1", name: "acme" }] });
  const query = 'query { project(id: "p1") { name } }';
  const asked = async (token: string | undefined, text = query) => {
    const { status, body } = await send(text, {}, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
    return {
      status,
      data: body.data,
      errors: body.errors?.map(({ message, extensions, path }) => ({ message, extensions, path })),
    };
  };
  const refused = {
    status: 200,
    data: null,
    errors: [{ message: "Not Authorized", extensions: { code: "INTERNAL_SERVER_ERROR" }, path: ["project"] }],
  };
  expect(await asked("mine")).toMatchObject({ data: { project: { name: "acme" } } });
  for (const token of [undefined, "wrong", "other"]) expect(await asked(token)).toEqual(refused);
  expect(await asked("mine", 'query { project(id: "absent") { name } }')).toEqual(refused);
});

test("parse and validation errors are 400 with their codes, execution errors 200 with data, each with a traceId", async () => {
  const { send } = bench();
  const cases: [string, object, number, string][] = [
    ["query {", {}, 400, "GRAPHQL_PARSE_FAILED"],
    ["query { nope }", {}, 400, "GRAPHQL_VALIDATION_FAILED"],
    ["query ($id: String!) { project(id: $id) { id } }", {}, 400, "BAD_USER_INPUT"],
    ['query { project(id: "x") { id } }', {}, 200, "INTERNAL_SERVER_ERROR"],
  ];
  for (const [query, variables, wanted, code] of cases) {
    const { status, body } = await send(query, variables);
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([wanted, code]);
    expect(body.errors?.[0]?.traceId).toMatch(/^\d{18}$/);
  }
});

test("`me` answers an account token only; apiToken lists what a token sees", async () => {
  const { ask } = bench();
  await expect(ask("query { me { id } }")).rejects.toThrow("Not Authorized");
  expect(await ask("query { me { workspaces { id } } }", {}, "sandbox-railway-account-token")).toEqual({
    workspaces: [{ id: sandboxWorkspaceId }],
  });
  expect(await ask("query { apiToken { workspaces { id name } } }")).toEqual({
    workspaces: [{ id: sandboxWorkspaceId, name: "Sandbox" }],
  });
});

test("a project token sees its one environment and nothing else; its value is shown once", async () => {
  const { ask, send, project, advance } = bench();
  const place = await project();
  advance(31_000);
  const second = await ask<{ id: string }>(
    "mutation ($input: EnvironmentCreateInput!) { environmentCreate(input: $input) { id } }",
    {
      input: { projectId: place.projectId, name: "staging" },
    },
  );
  advance(2_000);
  const token = await ask<string>("mutation ($input: ProjectTokenCreateInput!) { projectTokenCreate(input: $input) }", {
    input: { ...place, name: "reader" },
  });
  const asked = async (query: string) => (await send(query, {}, { headers: { "Project-Access-Token": token } })).body;
  expect((await asked("query { projectToken { projectId environmentId } }")).data).toEqual({ projectToken: place });
  expect((await asked(`query { environment(id: "${place.environmentId}") { name } }`)).data).toEqual({
    environment: { name: "production" },
  });
  expect((await asked(`query { environment(id: "${second.id}") { name } }`)).errors?.[0]?.message).toBe("Not Authorized");
  const listed = await asked(`query { project(id: "${place.projectId}") { environments { edges { node { id } } } } }`);
  expect(listed.data).toEqual({ project: { environments: { edges: [{ node: { id: place.environmentId } }] } } });
  const list = await ask<{ edges: { node: { displayToken: string } }[] }>(
    `query { projectTokens(projectId: "${place.projectId}") { edges { node { displayToken } } } }`,
  );
  expect(list.edges[0]?.node.displayToken).toMatch(/^....\*+/);
  expect(list.edges[0]?.node.displayToken).not.toBe(token);
});

test("a burst beyond 50 requests a second gets 429 with Retry-After, and goes on after the second", async () => {
  const { send, advance } = bench();
  const statuses: number[] = [];
  for (let count = 0; count < 51; count += 1) statuses.push((await send("query { regions { name } }")).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  const refused = await send("query { regions { name } }");
  expect([refused.status, refused.headers.get("Retry-After"), refused.headers.get("X-RateLimit-Remaining")]).toEqual([
    429,
    "1",
    "9950",
  ]);
  advance(1_000);
  expect((await send("query { regions { name } }")).status).toBe(200);
});

test("the hour's points count down by plan in headers and in apiTokenRateLimit, and come back after the hour", async () => {
  const { send, ask, advance } = bench({ workspace: { id: "w", name: "hobby", plan: "HOBBY" } });
  const remaining = () =>
    ask<{ apiTokenRateLimit: { remainingPoints: number } }>(
      'query { workspace(workspaceId: "w") { apiTokenRateLimit { remainingPoints resetsAt } } }',
    );
  expect((await remaining()).apiTokenRateLimit.remainingPoints).toBe(999);
  for (let count = 0; count < 999; count += 1) {
    if (count % 9 === 8) advance(1_000);
    expect((await send("query { regions { name } }")).status).toBe(200);
  }
  const refused = await send("query { regions { name } }");
  expect([refused.status, refused.headers.get("X-RateLimit-Limit"), refused.headers.get("RateLimit-Policy")]).toEqual([
    429,
    "1000",
    "1000;w=3600, 10;w=1",
  ]);
  advance(Number(refused.headers.get("Retry-After")) * 1_000);
  expect((await remaining()).apiTokenRateLimit.remainingPoints).toBe(999);
});

test("URLs without a query string meet the edge's HTML 429 with error 1015, for long once tripped; others pass", async () => {
  const { send, railway, advance } = bench();
  const bare = () =>
    send(
      "query { regions { name } }",
      {},
      { url: "http://railway.test/graphql/v2", headers: { Authorization: "Bearer sandbox-railway-token" } },
    );
  railway.configure?.({ edgeRequestsPerMinute: 2, rateLimits: false });
  expect([(await bare()).status, (await bare()).status]).toEqual([200, 200]);
  const wall = await bare();
  expect([wall.status, wall.headers.get("X-RateLimit-Limit")]).toEqual([429, null]);
  expect(wall.text).toMatch(/<html>.*1015/s);
  advance(30 * 60_000);
  expect((await bare()).status).toBe(429);
  expect((await send("query { regions { name } }")).status).toBe(200);
  advance(31 * 60_000);
  expect((await bare()).status).toBe(200);
});

test("lists are pages with a short default that cuts off silently, and can be drained", async () => {
  const { ask, railway } = bench();
  railway.seed({
    projects: Array.from({ length: 25 }, (_, index) => ({ id: `p${index}`, name: `n${String(index).padStart(2, "0")}` })),
  });
  type List = { edges: { node: { name: string } }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
  const first = await ask<List>(projects, { w: sandboxWorkspaceId });
  expect([first.edges.length, first.pageInfo.hasNextPage]).toEqual([20, true]);
  const query =
    "query ($w: String, $after: String) { projects(workspaceId: $w, first: 15, after: $after) { edges { node { name } } pageInfo { hasNextPage endCursor } } }";
  const names: string[] = [];
  for (let after: string | null = null; ; ) {
    const part: List = await ask<List>(query, { w: sandboxWorkspaceId, after });
    names.push(...part.edges.map((edge) => edge.node.name));
    after = part.pageInfo.endCursor;
    if (!part.pageInfo.hasNextPage) break;
  }
  expect(new Set(names).size).toBe(25);
});

test("a mutation can answer false once, without an error and without doing the work", async () => {
  const { ask, railway, project } = bench();
  const { projectId } = await project();
  railway.configure?.({ falseInsteadOfTrue: "projectDelete" });
  const remove = () => ask<boolean>(`mutation { projectDelete(id: "${projectId}") }`);
  expect(await remove()).toBe(false);
  expect(await ask(`query { project(id: "${projectId}") { deletedAt } }`)).toEqual({ deletedAt: null });
  expect(await remove()).toBe(true);
});

test("calls are named by their operation, else by their first field", () => {
  const { railway } = bench();
  const named = (query: string, operationName?: string) =>
    railway.operation({ method: "POST", path: "/graphql/v2", body: JSON.stringify({ query, operationName }) });
  expect(named("query Mine { regions { name } }")).toBe("Mine");
  expect(named("query { regions { name } }")).toBe("regions");
  expect(named("query A { regions { name } } query B { regions { name } }", "B")).toBe("B");
  expect(named("mutation projectCreate { broken")).toBe("projectCreate");
});

test("a wrong setting is refused by name and changes nothing", () => {
  const { railway } = bench();
  const before = railway.settings?.();
  expect(() => railway.configure?.({ readLag: 1 })).toThrow("readLag");
  expect(() => railway.configure?.({ sleepShows: "holes", readLagMs: 1 })).toThrow("sleepShows");
  expect(railway.settings?.()).toEqual(before);
});

test("an ordered GraphQL error has the vendor's shape", async () => {
  const railway = createRailway({ clock: { now: () => 0 }, random: () => 0.5 });
  const answer = railway.graphqlError?.("Whoa there pal, try again in a sec");
  expect(answer?.status).toBe(200);
  expect(await answer?.json()).toMatchObject({
    data: null,
    errors: [{ message: "Whoa there pal, try again in a sec", extensions: { code: "INTERNAL_SERVER_ERROR" } }],
  });
});

test("what is absent, deleted or out of scope can be said in Railway's other words, the same for all of them", async () => {
  const { railway, ask, project } = bench();
  const { projectId } = await project();
  await ask(`mutation { projectDelete(id: "${projectId}") }`);
  railway.configure?.({ absentIsSaid: "Problem processing request" });
  for (const id of [projectId, "nothing"])
    await expect(ask(`query { project(id: "${id}") { id } }`)).rejects.toThrow(/^Problem processing request$/);
  await expect(ask("query { me { id } }")).rejects.toThrow(/^Problem processing request$/);
});
