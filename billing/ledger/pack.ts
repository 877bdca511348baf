/** Evidence of one day as the ledger keeps it: compact, and complete enough that any rule can judge it again.
 *  Times are milliseconds since the day's start; samples are the highest of each of the day's 1,440 minutes. */
import { z } from "zod";
import { dayMs, hourMs, minuteMs } from "../../domain/hour.ts";
import type { EvidenceLine, GatewayRequest, Sample } from "../rules/evidence.ts";
import { type Interval, unionOf } from "../rules/interval.ts";
import { requestClasses } from "../rules/rule.ts";

const Span = z.tuple([z.number(), z.number()]);
const Spans = z.array(Span);
/** One value a minute, null where there was no sample; what follows the last value is left out. */
const Series = z.array(z.number().nullable()).max(1440);

export const PackedDay = z.discriminatedUnion("source", [
  z.strictObject({ source: z.literal("railway"), record: Spans, app: Series, tunnel: Series }),
  z.strictObject({
    source: z.literal("ours"),
    intervals: z.array(z.tuple([z.enum(["deploy", "incident"]), z.number(), z.number()])),
  }),
  z.strictObject({
    source: z.literal("gateway"),
    record: Spans,
    requests: z.array(z.tuple([z.number(), z.string().nullable(), z.enum(requestClasses)])),
    sprintEvents: z.array(z.number()),
  }),
  /** Each log-in with a keyed hash of who it was: never an address. */
  z.strictObject({ source: z.literal("access"), record: Spans, logins: z.array(z.tuple([z.number(), z.string()])) }),
  /** Minutes of the day; what was spent in each of its 24 hours, in millionths of a dollar. */
  z.strictObject({
    source: z.literal("model"),
    record: Spans,
    minutes: z.array(z.int().min(0).max(1439)),
    spent: z.array(z.tuple([z.int().min(0).max(23), z.int().min(0)])).default([]),
  }),
  z.strictObject({
    source: z.literal("state"),
    intervals: z.array(z.tuple([z.enum(["active", "suspended", "retained", "offboarding"]), z.number(), z.number()])),
  }),
]);
export type PackedDay = z.infer<typeof PackedDay>;
export type Source = PackedDay["source"];

/** An evidence line with what only the ledger keeps, because no verdict needs it: who logged in, as a hash beside each log-in, and what the
 *  model key spent, as [start of the hour, millionths of a dollar]. */
export type LedgerLine = EvidenceLine & {
  readonly who?: readonly string[];
  readonly spent?: readonly (readonly [hourMs: number, micros: number])[];
};

/** Packs a day's lines of one source on top of what the day already holds; facts add up, nothing is lost. */
export function packDay(day: string, source: Source, lines: readonly LedgerLine[], before?: PackedDay): PackedDay {
  const start = dayStart(day);
  const all: LedgerLine[] = before === undefined ? [...lines] : [...unpackDay(day, before), ...lines];
  const record = recordOf(all, start);
  switch (source) {
    case "railway": {
      const own = all.filter((line) => line.source === "railway");
      const series = (pick: (line: (typeof own)[number]) => readonly Sample[]) => seriesOf(own.flatMap(pick), start);
      return { source, record, app: series((line) => line.appSamples), tunnel: series((line) => line.tunnelSamples) };
    }
    case "ours": {
      const own = all.filter((line) => line.source === "ours");
      return { source, intervals: intervalsByName(own, (line) => line.kind, start) };
    }
    case "state": {
      const own = all.filter((line) => line.source === "state");
      return { source, intervals: intervalsByName(own, (line) => line.state, start) };
    }
    case "gateway": {
      const own = all.filter((line) => line.source === "gateway");
      const requests = own.flatMap((line) =>
        line.requests.map(({ at, user, class: kind }): [number, string | null, GatewayRequest["class"]] => [
          at - start,
          user,
          kind,
        ]),
      );
      return {
        source,
        record,
        requests: distinct(requests),
        sprintEvents: distinct(own.flatMap((line) => line.sprintEvents.map((at) => at - start))),
      };
    }
    case "access": {
      const own = all.filter((line) => line.source === "access");
      const logins = own.flatMap((line) =>
        line.logins.map((at, index): [number, string] => [at - start, line.who?.[index] ?? ""]),
      );
      return { source, record, logins: distinct(logins) };
    }
    case "model": {
      const own = all.filter((line) => line.source === "model");
      return {
        source,
        record,
        minutes: distinct(own.flatMap((line) => line.minutes.map((at) => Math.floor((at - start) / minuteMs)))),
        spent: spentOf(own, start),
      };
    }
  }
}

/** The union of the lines. Where their earliest is an empty one it stays in front: when a record began matters to the rule. */
function recordOf(lines: readonly Interval[], start: number): [number, number][] {
  const spans = unionOf(lines).map(({ from, to }): [number, number] => [from - start, to - start]);
  const began = Math.min(...lines.map((line) => line.from)) - start;
  return lines.length === 0 || spans[0]?.[0] === began ? spans : [[began, began], ...spans];
}

/** The lines that a packed day stands for. */
export function unpackDay(day: string, packed: PackedDay): LedgerLine[] {
  const start = dayStart(day);
  const spans = "record" in packed ? packed.record.map(([from, to]) => ({ from: start + from, to: start + to })) : [];
  // Facts hang on the first span; with none on an empty one, which extends no record.
  const withFacts = (facts: EvidenceLine): LedgerLine[] => [
    { ...facts, ...(spans[0] ?? { from: start, to: start }) },
    ...spans.slice(1).map((span) => ({ ...emptied(facts), ...span })),
  ];
  const none = { from: start, to: start };
  switch (packed.source) {
    case "railway":
      return withFacts({
        source: "railway",
        ...none,
        appSamples: samplesOf(packed.app, start),
        tunnelSamples: samplesOf(packed.tunnel, start),
      });
    case "ours":
      return packed.intervals.map(([kind, from, to]) => ({ source: "ours", kind, from: start + from, to: start + to }));
    case "state":
      return packed.intervals.map(([state, from, to]) => ({ source: "state", state, from: start + from, to: start + to }));
    case "gateway": {
      const requests = packed.requests.map(([at, user, kind]) => ({ at: start + at, user, class: kind }));
      return withFacts({ source: "gateway", ...none, requests, sprintEvents: packed.sprintEvents.map((at) => start + at) });
    }
    case "access": {
      const facts = { source: "access", ...none, logins: packed.logins.map(([at]) => start + at) } as const;
      const [first, ...rest] = withFacts(facts);
      return first === undefined ? [] : [{ ...first, who: packed.logins.map(([, who]) => who) }, ...rest];
    }
    case "model": {
      const minutes = packed.minutes.map((minute) => start + minute * minuteMs);
      const [first, ...rest] = withFacts({ source: "model", ...none, minutes });
      const spent = packed.spent.map(([hour, micros]) => [start + hour * hourMs, micros] as const);
      return first === undefined ? [] : [spent.length ? { ...first, spent } : first, ...rest];
    }
  }
}

function emptied(line: EvidenceLine): EvidenceLine {
  if (line.source === "railway") return { ...line, appSamples: [], tunnelSamples: [] };
  if (line.source === "gateway") return { ...line, requests: [], sprintEvents: [] };
  if (line.source === "access") return { ...line, logins: [] };
  return line.source === "model" ? { ...line, minutes: [] } : line;
}

export function dayStart(day: string): number {
  return Date.parse(`${day}T00:00:00.000Z`);
}

function seriesOf(samples: readonly Sample[], start: number): (number | null)[] {
  const values: (number | null)[] = [];
  for (const [seconds, memoryGB] of samples) {
    const minute = Math.floor((seconds * 1000 - start) / minuteMs);
    if (minute < 0 || minute >= dayMs / minuteMs) continue;
    while (values.length <= minute) values.push(null);
    values[minute] = Math.max(values[minute] ?? memoryGB, memoryGB);
  }
  return values;
}

/** An hour is asked for until it is over: what was spent in it only grows. */
function spentOf(lines: readonly LedgerLine[], start: number): [number, number][] {
  const hours = new Map<number, number>();
  for (const [at, micros] of lines.flatMap((line) => line.spent ?? [])) {
    const hour = Math.floor((at - start) / hourMs);
    hours.set(hour, Math.max(hours.get(hour) ?? 0, micros));
  }
  return [...hours].sort(([one], [other]) => one - other);
}

function samplesOf(series: readonly (number | null)[], start: number): Sample[] {
  return series.flatMap((value, minute): Sample[] => (value === null ? [] : [[(start + minute * minuteMs) / 1000, value]]));
}

/** Intervals of the same name that touch are one: a state seen every hour is one line a day. */
function intervalsByName<Name extends string, Line extends Interval>(
  lines: readonly Line[],
  name: (line: Line) => Name,
  start: number,
): [Name, number, number][] {
  const names = [...new Set(lines.map(name))].sort();
  return names.flatMap((one) => {
    const own = lines.filter((line) => name(line) === one);
    // An empty interval still explains an instant; a union would lose it.
    const empty = own.filter((line) => line.from === line.to);
    return distinct([...unionOf(own), ...empty].map(({ from, to }): [Name, number, number] => [one, from - start, to - start]));
  });
}

function distinct<Fact>(facts: readonly Fact[]): Fact[] {
  const seen = new Map(facts.map((fact) => [JSON.stringify(fact), fact]));
  const time = (fact: Fact) => (Array.isArray(fact) ? Number(fact.find((part) => typeof part === "number")) : Number(fact));
  return [...seen.values()].sort((one, other) => time(one) - time(other));
}
