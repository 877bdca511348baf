/** OpenRouter's analytics (called beta in its documentation): requests and cost by key and minute. */
import { z } from "zod";
import { hourMs, minuteMs } from "../../domain/hour.ts";
import type { Money } from "../../domain/money.ts";

export interface AnalyticsQuery {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Minutes are refused for windows of more than three hours (the vendor's guide of 2026). */
  readonly granularity: "minute" | "hour";
}

export interface AnalyticsRow {
  /** Start of the minute or hour. */
  readonly atMs: number;
  /** The key's name: the vendor's column `api_key_id` holds names. */
  readonly keyName: string;
  readonly requestCount: number;
  readonly usage: Money;
}

export interface Analytics {
  /** In order of time, then of name. */
  readonly rows: readonly AnalyticsRow[];
  /** False when the vendor cut even the smallest answer: such an answer says nothing about what is not in it. */
  readonly complete: boolean;
  /** When the oldest part of the answer was made, if the vendor took it from a cache. */
  readonly cachedAtMs: number | null;
}

const count = z.union([z.string().regex(/^\d+$/), z.int().nonnegative()]).transform(Number);
const Row = z
  .object({ api_key_id: z.string().nullable(), request_count: count, total_usage: z.coerce.number().nonnegative() })
  .catchall(z.unknown());
const Answer = z.object({
  data: z.object({
    data: z.array(Row),
    metadata: z.object({ truncated: z.boolean().optional() }).optional(),
    cachedAt: z.union([z.string(), z.number()]).nullable().optional(),
  }),
});
type Answer = z.infer<typeof Answer>;
const rowLimit = 10_000;

/** Asks for the range, and for its halves where an answer is cut. `ask` sends the body and checks the answer. */
export async function readAnalytics(
  query: AnalyticsQuery,
  ask: (body: unknown, schema: z.ZodType<Answer>) => Promise<Answer>,
): Promise<Analytics> {
  const { data } = await ask(
    {
      metrics: ["request_count", "total_usage"],
      dimensions: ["api_key_id"],
      granularity: query.granularity,
      time_range: { start: seconds(query.fromMs), end: seconds(query.toMs) },
      limit: rowLimit,
    },
    Answer,
  );
  if (data.metadata?.truncated || data.data.length >= rowLimit) {
    const step = query.granularity === "minute" ? minuteMs : hourMs;
    const middle = query.fromMs + Math.floor((query.toMs - query.fromMs) / 2 / step) * step;
    if (middle > query.fromMs && middle < query.toMs) {
      const halves = [
        await readAnalytics({ ...query, toMs: middle }, ask),
        await readAnalytics({ ...query, fromMs: middle }, ask),
      ];
      return {
        rows: halves.flatMap(({ rows }) => rows),
        complete: halves.every(({ complete }) => complete),
        cachedAtMs: earliest(halves.map(({ cachedAtMs }) => cachedAtMs)),
      };
    }
    return { rows: rowsOf(data.data, query), complete: false, cachedAtMs: epoch(data.cachedAt) };
  }
  return { rows: rowsOf(data.data, query), complete: true, cachedAtMs: epoch(data.cachedAt) };
}

function rowsOf(rows: readonly z.infer<typeof Row>[], query: AnalyticsQuery): AnalyticsRow[] {
  return (
    rows
      .map((row) => {
        const atMs = epoch(row[`date__${query.granularity}`]);
        if (atMs === null) throw new Error(`OpenRouter's analytics gave a row without a readable date__${query.granularity}`);
        const amountMicros = BigInt(Math.round(row.total_usage * 1_000_000));
        return {
          atMs,
          keyName: row.api_key_id ?? "",
          requestCount: row.request_count,
          usage: { amountMicros, currency: "usd" as const },
        };
      })
      // The vendor's range may be inclusive at its end; halves must not count a minute twice.
      .filter(({ atMs }) => atMs >= query.fromMs && atMs < query.toMs)
      .sort((left, right) => left.atMs - right.atMs || (left.keyName < right.keyName ? -1 : 1))
  );
}

/** The vendor wants seconds and no fraction. */
function seconds(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** Times come with and without a zone; all are UTC. */
function epoch(value: unknown): number | null {
  if (typeof value === "number") return value < 100_000_000_000 ? value * 1000 : value;
  if (typeof value !== "string") return null;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`;
  const at = Date.parse(zoned.replace(" ", "T"));
  return Number.isNaN(at) ? null : at;
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length ? Math.min(...known) : null;
}
