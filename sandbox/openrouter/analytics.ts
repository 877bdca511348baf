/** `/api/v1/analytics`: calls by key, model and time (called beta in its documentation; reference: foundations, OpenRouter). */
import { Hono } from "hono";
import { z } from "zod";
import { readBody } from "./keys.ts";
import { type Calls, type Core, Refusal } from "./state.ts";

const day = 86_400_000;
const minute = 60_000;
/** Counts come as strings, money as a number. */
const metrics: Readonly<Record<string, { label: string; format: string; value: (calls: Calls) => number; text: boolean }>> = {
  request_count: { label: "Request Count", format: "number", value: (calls) => calls.count, text: true },
  tokens_total: { label: "Total Tokens", format: "number", value: (calls) => calls.count * 1_200, text: true },
  tokens_prompt: { label: "Prompt Tokens", format: "number", value: (calls) => calls.count * 1_000, text: true },
  tokens_completion: { label: "Completion Tokens", format: "number", value: (calls) => calls.count * 200, text: true },
  total_usage: { label: "Total Usage", format: "currency", value: (calls) => calls.cost_micros, text: false },
  credits_usage: { label: "Credits Usage", format: "currency", value: (calls) => calls.cost_micros, text: false },
};
const dimensions: Readonly<Record<string, string>> = { api_key_id: "API Key", model: "Model" };
const granularities = ["minute", "hour", "day", "week", "month"] as const;
const scalar = ["eq", "neq", "gt", "gte", "lt", "lte"] as const;
const array = ["in", "not_in"] as const;

/** A time with its seconds: `2026-11-30T10:00Z` is refused. */
const When = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/, "an ISO 8601 time with seconds and zone");
const Value = z.union([z.string(), z.number()]);
const Query = z.looseObject({
  metrics: z.array(z.enum(Object.keys(metrics))).min(1),
  dimensions: z
    .array(z.enum(Object.keys(dimensions)))
    .max(2)
    .default([]),
  granularity: z.enum(granularities).optional(),
  time_range: z.object({ start: When, end: When }).optional(),
  filters: z
    .array(
      z.union([
        z.object({ field: z.enum(Object.keys(dimensions)), operator: z.enum(scalar), value: Value }),
        z.object({ field: z.enum(Object.keys(dimensions)), operator: z.enum(array), value: z.array(Value) }),
      ]),
    )
    .max(20)
    .default([]),
  order_by: z.object({ field: z.string(), direction: z.enum(["asc", "desc"]) }).optional(),
  limit: z.number().int().min(1).max(10_000).optional(),
  group_limit: z.number().int().min(1).max(10_000).optional(),
});
type Query = z.infer<typeof Query>;
type Row = Record<string, unknown>;

export function analyticsRoutes(core: Core): Hono {
  const routes = new Hono();
  routes.get("/meta", (context) =>
    context.json({
      data: {
        metrics: Object.entries(metrics).map(([name, { label, format }]) => ({
          name,
          display_label: label,
          is_rate: false,
          display_format: format,
        })),
        dimensions: Object.entries(dimensions).map(([name, label]) => ({ name, display_label: label })),
        operators: [
          ...scalar.map((name) => ({ name, value_type: "scalar" })),
          ...array.map((name) => ({ name, value_type: "array" })),
        ],
        granularities: granularities.map((name) => ({ name, display_label: `${name[0]?.toUpperCase()}${name.slice(1)}` })),
      },
    }),
  );
  routes.post("/query", async (context) => {
    takeQuery(core);
    const query = await readBody(context, Query);
    const { start, end } = rangeOf(core, query);
    const name = JSON.stringify(query);
    const now = core.now();
    const held = core.state.answers[name];
    const cached = held !== undefined && now - held.at < core.settings.analyticsCacheSeconds * 1_000 ? held : undefined;
    const { rows, truncated } = cached ?? answer(core, query, start, end);
    core.state.answers = Object.fromEntries(
      Object.entries(core.state.answers).filter(([, other]) => now - other.at < core.settings.analyticsCacheSeconds * 1_000),
    );
    if (!cached && core.settings.analyticsCacheSeconds > 0) core.state.answers[name] = { at: now, rows, truncated };
    const warnings = unresolved(core, query);
    return context.json({
      data: {
        data: rows,
        metadata: { query_time_ms: 12, row_count: rows.length, truncated },
        ...(cached && { cachedAt: cached.at }),
        ...(warnings.length > 0 && { warnings }),
      },
    });
  });
  return routes;
}

function takeQuery(core: Core): void {
  const now = core.now();
  if (now - core.state.queries.since >= minute) core.state.queries = { since: now, taken: 0 };
  if (core.state.queries.taken >= core.settings.analyticsQueriesPerMinute) {
    const seconds = Math.ceil((core.state.queries.since + minute - now) / 1_000);
    throw new Refusal(429, "Rate limit exceeded", { "retry-after": String(seconds) });
  }
  core.state.queries.taken += 1;
}

/** The range `[start, end)`; the last seven days where none is named. */
function rangeOf(core: Core, query: Query): { start: number; end: number } {
  const now = core.now();
  const start = query.time_range ? Date.parse(query.time_range.start) : now - 7 * day;
  const end = query.time_range ? Date.parse(query.time_range.end) : now;
  if (!(start < end)) throw new Refusal(400, "time_range: start must be before end");
  if (end - start > 365 * day) throw new Refusal(400, "time_range: at most 365 days");
  const widest = core.settings.minuteWindowHours;
  if (query.granularity === "minute" && widest !== null && end - start > widest * 60 * minute)
    throw new Refusal(400, `Minute granularity is only available when the time window is at most ${widest} hours`);
  return { start, end };
}

function answer(core: Core, query: Query, start: number, end: number): { rows: Row[]; truncated: boolean } {
  const known = core.now() - core.settings.analyticsDelaySeconds * 1_000;
  const groups = new Map<string, { at: number; head: Row; sums: Record<string, number> }>();
  for (const calls of core.state.calls) {
    if (calls.at < start || calls.at >= end || calls.at > known || !passes(query, calls)) continue;
    const at = query.granularity === undefined ? start : bucketStart(query.granularity, calls.at);
    const parts = query.dimensions.map((dimension) => [
      dimension,
      dimension === "model" ? calls.model : nameOf(core, calls.api_key_hash),
    ]);
    const head: Row = {
      ...(query.granularity !== undefined && { [`date__${query.granularity}`]: new Date(at).toISOString() }),
      ...Object.fromEntries(parts),
    };
    const key = JSON.stringify(head);
    const group = groups.get(key) ?? { at, head, sums: {} };
    for (const metric of query.metrics) group.sums[metric] = (group.sums[metric] ?? 0) + (metrics[metric]?.value(calls) ?? 0);
    groups.set(key, group);
  }
  const sorted = [...groups.values()].sort(order(query));
  const perGroup = new Map<string, number>();
  const kept = sorted.filter(({ head }) => {
    if (query.group_limit === undefined || query.dimensions.length === 0) return true;
    const key = JSON.stringify(query.dimensions.map((dimension) => head[dimension]));
    perGroup.set(key, (perGroup.get(key) ?? 0) + 1);
    return (perGroup.get(key) ?? 0) <= query.group_limit;
  });
  // The server raises a limit that was not named so far as a time series by key needs.
  const limit = query.limit ?? (query.granularity !== undefined && query.dimensions.length > 0 ? 10_000 : 1_000);
  const rows = kept.slice(0, limit).map(({ head, sums }) => ({
    ...head,
    ...Object.fromEntries(
      query.metrics.map((metric) => [metric, metrics[metric]?.text ? String(sums[metric] ?? 0) : (sums[metric] ?? 0) / 1e6]),
    ),
  }));
  return { rows, truncated: kept.length > limit };
}

function order(query: Query) {
  const { field, direction } = query.order_by ?? { field: "date", direction: "desc" as const };
  const value = ({ at, head, sums }: { at: number; head: Row; sums: Record<string, number> }) =>
    field === "date" || field === `date__${query.granularity}` ? at : (sums[field] ?? String(head[field] ?? ""));
  return (one: Parameters<typeof value>[0], other: Parameters<typeof value>[0]) => {
    const [a, b] = [value(one), value(other)];
    return (a < b ? -1 : a > b ? 1 : 0) * (direction === "asc" ? 1 : -1);
  };
}

/** Filters take a key's hash, though rows show its name. */
function passes(query: Query, calls: Calls): boolean {
  return query.filters.every((filter) => meets(filter, calls));
}

function meets(filter: Query["filters"][number], calls: Calls): boolean {
  const value = filter.field === "model" ? calls.model : calls.api_key_hash;
  const same = (other: string | number) => String(other) === value;
  switch (filter.operator) {
    case "eq":
      return same(filter.value);
    case "neq":
      return !same(filter.value);
    case "in":
      return filter.value.some(same);
    case "not_in":
      return !filter.value.some(same);
    case "gt":
      return value > String(filter.value);
    case "gte":
      return value >= String(filter.value);
    case "lt":
      return value < String(filter.value);
    case "lte":
      return value <= String(filter.value);
  }
}

/** A hash that nobody has gives no rows and no error, only a warning. */
function unresolved(core: Core, query: Query): string[] {
  const known = new Set([...core.state.keys, ...core.state.deletedKeys].map((key) => key.hash));
  const asked = query.filters.flatMap((filter) =>
    filter.field === "api_key_id" ? (Array.isArray(filter.value) ? filter.value : [filter.value]).map(String) : [],
  );
  return asked.filter((hash) => !known.has(hash)).map((hash) => `api_key_id "${hash}" could not be resolved`);
}

/** Rows carry a key's name, also after it was deleted. */
function nameOf(core: Core, hash: string): string {
  return [...core.state.keys, ...core.state.deletedKeys].find((key) => key.hash === hash)?.name ?? hash;
}

function bucketStart(granularity: (typeof granularities)[number], atMs: number): number {
  const midnight = Math.floor(atMs / day) * day;
  const date = new Date(midnight);
  switch (granularity) {
    case "minute":
      return Math.floor(atMs / minute) * minute;
    case "hour":
      return Math.floor(atMs / (60 * minute)) * 60 * minute;
    case "day":
      return midnight;
    case "week":
      return midnight - ((date.getUTCDay() + 6) % 7) * day;
    case "month":
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
}
