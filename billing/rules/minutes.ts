import { hourMs, minuteMs } from "../../domain/hour.ts";
import { contains, coveredSince, firstEndingAfter, lowerBound, type Union } from "./interval.ts";
import type { Reading } from "./reading.ts";

/** What metrics say of a minute. */
export const minuteState = { unmeasured: 0, asleep: 1, awake: 2 } as const;

/** The minutes of one hour; every array but `states` has one entry for each of the 60, 1 for yes. */
export interface HourMinutes {
  /** Start of the hour. */
  readonly start: number;
  /** `minuteState` of the 60 minutes. */
  readonly states: Uint8Array;
  /** The minute shares no time with off time. */
  readonly judged: Uint8Array;
  readonly explained: Uint8Array;
  readonly undecided: Uint8Array;
}

/** What is known of each minute of the hour that begins at `start`. */
export function minutesOf(reading: Reading, start: number): HourMinutes {
  const { rule } = reading;
  // One minute before the hour, and as many as the quiet tail may have to look at.
  const around = statesFrom(reading, start / minuteMs - 1, Math.max(60, rule.quietTailMinutes + 1) + 1);
  const states = around.subarray(1, 61);
  const judged = new Uint8Array(60).fill(1);
  markSharing(reading.evidence.off, start, judged, 0);
  const explained = new Uint8Array(60);
  const undecided = new Uint8Array(60);
  for (let i = 0; i < 60; i++) {
    if (states[i] === minuteState.awake && contains(reading.explained, start + i * minuteMs)) explained[i] = 1;
  }
  applyQuietTail(reading, start, around, explained, undecided);
  const seenSince = causesSeenSince(reading, start);
  for (let i = 0; i < 60; i++) {
    const reachesBack = start + (i - rule.tailMinutes) * minuteMs;
    if (states[i] === minuteState.awake && reachesBack < seenSince) undecided[i] = 1;
    if (explained[i]) undecided[i] = 0;
  }
  return { start, states, judged, explained, undecided };
}

/** Whether the tenant has a gateway, a model record or an Access record in the hour that begins at `start`. */
export function has(reading: Reading, source: "gateway" | "model" | "access", start: number): boolean {
  const { began } = reading.evidence[source];
  return began !== undefined && began < start + hourMs;
}

/** `minuteState` of `count` minutes from `first`, a minute counted since 1970. */
function statesFrom({ rule, evidence }: Reading, first: number, count: number): Uint8Array {
  const { record, app, tunnelMinutes } = evidence.railway;
  const states = new Uint8Array(count);
  const measured = new Uint8Array(count);
  const within = rule.measuredWithinMinutes;
  let next = 0;
  for (let k = lowerBound(tunnelMinutes, first - within); k < tunnelMinutes.length; k++) {
    const at = (tunnelMinutes[k] ?? 0) - first;
    if (at - within >= count) break;
    for (next = Math.max(next, at - within); next <= at + within && next < count; next++) measured[next] = 1;
  }
  const firstApp = lowerBound(app.minutes, first);
  for (let k = firstApp; k < app.minutes.length; k++) {
    const at = (app.minutes[k] ?? 0) - first;
    if (at >= count) break;
    measured[at] = 1;
  }
  for (let k = firstEndingAfter(record, first * minuteMs); k < record.length; k++) {
    const { from, to } = record[k] ?? { from: 0, to: 0 };
    // Only minutes that lie inside the record as a whole.
    const begin = Math.max(0, Math.ceil(from / minuteMs) - first);
    if (begin >= count) break;
    const end = Math.min(count, Math.floor(to / minuteMs) - first);
    for (let i = begin; i < end; i++) if (measured[i]) states[i] = minuteState.asleep;
  }
  for (let k = firstApp; k < app.minutes.length; k++) {
    const at = (app.minutes[k] ?? 0) - first;
    if (at >= count) break;
    if ((app.memoryGB[k] ?? 0) > rule.awakeAboveGB) states[at] = minuteState.awake;
  }
  return states;
}

/** Writes `value` for every minute from `start` on that shares time with the union. */
function markSharing(union: Union, start: number, marks: Uint8Array, value: 0 | 1): void {
  for (let k = firstEndingAfter(union, start); k < union.length; k++) {
    const { from, to } = union[k] ?? { from: 0, to: 0 };
    const begin = Math.max(0, Math.floor((from - start) / minuteMs));
    if (begin >= marks.length) break;
    marks.fill(value, begin, Math.min(marks.length, Math.ceil((to - start) / minuteMs)));
  }
}

/** The tail where only metrics are known. `around[0]` is the minute before the hour. */
function applyQuietTail(reading: Reading, start: number, around: Uint8Array, explained: Uint8Array, undecided: Uint8Array): void {
  const { quietTailMinutes } = reading.rule;
  if (quietTailMinutes === 0 || has(reading, "gateway", start)) return;
  let e = 0;
  while (e <= quietTailMinutes && around[e + 1] === minuteState.awake) e++;
  const before = around[0];
  if (e === 0 || e > quietTailMinutes || before === minuteState.asleep) return;
  const isTail = before === minuteState.awake && around[e + 1] === minuteState.asleep;
  (isTail ? explained : undecided).fill(1, 0, Math.min(60, e));
}

/** The earliest instant since which every record that could show a cause is complete up to the hour; never after its start. */
function causesSeenSince(reading: Reading, start: number): number {
  const { gateway, model, access } = reading.evidence;
  let since = Number.NEGATIVE_INFINITY;
  if (has(reading, "model", start)) since = Math.max(since, coveredSince(model.record, start));
  if (has(reading, "gateway", start)) since = Math.max(since, coveredSince(gateway.record, start));
  else if (has(reading, "access", start)) since = Math.max(since, coveredSince(access.record, start));
  return since;
}
