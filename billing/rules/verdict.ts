import { type HourZ, hourMs, hourOf, hourStart } from "../../domain/hour.ts";
import type { TenantEvidence } from "./evidence.ts";
import { anyIn, type Interval, unionOf } from "./interval.ts";
import { type HourMinutes, minuteState, minutesOf } from "./minutes.ts";
import { type Reading, read } from "./reading.ts";
import { type Rule, type SourceName, sourceNames } from "./rule.ts";
import { type Answer, sources } from "./sources.ts";

/** Was the tenant active in the hour, and why. Only `active` is billed; `unknown` never changes what is already posted. */
export interface Verdict {
  readonly hour: HourZ;
  readonly verdict: Answer;
  /** The active sources in the order of `sourceNames`; empty unless active. */
  readonly because: readonly SourceName[];
  /** Nobody was seen: the hour is active for the instance's own memory only. */
  readonly uptimeOnly: boolean;
  /** Somebody was seen although the instance slept all the time: a person should look. */
  readonly contradiction: boolean;
  readonly rule: string;
}

/** The verdict of each hour, in the order given. Pure: depends on nothing but its arguments, and one hour's verdict on no other's. */
export function judge(evidence: TenantEvidence, rule: Rule, hours: Iterable<HourZ>): Verdict[] {
  const reading = read(evidence, rule);
  return Array.from(hours, (hour) => judgeHour(reading, hour));
}

/** One hour's verdict on evidence that was already read (by `read`). */
export function judgeHour(reading: Reading, hour: HourZ): Verdict {
  const minutes = minutesOf(reading, hourStart(hour));
  const verdict = {
    hour,
    verdict: "idle",
    because: [],
    uptimeOnly: false,
    contradiction: false,
    rule: reading.rule.name,
  } as const;
  const slept = sleptThrough(minutes);
  if (slept === "nothing judged") return verdict;
  if (slept === "yes") return { ...verdict, contradiction: anyActivity(reading, minutes.start) };
  const because: SourceName[] = [];
  let open = false;
  for (const name of sourceNames) {
    if (!reading.rule.sources.includes(name)) continue;
    const answer = sources[name](reading, minutes);
    if (answer === "active") because.push(name);
    if (answer === "unknown") open = true;
  }
  if (because.length > 0) {
    return { ...verdict, verdict: "active", because, uptimeOnly: because.length === 1 && because[0] === "railwayUptime" };
  }
  return open ? { ...verdict, verdict: "unknown" } : verdict;
}

/** The hours that the evidence touches, ascending: an interval those it shares time with, a fact the one it lies in. */
export function* touchedHours(evidence: TenantEvidence): Generator<HourZ> {
  const { railway, ours, gateway, access, model, stated } = evidence;
  const facts = [
    ...hoursAt(railway.app.minutes, 60),
    ...hoursAt(railway.tunnelMinutes, 60),
    ...hoursAt(
      gateway.requests.map((request) => request.at),
      hourMs,
    ),
    ...[gateway.sprintEvents, access.logins, model.minutes].flatMap((times) => hoursAt(times, hourMs)),
  ];
  const spans = [railway.record, ours, gateway.record, access.record, model.record, stated].flatMap((list) =>
    list.flatMap(wholeHours),
  );
  for (const { from, to } of unionOf(spans, facts)) for (let at = from; at < to; at += hourMs) yield hourOf(at);
}

function sleptThrough({ states, judged }: HourMinutes): "nothing judged" | "yes" | "no" {
  let any = false;
  for (let i = 0; i < 60; i++) {
    if (!judged[i]) continue;
    if (states[i] !== minuteState.asleep) return "no";
    any = true;
  }
  return any ? "yes" : "nothing judged";
}

function anyActivity({ requests, sprintEvents, logins, modelMinutes }: Reading, start: number): boolean {
  return [requests, sprintEvents, logins, modelMinutes].some((times) => anyIn(times, start, start + hourMs));
}

/** The hours that ascending times lie in, each once; `perHour` of the times' unit make an hour. */
function hoursAt(times: readonly number[], perHour: number): Interval[] {
  const hours: Interval[] = [];
  let last = Number.NaN;
  for (const time of times) {
    const hour = Math.floor(time / perHour);
    if (hour === last) continue;
    last = hour;
    hours.push({ from: hour * hourMs, to: (hour + 1) * hourMs });
  }
  return hours;
}

function wholeHours({ from, to }: Interval): Interval[] {
  return from < to ? [{ from: Math.floor(from / hourMs) * hourMs, to: Math.ceil(to / hourMs) * hourMs }] : [];
}
