/** `metrics`: gauge values per bucket of the sample rate, stamped with the bucket's start. */
import type { Ask, Field } from "./access.ts";
import { badInput } from "./errors.ts";
import { gridMs, gridOf } from "./samples.ts";
import { checkScope, dateOf, type Group, groupsOf, type ScopeArguments } from "./scope.ts";
import type { Store } from "./store.ts";

const dayMs = 86_400_000;
const keptDays = 30;
const coarseSeconds = 3_600;

interface MetricsArguments extends ScopeArguments {
  readonly startDate: unknown;
  readonly endDate?: unknown;
  readonly measurements: readonly string[];
  readonly sampleRateSeconds?: number | null;
  readonly averagingWindowSeconds?: number | null;
}

export const metricQueries = {
  metrics(args: MetricsArguments, ask: Ask) {
    const { store } = ask;
    checkScope(ask, args);
    if (
      ![args.projectId, args.environmentId, args.serviceId, args.workspaceId, args.volumeId, args.volumeInstanceExternalId].some(
        Boolean,
      )
    )
      throw badInput("projectId, environmentId, serviceId, workspaceId or a volume is needed");
    const now = store.now();
    const endMs = Math.min(args.endDate ? dateOf(args.endDate, "endDate") : now, now);
    const startMs = Math.max(dateOf(args.startDate, "startDate"), now - keptDays * dayMs);
    const rate = Math.max(30, Math.round(args.sampleRateSeconds ?? defaultRate(endMs - startMs)));
    return args.measurements.flatMap((measurement) =>
      groupsOf(ask, args, measurement, now).flatMap((group) => {
        const values = startMs < endMs ? series(store, group, startMs, endMs, rate) : [];
        return values.length > 0 || store.settings.emptySeries === "empty" ? [{ measurement, tags: group.tags, values }] : [];
      }),
    );
  },
} satisfies Record<string, Field>;

/** Averages of the raw samples that exist in each bucket; buckets without any are left out. Buckets begin inside `[startMs, endMs)`. */
function series(store: Store, group: Group, startMs: number, endMs: number, rate: number): { ts: number; value: number }[] {
  const fineFromMs = store.now() - store.settings.fineRatesKeptDays * dayMs;
  if (startMs < fineFromMs && rate < coarseSeconds) {
    const splitMs = Math.min(endMs, Math.ceil(fineFromMs / (coarseSeconds * 1_000)) * coarseSeconds * 1_000);
    const old = buckets(store, group, startMs, splitMs, coarseSeconds);
    return splitMs < endMs ? [...old, ...buckets(store, group, splitMs, endMs, rate)] : old;
  }
  return buckets(store, group, startMs, endMs, rate);
}

function buckets(store: Store, group: Group, startMs: number, endMs: number, rate: number): { ts: number; value: number }[] {
  const rateMs = rate * 1_000;
  const firstMs = Math.ceil(startMs / rateMs) * rateMs;
  const limitMs = Math.min(Math.ceil(endMs / rateMs) * rateMs, store.now() - store.settings.sampleDelayMs);
  const [from, to] = gridOf({ fromMs: firstMs, toMs: limitMs });
  if (to <= from) return [];
  const sums = new Float64Array(to - from);
  const sampled = new Uint8Array(to - from);
  for (const source of group.sources) {
    for (const interval of source.present) {
      const [first, last] = gridOf(interval);
      for (let k = Math.max(first, from); k < Math.min(last, to); k += 1) {
        sums[k - from] = (sums[k - from] ?? 0) + source.value(k);
        sampled[k - from] = 1;
      }
    }
    if (store.settings.sleepShows !== "zeros") continue;
    for (const interval of source.asleep) {
      const [first, last] = gridOf(interval);
      sampled.fill(1, Math.max(Math.min(first, to) - from, 0), Math.max(Math.min(last, to) - from, 0));
    }
  }
  const values: { ts: number; value: number }[] = [];
  let bucket = -1;
  let sum = 0;
  let count = 0;
  const close = () => {
    if (count > 0) values.push({ ts: bucket * rate, value: sum / count });
    sum = 0;
    count = 0;
  };
  for (let index = 0; index < sampled.length; index += 1) {
    if (sampled[index] === 0) continue;
    const inBucket = Math.floor(((from + index) * gridMs) / rateMs);
    if (inBucket !== bucket) close();
    bucket = inBucket;
    sum += sums[index] ?? 0;
    count += 1;
  }
  close();
  return values;
}

/** The rates that Railway's own dashboard asks for. */
function defaultRate(rangeMs: number): number {
  if (rangeMs <= dayMs / 24) return 30;
  if (rangeMs <= dayMs / 4) return 60;
  if (rangeMs <= dayMs) return 240;
  return rangeMs <= 7 * dayMs ? 3_600 : 14_400;
}
