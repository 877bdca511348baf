import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createOpenRouter, defaultManagementKey, type OpenRouterOptions } from "./emulator.ts";

const startMs = Date.parse("2026-11-30T12:00:00Z");
const hour = 3_600_000;
const Body = z.looseObject({
  data: z.unknown().optional(),
  key: z.string().default(""),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
const Analytics = z.object({
  data: z.array(z.looseObject({})),
  metadata: z.object({ row_count: z.number(), truncated: z.boolean() }),
  cachedAt: z.number().optional(),
  warnings: z.array(z.string()).optional(),
});

function open(options: OpenRouterOptions = {}) {
  const clock = { time: startMs, now: () => clock.time };
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const openRouter = createOpenRouter({ clock, random }, options);
  const call = async (method: string, path: string, body?: unknown, bearer = defaultManagementKey) => {
    const response = await openRouter.fetch(
      new Request(`http://127.0.0.1/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${bearer}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    const raw: unknown = await response.json();
    const { data, key, error } = Body.parse(raw);
    const one = z.looseObject({}).catch({}).parse(data);
    const many = z.array(z.looseObject({})).catch([]).parse(data);
    return { status: response.status, headers: response.headers, raw, one, many, key, error, hash: String(one.hash ?? "") };
  };
  const query = async (body: Record<string, unknown>) => {
    const range = { start: "2026-11-30T00:00:00Z", end: "2026-12-01T00:00:00Z" };
    const answer = await call("POST", "/analytics/query", {
      metrics: ["request_count", "total_usage"],
      time_range: range,
      ...body,
    });
    return { ...answer, analytics: answer.status === 200 ? Analytics.parse(answer.one) : undefined };
  };
  return { openRouter, clock, call, query };
}

describe("keys", () => {
  test("the secret is told once, at creation; nothing else shows it, and its hash is the id", async () => {
    const { call, openRouter } = open();
    const made = await call("POST", "/keys", { name: "fleet:sandbox:tn_a", limit: 20, limit_reset: "monthly" });
    expect(made.status).toBe(201);
    expect(made.key).toMatch(/^sk-or-v1-[0-9a-f]{64}$/);
    expect(made.one).toMatchObject({
      name: "fleet:sandbox:tn_a",
      limit: 20,
      limit_remaining: 20,
      limit_reset: "monthly",
      disabled: false,
      usage: 0,
    });
    const everything = [
      (await call("GET", "/keys")).raw,
      (await call("GET", `/keys/${made.hash}`)).raw,
      openRouter.state(),
      openRouter.snapshot(),
    ];
    expect(JSON.stringify(everything)).not.toContain(made.key);
    expect(openRouter.findKey(made.key)).toMatchObject({ hash: made.hash, name: "fleet:sandbox:tn_a" });
    expect(openRouter.findKey("sk-or-v1-other")).toBeUndefined();
  });

  test("a name can be taken twice: nothing makes a creation idempotent", async () => {
    const { call } = open();
    const [one, two] = [await call("POST", "/keys", { name: "same" }), await call("POST", "/keys", { name: "same" })];
    expect(one.hash).not.toBe(two.hash);
    expect((await call("GET", "/keys")).many).toHaveLength(2);
  });

  test("100 a page by offset, newest first; disabled ones only where asked for", async () => {
    const { call } = open();
    for (let index = 0; index < 101; index += 1) await call("POST", "/keys", { name: `k${index}` });
    const [first, second] = [await call("GET", "/keys"), await call("GET", "/keys?offset=100")];
    expect([first.many.length, second.many.length]).toEqual([100, 1]);
    expect([first.many[0]?.name, second.many[0]?.name]).toEqual(["k100", "k0"]);
    await call("PATCH", `/keys/${String(first.many[0]?.hash)}`, { disabled: true });
    expect((await call("GET", "/keys?offset=100")).many).toHaveLength(0);
    expect((await call("GET", "/keys?offset=100&include_disabled=true")).many).toHaveLength(1);
  });

  test("an update changes what it names, a deleted key is gone, wrong bodies say all that is wrong", async () => {
    const { call } = open();
    const { hash } = await call("POST", "/keys", { name: "a", limit: 5, limit_reset: "daily" });
    expect((await call("PATCH", `/keys/${hash}`, { limit: 7 })).one).toMatchObject({ name: "a", limit: 7, limit_reset: "daily" });
    expect((await call("PATCH", `/keys/${hash}`, { limit: null, limit_reset: null })).one).toMatchObject({
      limit: null,
      limit_remaining: null,
    });
    expect((await call("DELETE", `/keys/${hash}`)).raw).toEqual({ deleted: true });
    expect((await call("GET", `/keys/${hash}`)).error).toEqual({ code: 404, message: "API key not found" });
    const wrong = await call("POST", "/keys", { limit: -1, limit_reset: "hourly" });
    expect(wrong.status).toBe(400);
    for (const field of ["name", "limit", "limit_reset"]) expect(wrong.error?.message).toContain(field);
  });

  test("a model key manages nothing, a management key calls no model, an unknown one is nobody", async () => {
    const { call } = open();
    const { key } = await call("POST", "/keys", { name: "a" });
    for (const path of ["/keys", "/analytics/meta", "/credits"])
      expect((await call("GET", path, undefined, key)).status).toBe(403);
    expect((await call("POST", "/chat/completions", { messages: [{ role: "user", content: "hi" }] })).status).toBe(403);
    expect((await call("GET", "/keys", undefined, "sk-or-v1-nobody")).status).toBe(401);
    expect((await call("GET", "/key", undefined, key)).one).toMatchObject({ is_management_key: false, usage: 0 });
    expect((await call("GET", "/key")).one).toMatchObject({ is_management_key: true });
  });
});

describe("calls", () => {
  const message = { model: "m/x", messages: [{ role: "user", content: "hi" }] };

  test("count and cost against the limit, which comes back with the period", async () => {
    const { call, clock } = open({ settings: { callCostMicros: 600_000 } });
    const made = await call("POST", "/keys", { name: "a", limit: 1, limit_reset: "monthly" });
    expect((await call("POST", "/chat/completions", message, made.key)).status).toBe(200);
    expect((await call("GET", `/keys/${made.hash}`)).one).toMatchObject({
      usage: 0.6,
      usage_daily: 0.6,
      usage_monthly: 0.6,
      limit_remaining: 0.4,
    });
    expect((await call("POST", "/chat/completions", message, made.key)).status).toBe(200);
    expect((await call("POST", "/chat/completions", message, made.key)).error?.message).toContain(
      "Key limit exceeded (monthly limit)",
    );
    clock.time = Date.parse("2026-12-01T00:00:00Z");
    expect((await call("POST", "/chat/completions", message, made.key)).status).toBe(200);
    expect((await call("GET", "/credits")).one).toEqual({ total_credits: 10_000, total_usage: 1.8 });
  });

  test("a disabled, expired or deleted key makes none", async () => {
    const { call, openRouter, clock } = open();
    const made = await call("POST", "/keys", { name: "a", expires_at: "2026-12-01T00:00:00Z" });
    expect(openRouter.recordCalls(made.key, startMs, 3, 5_000n)).toBe("recorded");
    await call("PATCH", `/keys/${made.hash}`, { disabled: true });
    expect(openRouter.recordCalls(made.hash, startMs, 1, 0)).toBe("disabled");
    expect((await call("POST", "/chat/completions", message, made.key)).status).toBe(401);
    await call("PATCH", `/keys/${made.hash}`, { disabled: false });
    clock.time = Date.parse("2026-12-01T00:00:00Z");
    expect(openRouter.recordCalls(made.hash, clock.time, 1, 0)).toBe("expired");
    await call("DELETE", `/keys/${made.hash}`);
    expect(openRouter.recordCalls(made.hash, startMs, 1, 0)).toBe("unknown key");
  });
});

describe("analytics", () => {
  async function used() {
    const bench = open();
    const one = await bench.call("POST", "/keys", { name: "fleet:sandbox:tn_a" });
    const two = await bench.call("POST", "/keys", { name: "fleet:sandbox:tn_b" });
    const at = startMs - 2 * hour;
    bench.openRouter.recordCalls(one.hash, at + 10_000, 2, 100_000n);
    bench.openRouter.recordCalls(one.hash, at + 50_000, 1, 50_000n);
    bench.openRouter.recordCalls(one.hash, at + 60_000, 4, 0n);
    bench.openRouter.recordCalls(two.key, at, 1, 1n);
    return { ...bench, one, two };
  }
  const byMinute = {
    dimensions: ["api_key_id"],
    granularity: "minute",
    time_range: { start: "2026-11-30T09:00:00Z", end: "2026-11-30T12:00:00Z" },
  };

  test("rows by key and minute, newest first: counts as strings, cost as a number, the key by its name", async () => {
    const { query } = await used();
    const { analytics } = await query(byMinute);
    expect(analytics?.data).toHaveLength(3);
    expect(analytics?.data[0]).toEqual({
      date__minute: "2026-11-30T10:01:00.000Z",
      api_key_id: "fleet:sandbox:tn_a",
      request_count: "4",
      total_usage: 0,
    });
    expect(analytics?.data).toContainEqual({
      date__minute: "2026-11-30T10:00:00.000Z",
      api_key_id: "fleet:sandbox:tn_a",
      request_count: "3",
      total_usage: 0.15,
    });
    expect(analytics?.metadata).toMatchObject({ row_count: 3, truncated: false });
  });

  test("other granularities, totals, and the end of a range is not in it", async () => {
    const { query } = await used();
    const hours = await query({ dimensions: ["api_key_id"], granularity: "hour" });
    expect(hours.analytics?.data).toContainEqual(
      expect.objectContaining({ date__hour: "2026-11-30T10:00:00.000Z", request_count: "7" }),
    );
    expect((await query({})).analytics?.data).toEqual([{ request_count: "8", total_usage: 0.150001 }]);
    const cut = await query({ ...byMinute, time_range: { start: "2026-11-30T10:00:00Z", end: "2026-11-30T10:01:00Z" } });
    expect(cut.analytics?.data).toHaveLength(2);
  });

  test("filters take the key's hash; a name resolves to nothing, with a warning; a deleted key keeps its name", async () => {
    const { query, one, call } = await used();
    const filter = (value: string) => query({ filters: [{ field: "api_key_id", operator: "eq", value }] });
    expect((await filter(one.hash)).analytics?.data).toMatchObject([{ request_count: "7" }]);
    const byName = await filter("fleet:sandbox:tn_a");
    expect(byName.analytics?.data).toEqual([]);
    expect(byName.analytics?.warnings).toHaveLength(1);
    await call("DELETE", `/keys/${one.hash}`);
    expect((await query(byMinute)).analytics?.data[0]?.api_key_id).toBe("fleet:sandbox:tn_a");
  });

  test("a call shows up a minute later", async () => {
    const { openRouter, query, clock, one } = await used();
    openRouter.recordCalls(one.hash, startMs, 1, 0n);
    expect((await query({})).analytics?.data).toMatchObject([{ request_count: "8" }]);
    clock.time += 60_000;
    expect((await query({})).analytics?.data).toMatchObject([{ request_count: "9" }]);
  });

  test("an answer that was cut says so", async () => {
    const { query } = await used();
    expect((await query({ ...byMinute, limit: 2 })).analytics?.metadata).toMatchObject({ row_count: 2, truncated: true });
  });

  test("an answer from the cache is old and says since when", async () => {
    const { openRouter, query, clock, one } = await used();
    openRouter.configure?.({ analyticsCacheSeconds: 300 });
    await query({});
    openRouter.recordCalls(one.hash, startMs - hour, 1, 0n);
    clock.time += 299_000;
    expect((await query({})).analytics).toMatchObject({ cachedAt: startMs, data: [{ request_count: "8" }] });
    clock.time += 1_000;
    const fresh = await query({});
    expect(fresh.analytics?.data).toMatchObject([{ request_count: "9" }]);
    expect(fresh.analytics?.cachedAt).toBeUndefined();
  });

  test("wrong queries are refused: names, times without seconds, ranges over 365 days, the wrong way round", async () => {
    const { query } = await used();
    expect((await query({ metrics: ["requests"] })).status).toBe(400);
    expect((await query({ dimensions: ["tenant"] })).status).toBe(400);
    expect((await query({ time_range: { start: "2026-11-30T10:00Z", end: "2026-11-30T11:00Z" } })).error?.message).toContain(
      "seconds",
    );
    expect(
      (await query({ time_range: { start: "2025-11-01T00:00:00Z", end: "2026-11-30T00:00:00Z" } })).error?.message,
    ).toContain("365");
    expect((await query({ time_range: { start: "2026-11-30T00:00:00Z", end: "2026-11-29T00:00:00Z" } })).status).toBe(400);
  });

  test("minutes are refused in windows of more than three hours, unless the switch says otherwise", async () => {
    const { query, openRouter } = await used();
    const wide = { ...byMinute, time_range: { start: "2026-11-30T08:59:59Z", end: "2026-11-30T12:00:00Z" } };
    expect((await query(wide)).error?.message).toContain("3 hours");
    expect((await query(byMinute)).status).toBe(200);
    openRouter.configure?.({ minuteWindowHours: null });
    expect((await query(wide)).status).toBe(200);
  });

  test("the 65th query of a minute is refused, with retry-after", async () => {
    const { query, clock } = await used();
    for (let index = 0; index < 64; index += 1) expect((await query({})).status).toBe(200);
    clock.time += 20_000;
    const refused = await query({});
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "40"]);
    clock.time += 40_000;
    expect((await query({})).status).toBe(200);
  });

  test("meta lists what a query may name", async () => {
    const { call } = open();
    const meta = JSON.stringify((await call("GET", "/analytics/meta")).one);
    for (const name of ["request_count", "total_usage", "api_key_id", "minute", "not_in"])
      expect(meta).toContain(`"name":"${name}"`);
  });
});

describe("the emulator itself", () => {
  test("a snapshot brought back gives the same state and knows the same secrets", async () => {
    const { call, openRouter, clock } = open();
    const { key, hash } = await call("POST", "/keys", { name: "a", limit: 3 });
    openRouter.recordCalls(key, startMs, 2, 10n);
    const saved: unknown = JSON.parse(JSON.stringify(openRouter.snapshot()));
    const other = createOpenRouter({ clock, random: () => 0.5 });
    other.restore(saved);
    expect(other.state()).toEqual(openRouter.state());
    expect(other.findKey(key)?.hash).toBe(hash);
  });

  test("seeds take keys by hash or secret and calls; wrong ones change nothing", async () => {
    const { call, openRouter } = open();
    openRouter.seed({
      keys: [
        { name: "a", secret: "sk-or-v1-given" },
        { name: "b", hash: "f".repeat(64), limit: 1 },
      ],
      calls: [
        { api_key_hash: "f".repeat(64), at: startMs, cost_micros: 3 },
        { api_key_hash: "f".repeat(64), at: "2026-11-30T12:00:00Z", cost_micros: 2 },
      ],
    });
    expect(openRouter.findKey("sk-or-v1-given")?.name).toBe("a");
    expect((await call("GET", `/keys/${"f".repeat(64)}`)).one).toMatchObject({ name: "b", usage: 0.000005 });
    const before = openRouter.state();
    expect(() => openRouter.seed({ keys: [{ name: "c" }], more: [] })).toThrow(/more.*hash/s);
    expect(openRouter.state()).toEqual(before);
    expect(() => openRouter.seed({ calls: [{ api_key_hash: "f".repeat(64), at: "noon" }] })).toThrow(/calls\.0\.at/);
  });

  test("what the state shows can be sent back as a seed", async () => {
    const { call, openRouter } = open();
    const kept = await call("POST", "/keys", { name: "kept" });
    const gone = await call("POST", "/keys", { name: "gone" });
    openRouter.recordCalls(kept.hash, startMs, 2, 10n);
    await call("DELETE", `/keys/${gone.hash}`);
    const other = open();
    other.openRouter.seed(openRouter.state());
    expect(other.openRouter.state()).toEqual(openRouter.state());
  });

  test("operations are named with ids as :id", () => {
    const { openRouter } = open();
    expect(openRouter.operation({ method: "GET", path: `/api/v1/keys/${"a".repeat(64)}?x=1`, body: "" })).toBe(
      "GET /api/v1/keys/:id",
    );
  });
});
