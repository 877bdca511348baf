/** Use of the tenants' model keys by the minute: one question covers the whole fleet. */
import { dayMs, minuteMs } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { findMarker } from "../../domain/marker.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import type { Interval } from "../rules/interval.ts";
import type { ModelPort, ModelUse } from "./ports.ts";

/** How long after a call it shows is not documented; an hour is sealed no earlier than this. */
export const settleMs = 15 * minuteMs;
export const retentionMs = 364 * dayMs;

export interface ModelAnswer {
  readonly rows: readonly ModelUse[];
  /** To where the answer is complete; its start where it is not complete at all. */
  readonly completeTo: number;
}

/** A cut answer says nothing of what is not in it; one from a cache is as old as its making. */
export async function askModel(model: ModelPort, span: Interval, settledTo: number): Promise<ModelAnswer> {
  const answer = await model.analytics({ fromMs: span.from, toMs: span.to, granularity: "minute" });
  const made = answer.cachedAtMs === null ? settledTo : Math.min(settledTo, answer.cachedAtMs - settleMs);
  return { rows: answer.rows, completeTo: answer.complete ? Math.max(span.from, Math.min(span.to, made)) : span.from };
}

/** The tenant's line of an answer; keys are named by their marker. */
export function modelUseOf(answer: ModelAnswer, stack: string, uid: TenantUid, span: Interval): LedgerLine {
  const own = answer.rows.filter((row) => {
    const mark = findMarker(row.keyName);
    return mark?.stack === stack && mark.uid === uid && row.requestCount > 0;
  });
  return { source: "model", from: span.from, to: Math.max(span.from, answer.completeTo), minutes: own.map((row) => row.atMs) };
}
