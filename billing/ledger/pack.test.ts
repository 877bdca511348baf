import fc from "fast-check";
import { expect, test } from "vitest";
import { dayMs, hoursBeginningIn } from "../../domain/hour.ts";
import { byDay, type EvidenceLine, evidenceOf } from "../rules/evidence.ts";
import { loadRule } from "../rules/rule.ts";
import { judge } from "../rules/verdict.ts";
import { dayStart, type LedgerLine, PackedDay, packDay, type Source, unpackDay } from "./pack.ts";

const day = "2026-11-23";
const start = dayStart(day);
const at = fc.integer({ min: start, max: start + 2 * dayMs - 1 });
const span = fc.tuple(at, at).map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) }));
const sample = fc.tuple(
  at.map((ms) => ms / 1000),
  fc.constantFrom(0, 0.005, 0.01, 0.3),
);
const line: fc.Arbitrary<EvidenceLine> = fc
  .oneof(
    fc.record({ source: fc.constant("railway" as const), span, appSamples: fc.array(sample), tunnelSamples: fc.array(sample) }),
    fc.record({ source: fc.constant("access" as const), span, logins: fc.array(at, { maxLength: 3 }) }),
    fc.record({ source: fc.constant("model" as const), span, minutes: fc.array(at, { maxLength: 3 }) }),
    fc.record({ source: fc.constant("ours" as const), span, kind: fc.constantFrom("deploy" as const, "incident" as const) }),
    fc.record({ source: fc.constant("state" as const), span, state: fc.constantFrom("active" as const, "suspended" as const) }),
  )
  .map(({ span: interval, ...rest }) => ({ ...rest, ...interval }));

/** Stores the lines one by one, as collectors do, and reads them back. */
function throughLedger(lines: readonly EvidenceLine[]): LedgerLine[] {
  const rows = new Map<string, { day: string; source: Source; packed: PackedDay }>();
  for (const one of lines) {
    for (const [its, pieces] of byDay(one)) {
      const key = `${its} ${one.source}`;
      const packed = packDay(its, one.source, pieces, rows.get(key)?.packed);
      rows.set(key, { day: its, source: one.source, packed: PackedDay.parse(JSON.parse(JSON.stringify(packed))) });
    }
  }
  return [...rows.values()].flatMap((row) => unpackDay(row.day, row.packed));
}

test("any rule gives the same verdicts on what the ledger kept as on the evidence itself", () => {
  const rules = [loadRule(), loadRule("seed-literal")];
  const hours = hoursBeginningIn(start, start + 2 * dayMs);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      for (const rule of rules) {
        expect(judge(evidenceOf(throughLedger(lines)), rule, hours)).toEqual(judge(evidenceOf(lines), rule, hours));
      }
    }),
    { numRuns: 200 },
  );
});

test("a full day of both series stays under 25 kB", () => {
  const samples = Array.from({ length: 1440 }, (_, minute): [number, number] => [start / 1000 + minute * 60, 0.412_345]);
  const packed = packDay(day, "railway", [
    { source: "railway", from: start, to: start + dayMs, appSamples: samples, tunnelSamples: samples },
  ]);
  expect(JSON.stringify(packed).length).toBeLessThan(27_000);
  expect(packed).toMatchObject({ record: [[0, dayMs]] });
});

test("who logged in is kept as the collector's hash beside the time", () => {
  const packed = packDay(day, "access", [
    { source: "access", from: start, to: start + 10, logins: [start + 5, start + 3], who: ["h5", "h3"] },
  ]);
  expect(packed).toEqual({
    source: "access",
    record: [[0, 10]],
    logins: [
      [3, "h3"],
      [5, "h5"],
    ],
  });
  expect(unpackDay(day, packed)).toEqual([
    { source: "access", from: start, to: start + 10, logins: [start + 3, start + 5], who: ["h3", "h5"] },
  ]);
});

test("what a model key spent is kept once an hour, the highest that was seen", () => {
  const hour = start + 5 * 3_600_000;
  const line = (micros: number): LedgerLine => ({ source: "model", from: start, to: hour, minutes: [], spent: [[hour, micros]] });
  const packed = packDay(day, "model", [line(30), line(20)], packDay(day, "model", [line(10)]));
  expect(packed).toMatchObject({ spent: [[5, 30]] });
  expect(unpackDay(day, packed)).toEqual([line(30)]);
  expect(PackedDay.parse({ source: "model", record: [], minutes: [] })).toMatchObject({ spent: [] });
});
