/** What a key has used, and whether it may go on. */
import type { Calls, Core, ModelKey } from "./state.ts";

const day = 86_400_000;

export interface Usage {
  readonly usage: number;
  readonly usage_daily: number;
  readonly usage_weekly: number;
  readonly usage_monthly: number;
}

/** Dollars in all, in this UTC day, in this week from Monday, in this calendar month; days after it do not count. */
export function usageOf(core: Core, hash: string, atMs: number): Usage {
  const micros = { usage: 0, usage_daily: 0, usage_weekly: 0, usage_monthly: 0 };
  const today = periodStart("daily", atMs);
  for (const [start, used] of daysOf(core.state.calls).get(hash) ?? []) {
    if (start > today) continue;
    micros.usage += used;
    if (start === today) micros.usage_daily += used;
    if (start >= periodStart("weekly", atMs)) micros.usage_weekly += used;
    if (start >= periodStart("monthly", atMs)) micros.usage_monthly += used;
  }
  return {
    usage: micros.usage / 1e6,
    usage_daily: micros.usage_daily / 1e6,
    usage_weekly: micros.usage_weekly / 1e6,
    usage_monthly: micros.usage_monthly / 1e6,
  };
}

/** Sums by key and day, so that a played month does not cost a look at all its calls with each call. Calls are only ever added to a list. */
const summed = new WeakMap<readonly Calls[], { seen: number; days: Map<string, Map<number, number>> }>();

function daysOf(calls: readonly Calls[]): Map<string, Map<number, number>> {
  const held = summed.get(calls) ?? { seen: 0, days: new Map<string, Map<number, number>>() };
  summed.set(calls, held);
  for (const one of calls.slice(held.seen)) {
    const days = held.days.get(one.api_key_hash) ?? new Map<number, number>();
    const start = periodStart("daily", one.at);
    days.set(start, (days.get(start) ?? 0) + one.cost_micros);
    held.days.set(one.api_key_hash, days);
  }
  held.seen = calls.length;
  return held.days;
}

/** Dollars left of the limit in its present period; null without limit. */
export function remaining(core: Core, key: ModelKey, atMs: number): number | null {
  if (key.limit === null) return null;
  const usage = usageOf(core, key.hash, atMs);
  const used = key.limit_reset === null ? usage.usage : usage[`usage_${key.limit_reset}`];
  return Math.max(0, Math.round((key.limit - used) * 1e6) / 1e6);
}

export type Standing = "good" | "disabled" | "expired" | "over limit";

export function standing(core: Core, key: ModelKey, atMs: number): Standing {
  if (key.disabled) return "disabled";
  if (key.expires_at !== null && Date.parse(key.expires_at) <= atMs) return "expired";
  return remaining(core, key, atMs) === 0 ? "over limit" : "good";
}

/** When the present period of a resetting limit began, UTC. */
export function periodStart(reset: "daily" | "weekly" | "monthly", atMs: number): number {
  const midnight = Math.floor(atMs / day) * day;
  const date = new Date(midnight);
  switch (reset) {
    case "daily":
      return midnight;
    case "weekly":
      return midnight - ((date.getUTCDay() + 6) % 7) * day;
    case "monthly":
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  }
}
