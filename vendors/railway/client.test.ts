import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { memoryClock } from "../../domain/clock.ts";
import { redact } from "../../domain/error.ts";
import { railwayClient } from "./client.ts";

interface Seen {
  readonly url: string;
  readonly authorization: string;
  readonly name: string;
  readonly variables: Record<string, unknown>;
}
type Answer = { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers in order; the last one again and again. */
async function client(answers: readonly Answer[], workspaceId: string | undefined = "w1") {
  const seen: Seen[] = [];
  server = createServer(async (incoming, response) => {
    let text = "";
    for await (const chunk of incoming) text += chunk;
    const body = JSON.parse(text);
    const { authorization = "" } = incoming.headers;
    const answer = answers[Math.min(seen.length, answers.length - 1)];
    seen.push({ url: incoming.url ?? "", authorization, name: body.operationName, variables: body.variables });
    const page = typeof answer?.body === "string" && answer.body.startsWith("<");
    response
      .writeHead(answer?.status ?? 200, { "content-type": page ? "text/html" : "application/json", ...answer?.headers })
      .end(page ? answer.body : JSON.stringify(answer?.body));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const memory = memoryClock(Date.parse("2026-11-24T10:00:00Z"));
  const waits: number[] = [];
  const clock = {
    now: memory.now,
    sleep: async (ms: number, signal?: AbortSignal) => {
      // The deadline of a request; this server always answers in time.
      if (ms === 45_000) return new Promise<void>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      waits.push(ms);
      await memory.sleep(ms, signal);
    },
  };
  const apiUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/graphql/v2`;
  return { railway: railwayClient({ token: "a-railway-token", apiUrl, workspaceId, clock }), seen, waits };
}

const refused = (message: string, status = 200) => ({
  status,
  body: { data: null, errors: [{ message, traceId: "t1", extensions: { code: "X" } }] },
});
const services = (names: string[], endCursor: string | null) => ({
  body: {
    data: {
      project: {
        services: {
          edges: names.map((name) => ({ node: { id: `id-${name}`, name, projectId: "p", deletedAt: null } })),
          pageInfo: { hasNextPage: endCursor !== null, endCursor },
        },
      },
    },
  },
});

test("every request carries a query string, the token and its operation's name", async () => {
  const { railway, seen } = await client([services(["app"], null)]);
  await railway.services("p");
  expect(seen).toMatchObject([
    { url: "/graphql/v2?source=pulumi-railway", authorization: "Bearer a-railway-token", name: "services" },
  ]);
});

test("lists are read to their last page", async () => {
  const { railway, seen } = await client([services(["a", "b"], "c1"), services(["c"], null)]);
  expect((await railway.services("p")).map((service) => service.name)).toEqual(["a", "b", "c"]);
  expect(seen.map((call) => call.variables.after)).toEqual([null, "c1"]);
});

test("a refusal names operation, code and request, and is not tried again", async () => {
  const { railway, seen } = await client([refused("Not Authorized")]);
  await expect(railway.services("p")).rejects.toThrow('railway refused services ("Not Authorized"), X, request t1');
  expect(seen).toHaveLength(1);
});

test("a refusal that hides what it means says what it may mean", async () => {
  const { railway } = await client([{ body: { data: null, errors: [{ message: "Not Authorized" }] } }]);
  await expect(railway.project("p")).rejects.toThrow(/"Not Authorized".*absent, deleted or not this token's to see/);
});

test("what must exist is asked again past the read lag", async () => {
  const { railway, waits } = await client([refused("Service p not found"), refused("Not Authorized"), services(["app"], null)]);
  expect(await railway.services("p", { expectExists: true })).toHaveLength(1);
  expect(waits).toEqual([2_000, 2_000]);
});

test("an unpublished cooldown is waited out with growing waits", async () => {
  const done = { body: { data: { serviceInstanceDeployV2: "d1" } } };
  const { railway, waits } = await client([
    refused("Whoa there pal, try again in a sec"),
    refused("Cannot redeploy yet, please wait"),
    done,
  ]);
  expect(await railway.deploy({ serviceId: "s", environmentId: "e" })).toBe("d1");
  expect(waits).toEqual([2_500, 5_000]);
});

test("a token that sees several workspaces needs one to be named; one that sees none is said to be wrong", async () => {
  const two = {
    body: {
      data: {
        apiToken: {
          workspaces: [
            { id: "w1", name: "A" },
            { id: "w2", name: "B" },
          ],
        },
      },
    },
  };
  const many = await client([two], "");
  await expect(many.railway.workspaceId()).rejects.toThrow(/w1 \(A\), w2 \(B\).*RAILWAY_WORKSPACE_ID/);
  server?.close();
  const wrong = await client([refused("Not Authorized")], "");
  await expect(wrong.railway.workspaceId()).rejects.toThrow("does not accept the token");
});

test("metrics come as one series a replica, in order of time, deleted ones asked for", async () => {
  const series = {
    measurement: "MEMORY_USAGE_GB",
    tags: { serviceId: "s", deploymentInstanceId: "i1" },
    values: [
      { ts: 120, value: 0.2 },
      { ts: 60, value: 0.1 },
    ],
  };
  const { railway, seen } = await client([{ body: { data: { metrics: [series] } } }]);
  const scope = { environmentId: "e", serviceId: "s", fromMs: 0, toMs: 3_600_000, sampleRateSeconds: 60 };
  expect(await railway.metrics(scope)).toEqual([
    {
      serviceId: "s",
      deploymentInstanceId: "i1",
      samples: [
        [60, 0.1],
        [120, 0.2],
      ],
    },
  ]);
  expect(seen[0]?.variables).toMatchObject({
    startDate: "1970-01-01T00:00:00.000Z",
    endDate: "1970-01-01T01:00:00.000Z",
    groupBy: ["DEPLOYMENT_INSTANCE_ID"],
  });
});

test("an answer that is no GraphQL is an error, ambiguous for a write", async () => {
  const { railway } = await client([{ body: "hello" }]);
  await expect(railway.deploy({ serviceId: "s", environmentId: "e" })).rejects.toMatchObject({ ambiguous: true });
});

test("an answer of another shape names the place and no value, and a write may have been done", async () => {
  const { railway } = await client([{ body: { data: { variables: { A: "fine", B: { sealed: "a-secret-value" } } } } }]);
  const read = await railway.variables({ projectId: "p", environmentId: "e", serviceId: "s" }).catch((error) => error);
  expect(read).toMatchObject({ message: expect.stringContaining("variables.B: "), ambiguous: false });
  expect(read.message).not.toContain("a-secret-value");
  server?.close();
  const { railway: other } = await client([{ body: { data: { serviceInstanceDeployV2: { id: "d1" } } } }]);
  await expect(other.deploy({ serviceId: "s", environmentId: "e" })).rejects.toMatchObject({ ambiguous: true });
});

test("the edge's wall is recognised by its page, and what it says names the operation", async () => {
  const wall = { status: 429, body: "<!DOCTYPE html><html><head><title>Access denied | error 1015</title></head></html>" };
  const { railway, seen, waits } = await client([wall]);
  const refused = await railway.services("p").catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ ambiguous: false, refusal: { operation: "services", status: 429, code: "edge rate limit" } });
  expect(String(refused)).toContain("error 1015");
  expect([seen.length, waits.length]).toEqual([5, 4]);
});

test("Retry-After is waited for as long as Railway says, also by a write, because nothing was done", async () => {
  const busy = { status: 429, headers: { "retry-after": "7" }, body: { errors: [{ message: "Rate limit exceeded" }] } };
  const { railway, seen, waits } = await client([busy, { body: { data: { serviceInstanceDeployV2: "d1" } } }]);
  expect(await railway.deploy({ serviceId: "s", environmentId: "e" })).toBe("d1");
  expect([waits, seen.length]).toEqual([[7_000], 2]);
});

test("a write whose answer is a gateway's error is not sent again, and says that it may have been done", async () => {
  const { railway, seen } = await client([{ status: 504, body: "<html><title>504 Gateway Time-out</title></html>" }]);
  await expect(railway.deploy({ serviceId: "s", environmentId: "e" })).rejects.toMatchObject({ ambiguous: true });
  expect(seen).toHaveLength(1);
});

test("a read whose answer is a gateway's error is sent again", async () => {
  const { railway, seen } = await client([{ status: 502, body: "<html></html>" }, services(["app"], null)]);
  expect(await railway.services("p")).toHaveLength(1);
  expect(seen).toHaveLength(2);
});

test("no more is sent than Railway's headers leave: the next call waits until the hour begins anew", async () => {
  const spent = { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60" };
  const { railway, waits } = await client([{ ...services(["app"], null), headers: spent }, services(["app"], null)]);
  await railway.services("p");
  await railway.services("p");
  expect(waits).toEqual([60_000]);
});

test("a token that Railway repeats in its words is hidden", async () => {
  const { railway } = await client([refused("the token a-railway-token is not known")]);
  const error = await railway.services("p").catch((thrown: unknown) => thrown);
  expect(redact(String(error))).not.toContain("a-railway-token");
});
