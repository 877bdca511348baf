import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { memoryClock } from "../../domain/clock.ts";
import { VendorError } from "../../domain/error.ts";
import { isAmbiguous } from "../http/request.ts";
import { openRouter } from "./client.ts";

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly authorization: string;
}
type Answer = { readonly status?: number; readonly json: unknown } | "drop";
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

/** OpenRouter's place on loopback. */
async function vendor(answer: (asked: Asked, index: number) => Answer) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString();
    const { method = "", url = "", headers } = request;
    asked.push({ method, url, body: text ? JSON.parse(text) : undefined, authorization: headers.authorization ?? "" });
    const said = answer(asked.at(-1) ?? asked[0] ?? { method, url, body: "", authorization: "" }, asked.length - 1);
    if (said === "drop") return request.socket.destroy();
    response.writeHead(said.status ?? 200, { "content-type": "application/json" }).end(JSON.stringify(said.json));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const clock = memoryClock(Date.parse("2026-11-24T10:00:00Z"));
  return {
    asked,
    client: openRouter({
      baseUrl: `http://127.0.0.1:${port}`,
      managementKey: "sk-or-v1-management",
      clock: { ...clock, sleep: never(clock) },
    }),
  };
}

/** Deadlines never come; waits are over at once. */
function never(clock: ReturnType<typeof memoryClock>) {
  return (milliseconds: number, signal?: AbortSignal) =>
    milliseconds >= 30_000
      ? new Promise<void>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
      : clock.sleep(milliseconds, signal);
}

const key = (index: number, name = `key ${index}`) => ({
  hash: `h${index}`,
  name,
  disabled: false,
  limit: 5,
  limit_reset: "monthly",
  label: "sk-or-v1-…",
  usage: 0.1,
});
const wanted = { name: "fleet:prod:tn_1", limitDollars: 20, limitReset: "monthly", disabled: false } as const;

test("keys are looked for on every page, by the whole name", async () => {
  const { asked, client } = await vendor(({ url }) => {
    const offset = Number(new URL(url, "http://x").searchParams.get("offset"));
    const page =
      offset === 0 ? Array.from({ length: 100 }, (_, index) => key(index)) : [key(100, "wanted"), key(101, "wanted too")];
    return { json: { data: page } };
  });
  expect(await client.keysNamed("wanted")).toEqual([
    { hash: "h100", name: "wanted", disabled: false, limitDollars: 5, limitReset: "monthly" },
  ]);
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "GET /api/v1/keys?offset=0&include_disabled=true",
    "GET /api/v1/keys?offset=100&include_disabled=true",
  ]);
  expect(asked[0]?.authorization).toBe("Bearer sk-or-v1-management");
});

test("a new key is asked for in the vendor's words and its secret comes back once", async () => {
  const { asked, client } = await vendor(() => ({
    status: 201,
    json: { data: key(1, wanted.name), key: "sk-or-v1-0123456789abcdef" },
  }));
  const made = await client.createKey(wanted);
  expect(made).toMatchObject({ key: "sk-or-v1-0123456789abcdef", made: { hash: "h1" } });
  expect(asked).toMatchObject([
    { method: "POST", url: "/api/v1/keys", body: { name: wanted.name, limit: 20, limit_reset: "monthly" } },
  ]);
});

test("a lost answer to a new key is ambiguous and is not tried again blindly", async () => {
  const { asked, client } = await vendor(() => "drop");
  const error = await client.createKey(wanted).catch((caught: unknown) => caught);
  expect(isAmbiguous(error)).toBe(true);
  expect(asked).toHaveLength(1);
});

test("a key that is gone reads as undefined and deletes without complaint; a refusal is an error with the vendor's words", async () => {
  const gone = await vendor(() => ({ status: 404, json: { error: { message: "Not found" } } }));
  expect(await gone.client.readKey("h1")).toBeUndefined();
  await gone.client.deleteKey("h1");
  const refused = await vendor(() => ({ status: 401, json: { error: { message: "No management key" } } }));
  await expect(refused.client.readKey("h1")).rejects.toThrow(VendorError);
  await expect(refused.client.readKey("h1")).rejects.toThrow('openrouter refused GET /keys/:id ("No management key"), HTTP 401');
});

test("a 404 that is not OpenRouter's own says nothing of a key", async () => {
  const wall = await vendor(() => ({ status: 404, json: "no such page" }));
  await expect(wall.client.readKey("h1")).rejects.toThrow("openrouter refused GET /keys/:id");
  await expect(wall.client.deleteKey("h1")).rejects.toThrow("openrouter refused DELETE /keys/:id");
});

const from = Date.parse("2026-11-23T00:00:00Z");
const row = (minute: number, name = "fleet:prod:tn_1") => ({
  date__minute: new Date(from + minute * 60_000).toISOString(),
  api_key_id: name,
  request_count: "12",
  total_usage: 0.0123456,
});
const analyticsAnswer = (rows: unknown[], truncated = false) => ({ json: { data: { data: rows, metadata: { truncated } } } });

test("analytics: counts that come as texts are numbers, money is micros, rows are in order", async () => {
  const { asked, client } = await vendor(() => analyticsAnswer([row(7), { ...row(3), date__minute: "2026-11-23 00:03:00" }]));
  const found = await client.analytics({ fromMs: from, toMs: from + 3_600_000, granularity: "minute" });
  expect(found).toEqual({
    complete: true,
    cachedAtMs: null,
    rows: [3, 7].map((minute) => ({
      atMs: from + minute * 60_000,
      keyName: "fleet:prod:tn_1",
      requestCount: 12,
      usage: { amountMicros: 12_346n, currency: "usd" },
    })),
  });
  expect(asked[0]).toMatchObject({
    url: "/api/v1/analytics/query",
    body: {
      granularity: "minute",
      dimensions: ["api_key_id"],
      time_range: { start: "2026-11-23T00:00:00Z", end: "2026-11-23T01:00:00Z" },
      limit: 10_000,
    },
  });
});

test("a cut answer is asked for in halves, and only what cannot be halved stays incomplete", async () => {
  const Body = z.object({ time_range: z.object({ start: z.string(), end: z.string() }) });
  const { asked, client } = await vendor(({ body }) => {
    const { start, end } = Body.parse(body).time_range;
    const minutes = (Date.parse(end) - Date.parse(start)) / 60_000;
    return analyticsAnswer([row((Date.parse(start) - from) / 60_000)], minutes > 1);
  });
  const found = await client.analytics({ fromMs: from, toMs: from + 4 * 60_000, granularity: "minute" });
  expect(found.complete).toBe(true);
  expect(found.rows.map(({ atMs }) => (atMs - from) / 60_000)).toEqual([0, 1, 2, 3]);
  expect(asked).toHaveLength(7);
  const always = await vendor(() => analyticsAnswer([row(0)], true));
  expect(await always.client.analytics({ fromMs: from, toMs: from + 60_000, granularity: "minute" })).toMatchObject({
    complete: false,
  });
});
