import { deepStrictEqual } from "node:assert/strict";
import { verdictsOfFile } from "../../billing/evidence/verdicts.ts";
import { loadRule, type Rule } from "../../billing/rules/rule.ts";
import { naiveVerdicts, type RawLine } from "./verdicts-naive.ts";

/** One sentence of VERDICT.md as an example: on 2026-11-23, these lines, this hour, this answer. */
export interface Example {
  /** The sentence's gist, and which side of it this is. */
  readonly says: string;
  readonly lines: readonly RawLine[];
  /** `10` is 10:00 to 11:00. */
  readonly hour: number;
  /** `idle`, `unknown`, `contradiction` (idle and one), or for active the sources joined by +. */
  readonly is: string;
  readonly rule: Rule;
}

export const fleet = loadRule("fleet-2026-11");
export const literal = loadRule("seed-literal");

/** Short form of an example under the default rule. */
export function example(says: string, hour: number, is: string, lines: readonly RawLine[], rule: Rule = fleet): Example {
  return { says, hour, is, lines, rule };
}

/** Throws unless both readings give the example's answer. */
export async function holds({ says, lines, hour, is, rule }: Example): Promise<void> {
  const range = { from: day(`${pad(hour)}:00`), to: day(`${pad(hour)}:00:01`) };
  const file = lines.map((line) => JSON.stringify(line));
  const fast = [...(await verdictsOfFile({ file: says, lines: file, rule, ...range }))];
  const active = !["idle", "unknown", "contradiction"].includes(is);
  const wanted = {
    uid: "tn_a",
    hour: `2026-11-23T${pad(hour)}Z`,
    verdict: active ? "active" : is === "unknown" ? "unknown" : "idle",
    because: active ? is.split("+") : [],
    uptimeOnly: is === "railwayUptime",
    contradiction: is === "contradiction",
    rule: rule.name,
  };
  deepStrictEqual(fast, [wanted]);
  deepStrictEqual(naiveVerdicts(lines, rule, range), [wanted], "the second reading differs");
}

/** `10:05`, `10:05:30.001` → a time of the day of the examples. */
export function day(clock: string): string {
  return `2026-11-23T${clock.length === 5 ? `${clock}:00` : clock}Z`;
}

type Facts = Omit<Partial<RawLine>, "uid" | "source" | "from" | "to">;

/** A line of `span` = `10:00-11:00`. */
export function line(source: string, span: string, facts: Facts = {}): RawLine {
  const [from = "", to = ""] = span.split("-");
  return { uid: "tn_a", source, from: day(from), to: day(to), ...facts };
}

const always = "00:00-23:59";
export const access = (span = always, ...logins: string[]) => line("access", span, { logins: logins.map(day) });
export const model = (span = always, ...minutes: string[]) => line("model", span, { minutes: minutes.map(day) });
export const sprints = (span = always, ...events: string[]) => line("gateway", span, { sprintEvents: events.map(day) });
export const ours = (span: string, kind = "deploy") => line("ours", span, { kind });
export const state = (span: string, name = "suspended") => line("state", span, { state: name });
export const gateway = (span = always, ...requests: string[]) =>
  line("gateway", span, { requests: requests.map((at) => ({ at: day(at), user: "k3f", class: "work" })) });
/** A gateway line with one request at 10:30. */
export const request = (name: string, user: string | null | undefined) =>
  line("gateway", always, { requests: [{ at: day("10:30"), ...(user === undefined ? {} : { user }), class: name }] });

/** Memory from 08:00 to 13:00 with a sample of both services each minute: awake in the spans, asleep elsewhere. */
export function awake(...spans: string[]): RawLine {
  return metrics({ awake: spans });
}

export interface Metrics {
  /** Minutes with 0.4 GB; the others have 0. */
  readonly awake?: readonly string[];
  /** Minutes without a sample of the application. */
  readonly noApp?: readonly string[];
  /** Minutes without a sample of the tunnel. */
  readonly noTunnel?: readonly string[];
  readonly record?: string;
}

/** As `awake`, with gaps in the samples. */
export function metrics({ awake = [], noApp = [], noTunnel = [], record = "08:00-13:00" }: Metrics): RawLine {
  const minutes = Array.from({ length: 300 }, (_, index) => 8 * 60 + index);
  const within = (spans: readonly string[], minute: number) =>
    spans.some((span) => {
      const [from = 0, to = 0] = span.split("-").map((clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3)));
      return from <= minute && minute < to;
    });
  const seconds = (minute: number) => Date.UTC(2026, 10, 23, 0, minute) / 1000;
  const series = (without: readonly string[], value: (minute: number) => number) =>
    minutes.filter((minute) => !within(without, minute)).map((minute) => [seconds(minute), value(minute)] as const);
  return line("railway", record, {
    appSamples: series(noApp, (minute) => (within(awake, minute) ? 0.4 : 0)),
    tunnelSamples: series(noTunnel, () => 0.05),
  });
}

function pad(hour: number): string {
  return String(hour).padStart(2, "0");
}
