import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { type Clock, memoryClock } from "../../domain/clock.ts";
import { cloudflare } from "./client.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

async function vendor(answer: (method: string, url: URL) => { readonly status?: number; readonly json: unknown }) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://vendor");
    asked.push(`${request.method} ${url.pathname}`);
    const { status = 200, json } = answer(request.method ?? "", url);
    response.writeHead(status, { "content-type": "application/json", "cf-ray": "ray-1" }).end(JSON.stringify(json));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  // Deadlines never come in these tests.
  const clock: Clock = {
    ...memoryClock(0),
    sleep: (_, signal) => new Promise((_done, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
  };
  return { asked, client: cloudflare({ baseUrl: `http://127.0.0.1:${port}/client/v4`, token: "t".repeat(40), clock }) };
}

const login = (index: number) => ({
  user_email: "Ada@acme.example",
  app_uid: "app-1",
  app_domain: "acme.ai-diy.example/api",
  action: "login",
  allowed: index % 2 === 0,
  created_at: new Date(index * 1000).toISOString(),
  ray_id: `ray${index}`,
  country: "de",
});
const envelope = (result: unknown) => ({
  json: { success: true, errors: [], messages: [], result, result_info: { total_count: 0 } },
});
const ask = { accountId: "acc", sinceMs: 0, untilMs: 3_600_000 };

test("log-ins are read page by page until one is empty, although the vendor counts none in all", async () => {
  const queries: URLSearchParams[] = [];
  const { asked, client } = await vendor((_, url) => {
    queries.push(url.searchParams);
    const page = Number(url.searchParams.get("page"));
    return envelope(page <= 2 ? [login(page * 2), login(page * 2 + 1)] : []);
  });
  const rows = await client.accessRequests(ask);
  expect(rows.map(({ rayId }) => rayId)).toEqual(["ray2", "ray3", "ray4", "ray5"]);
  expect(rows[0]).toEqual({
    atMs: 2000,
    applicationId: "app-1",
    allowed: true,
    action: "login",
    email: "ada@acme.example",
    rayId: "ray2",
    identityProvider: "",
  });
  expect(asked).toEqual(Array(3).fill("GET /client/v4/accounts/acc/access/logs/access_requests"));
  expect(queries.map((query) => [query.get("since"), query.get("until"), query.get("direction")])).toEqual(
    Array(3).fill(["1970-01-01T00:00:00.000Z", "1970-01-01T01:00:00.000Z", "asc"]),
  );
});

test("a refusal is an error with the vendor's words, code and ray, never an empty log", async () => {
  const refused = { success: false, errors: [{ code: 10000, message: "Authentication error" }], messages: [], result: null };
  for (const status of [403, 200]) {
    const { client } = await vendor(() => ({ status, json: refused }));
    await expect(client.accessRequests(ask)).rejects.toThrow(
      `cloudflare refused GET /accounts/:id/access/logs/access_requests ("Authentication error"), HTTP ${status}, 10000, request ray-1`,
    );
  }
});

test("an answer in another shape is an error, never an empty log", async () => {
  const { client } = await vendor(() => envelope([{ created_at: "2026-11-24T00:00:00Z" }]));
  await expect(client.accessRequests(ask)).rejects.toThrow("an answer in an unknown shape");
});

test("ending the sessions of an application that is gone is success", async () => {
  const { asked, client } = await vendor(() => ({
    status: 404,
    json: { success: false, errors: [], messages: [], result: null },
  }));
  await client.revokeTokens({ accountId: "acc", applicationId: "app" });
  expect(asked).toEqual(["POST /client/v4/accounts/acc/access/apps/app/revoke_tokens"]);
});

test("a 404 that is not Cloudflare's own ends no session and is an error", async () => {
  const { client } = await vendor(() => ({ status: 404, json: "no such page" }));
  await expect(client.revokeTokens({ accountId: "acc", applicationId: "app" })).rejects.toThrow("without Cloudflare's envelope");
});
