/** Use and cost of the tenants' model keys: one question covers the whole fleet.
 *  OpenRouter gives minutes only for windows of at most three hours, so hours are asked first, in one call for the whole gap: they carry the
 *  cost, and an hour without a call has no minutes to ask for. Minutes are asked only around hours in which one of the stack's keys was used. */
import { dayMs, hourMs, minuteMs } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { findMarker } from "../../domain/marker.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import type { Interval } from "../rules/interval.ts";
import type { ModelPort, ModelUse, ModelUses } from "./ports.ts";

/** How long after a call it shows is not documented; an hour is sealed no earlier than this. */
export const settleMs = 15 * minuteMs;
export const retentionMs = 364 * dayMs;
/** The widest window for minutes by OpenRouter's guide of 2026. */
export const widestMinuteWindowMs = 3 * hourMs;

export interface ModelAnswer {
  readonly minutes: readonly ModelUse[];
  readonly hours: readonly ModelUse[];
  /** To where the answer is complete; its start where it is not complete at all. */
  readonly completeTo: number;
}

/** Requests and cost by the hour for all of the span; the hour that the span begins in is asked for as a whole. */
export function askHours(model: ModelPort, span: Interval): Promise<ModelUses> {
  return model.analytics({ fromMs: Math.floor(span.from / hourMs) * hourMs, toMs: span.to, granularity: "hour" });
}

/** The span by the minute, where `hours` (which must reach over it) show use of this stack's keys. A cut answer says nothing of what is
 *  not in it; one from a cache is as old as its making. */
export async function askMinutes(
  model: ModelPort,
  stack: string,
  hours: ModelUses,
  span: Interval,
  settledTo: number,
): Promise<ModelAnswer> {
  const minutes: ModelUse[] = [];
  let completeTo = hours.complete ? settled(hours, settledTo) : span.from;
  for (const window of windowsOf(usedHours(hours.rows, stack, span), span)) {
    const answer = await model.analytics({ fromMs: window.from, toMs: window.to, granularity: "minute" });
    minutes.push(...answer.rows);
    completeTo = Math.min(completeTo, answer.complete ? Math.max(window.from, settled(answer, settledTo)) : window.from);
  }
  const own = hours.rows.filter((row) => row.atMs + hourMs > span.from && row.atMs < span.to);
  return { minutes, hours: own, completeTo: Math.max(span.from, Math.min(span.to, completeTo)) };
}

/** The tenant's line of an answer; keys are named by their marker. */
export function modelUseOf(answer: ModelAnswer, stack: string, uid: TenantUid, span: Interval): LedgerLine {
  const own = (rows: readonly ModelUse[]) =>
    rows.filter((row) => {
      const mark = findMarker(row.keyName);
      return mark?.stack === stack && mark.uid === uid && row.requestCount > 0;
    });
  const spent = new Map<number, number>();
  // A tenant may have had several keys.
  for (const { atMs, usage } of own(answer.hours)) spent.set(atMs, (spent.get(atMs) ?? 0) + Number(usage.amountMicros));
  return {
    source: "model",
    from: span.from,
    to: Math.max(span.from, answer.completeTo),
    minutes: own(answer.minutes).map((row) => row.atMs),
    spent: [...spent],
  };
}

function settled({ cachedAtMs }: ModelUses, settledTo: number): number {
  return cachedAtMs === null ? settledTo : Math.min(settledTo, cachedAtMs - settleMs);
}

function usedHours(rows: readonly ModelUse[], stack: string, span: Interval): number[] {
  const used = rows.filter((row) => row.requestCount > 0 && findMarker(row.keyName)?.stack === stack).map((row) => row.atMs);
  return [...new Set(used)].filter((at) => at + hourMs > span.from && at < span.to).sort((one, other) => one - other);
}

/** As few windows as reach over the hours. */
function windowsOf(hours: readonly number[], span: Interval): Interval[] {
  const windows: Interval[] = [];
  for (const hour of hours) {
    const last = windows.at(-1);
    const end = Math.min(span.to, hour + hourMs);
    if (last && end - last.from <= widestMinuteWindowMs) windows[windows.length - 1] = { from: last.from, to: end };
    // Rows begin with their minute: a span that begins within one asks for all of it.
    else windows.push({ from: Math.max(Math.floor(span.from / minuteMs) * minuteMs, hour), to: end });
  }
  return windows;
}
