import { dayMs, dayOf, minuteMs } from "../../domain/hour.ts";
import { type Interval, type Union, unionOf } from "./interval.ts";
import type { RequestClass } from "./rule.ts";

/** What one vendor's record says of one tenant for `[from, to)`; all times are epoch milliseconds, samples have the vendor's unix seconds.
 *
 *  Lines are the unit of evidence, in a file and in the ledger alike: they add up by union, in any order, so the rows of
 *  several days are judged by handing all their lines to `evidenceOf`. `byDay` cuts a line into its UTC days without changing any verdict.
 *  One thing does not show in a window of days: when a gateway, Access or model record *began*. Who loads only a window adds an
 *  empty line `[began, began)` of that source: it extends no record and says when the earliest line begins. How wide
 *  the window must be says `reachOf`. */
export type EvidenceLine = RailwayLine | OursLine | GatewayLine | AccessLine | ModelLine | StateLine;

/** Unix seconds (a fraction is allowed) and GB. */
export type Sample = readonly [unixSeconds: number, memoryGB: number];

/** Both series were fetched without error for the interval. */
export interface RailwayLine extends Interval {
  readonly source: "railway";
  readonly appSamples: readonly Sample[];
  readonly tunnelSamples: readonly Sample[];
}

export const oursKinds = ["deploy", "incident"] as const;
/** Our own deployment until it is up; crash loops and platform incidents. Closed at both ends when it explains something. */
export interface OursLine extends Interval {
  readonly source: "ours";
  readonly kind: (typeof oursKinds)[number];
}

export interface GatewayRequest {
  readonly at: number;
  /** Pseudonym of the person; null where nobody was logged in. */
  readonly user: string | null;
  readonly class: RequestClass;
}
export interface GatewayLine extends Interval {
  readonly source: "gateway";
  readonly requests: readonly GatewayRequest[];
  readonly sprintEvents: readonly number[];
}

export interface AccessLine extends Interval {
  readonly source: "access";
  readonly logins: readonly number[];
}

/** `minutes`: any instant of a minute in which the tenant's own model key made calls. */
export interface ModelLine extends Interval {
  readonly source: "model";
  readonly minutes: readonly number[];
}

export const tenantStates = ["active", "suspended", "retained", "offboarding"] as const;
/** No line means active; where lines overlap, not active wins. */
export interface StateLine extends Interval {
  readonly source: "state";
  readonly state: (typeof tenantStates)[number];
}

/** A source's record: where it is complete, and when its earliest line begins (undefined: no line). */
export interface SourceRecord {
  readonly began: number | undefined;
  readonly record: Union;
}

/** All evidence of one tenant in normal form: unions of intervals, ascending lists. */
export interface TenantEvidence {
  /** Minutes are counted since 1970; `app.minutes[i]` has the value `app.memoryGB[i]`, the highest of that minute. */
  readonly railway: {
    readonly record: Union;
    readonly app: { readonly minutes: readonly number[]; readonly memoryGB: readonly number[] };
    readonly tunnelMinutes: readonly number[];
  };
  readonly ours: readonly OursLine[];
  readonly gateway: SourceRecord & { readonly requests: readonly GatewayRequest[]; readonly sprintEvents: readonly number[] };
  readonly access: SourceRecord & { readonly logins: readonly number[] };
  /** `minutes`: starts of the minutes, in milliseconds. */
  readonly model: SourceRecord & { readonly minutes: readonly number[] };
  /** Time in which the state is not active. */
  readonly off: Union;
  /** Time of which any state line speaks. */
  readonly stated: Union;
}

/** Brings the lines of one tenant into normal form; their order does not matter. */
export function evidenceOf(lines: Iterable<EvidenceLine>): TenantEvidence {
  const railway: RailwayLine[] = [];
  const ours: OursLine[] = [];
  const gateway: GatewayLine[] = [];
  const access: AccessLine[] = [];
  const model: ModelLine[] = [];
  const state: StateLine[] = [];
  for (const line of lines) {
    if (line.source === "railway") railway.push(line);
    else if (line.source === "ours") ours.push(line);
    else if (line.source === "gateway") gateway.push(line);
    else if (line.source === "access") access.push(line);
    else if (line.source === "model") model.push(line);
    else state.push(line);
  }
  return {
    railway: {
      record: unionOf(railway),
      app: highestPerMinute(railway.flatMap((line) => line.appSamples)),
      tunnelMinutes: ascending(railway.flatMap((line) => line.tunnelSamples.map(minuteOfSample))),
    },
    ours: ours.sort((one, other) => one.from - other.from),
    gateway: {
      ...recordOf(gateway),
      requests: gateway.flatMap((line) => line.requests).sort((one, other) => one.at - other.at),
      sprintEvents: ascending(gateway.flatMap((line) => line.sprintEvents)),
    },
    access: { ...recordOf(access), logins: ascending(access.flatMap((line) => line.logins)) },
    model: { ...recordOf(model), minutes: ascending(model.flatMap((line) => line.minutes.map(startOfMinute))) },
    off: unionOf(state.filter((line) => line.state !== "active")),
    stated: unionOf(state),
  };
}

/** The minute, counted since 1970, that a sample falls in. Vendors may send fractions of a second. */
export function minuteOfSample([unixSeconds]: Sample): number {
  return Math.floor(unixSeconds / 60);
}

/** Cuts a line into the UTC days that its interval and its facts lie in: one ledger row each. A fact outside the line's interval
 *  goes to its own day on a line that is empty and begins with the original, so that it moves no record and no beginning. */
export function byDay(line: EvidenceLine): Map<string, EvidenceLine[]> {
  const days = new Map<string, EvidenceLine[]>();
  const pieces: Interval[] = [];
  for (let from = line.from; from < line.to; ) {
    const to = Math.min(line.to, (Math.floor(from / dayMs) + 1) * dayMs);
    pieces.push({ from, to });
    from = to;
  }
  const put = (day: string, piece: EvidenceLine) => days.set(day, [...(days.get(day) ?? []), piece]);
  if (pieces.length === 0) pieces.push({ from: line.from, to: line.to });
  for (const piece of pieces) {
    const day = dayOf(piece.from);
    put(day, factsOfDay(line, piece, day));
  }
  for (const day of new Set(factTimes(line).map(dayOf))) {
    if (!days.has(day)) put(day, factsOfDay(line, { from: line.from, to: line.from }, day));
  }
  return days;
}

/** Every instant of which the line holds a fact. */
export function factTimes(line: EvidenceLine): number[] {
  if (line.source === "railway") return [...line.appSamples, ...line.tunnelSamples].map(([seconds]) => seconds * 1000);
  if (line.source === "gateway") return [...line.requests.map((request) => request.at), ...line.sprintEvents];
  if (line.source === "access") return [...line.logins];
  return line.source === "model" ? [...line.minutes] : [];
}

function factsOfDay(line: EvidenceLine, piece: Interval, day: string): EvidenceLine {
  const here = (at: number) => dayOf(at) === day;
  const sampled = ([seconds]: Sample) => here(seconds * 1000);
  if (line.source === "railway") {
    return { ...line, ...piece, appSamples: line.appSamples.filter(sampled), tunnelSamples: line.tunnelSamples.filter(sampled) };
  }
  if (line.source === "gateway") {
    const requests = line.requests.filter((request) => here(request.at));
    return { ...line, ...piece, requests, sprintEvents: line.sprintEvents.filter(here) };
  }
  if (line.source === "access") return { ...line, ...piece, logins: line.logins.filter(here) };
  if (line.source === "model") return { ...line, ...piece, minutes: line.minutes.filter(here) };
  return { ...line, ...piece };
}

function recordOf(lines: readonly Interval[]): SourceRecord {
  let began: number | undefined;
  for (const { from } of lines) if (began === undefined || from < began) began = from;
  return { began, record: unionOf(lines) };
}

function highestPerMinute(samples: readonly Sample[]): TenantEvidence["railway"]["app"] {
  const sorted = samples.map((sample) => [minuteOfSample(sample), sample[1]] as const).sort((one, other) => one[0] - other[0]);
  const minutes: number[] = [];
  const memoryGB: number[] = [];
  for (const [minute, value] of sorted) {
    const last = minutes.length - 1;
    if (minutes[last] === minute) memoryGB[last] = Math.max(memoryGB[last] ?? value, value);
    else {
      minutes.push(minute);
      memoryGB.push(value);
    }
  }
  return { minutes, memoryGB };
}

function ascending(numbers: readonly number[]): number[] {
  return Array.from(new Set(numbers)).sort((one, other) => one - other);
}

function startOfMinute(at: number): number {
  return Math.floor(at / minuteMs) * minuteMs;
}
