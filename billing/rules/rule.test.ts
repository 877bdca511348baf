import { describe, expect, test } from "vitest";
import { hourOf } from "../../domain/hour.ts";
import { byDay, type EvidenceLine, evidenceOf, type GatewayLine } from "./evidence.ts";
import { reachOf } from "./reading.ts";
import { defaultRuleName, loadRule, parseRule, ruleNames } from "./rule.ts";
import { judge } from "./verdict.ts";

test("the two shipped rules differ in nothing but the tails and the skew", () => {
  const { name: _fleet, ...fleet } = loadRule(defaultRuleName);
  const { name: _literal, ...literal } = loadRule("seed-literal");
  expect(ruleNames()).toEqual(["fleet-2026-11", "seed-literal"]);
  expect({ ...fleet, tailMinutes: 0, skewMinutes: 0, quietTailMinutes: 0 }).toEqual(literal);
});

test("a rule's name is looked up, never joined to a path", () => {
  expect(() => loadRule("../rules/seed-literal")).toThrow("the rules are fleet-2026-11, seed-literal");
});

test("all problems of a rule are named at once", () => {
  const text =
    "sources: [weather]\nawakeAboveGB: -1\nmeasuredWithinMinutes: 1.5\ntailMinutes: 0\nskewMinutes: 0\nquietTailMinutes: 0\n";
  expect(() => parseRule("broken", text)).toThrow(
    /broken\.yaml sources\.0.*\n.*awakeAboveGB.*\n.*measuredWithinMinutes.*\n.*countingClasses/,
  );
  expect(() => parseRule("broken", "a: [")).toThrow("is not YAML");
});

const ten = Date.UTC(2026, 10, 23, 10);
const minute = 60_000;

describe("the window of evidence that a verdict needs", () => {
  const rule = loadRule();
  const { beforeMs, afterMs } = reachOf(rule);

  test("reaches back to the tail of a cause, and no further", () => {
    expect(beforeMs).toBe(30 * minute);
  });

  test("reaches on to the tunnel sample that proves the last minute, and to a cause within the skew", () => {
    expect(afterMs).toBe(5 * minute);
    expect(reachOf({ ...rule, measuredWithinMinutes: 0, skewMinutes: 9 }).afterMs).toBe(9 * minute + 1);
    expect(reachOf({ ...rule, quietTailMinutes: 70 }).afterMs).toBe(16 * minute);
  });

  test("an empty line says that a source began before the window", () => {
    const began: EvidenceLine = { source: "model", from: ten - 900 * minute, to: ten - 900 * minute, minutes: [] };
    const awake: EvidenceLine = {
      source: "railway",
      from: ten,
      to: ten,
      appSamples: [[ten / 1000 + 1200, 0.4]],
      tunnelSamples: [],
    };
    const verdict = (...more: EvidenceLine[]) =>
      judge(evidenceOf([awake, ...more]), rule, [hourOf(ten)]).map((one) => one.verdict);
    // With a model record that shows nothing of the half hour before, the awake minute may be the tail of a call.
    expect([verdict(), verdict(began)]).toEqual([["active"], ["unknown"]]);
  });
});

test("a line cut into days keeps every fact once and moves no beginning", () => {
  const midnight = Date.UTC(2026, 10, 24);
  const line: GatewayLine = {
    source: "gateway",
    from: midnight - minute,
    to: midnight + minute,
    requests: [midnight - 1, midnight, midnight - 3 * 86_400_000].map((time) => ({ at: time, user: "k", class: "work" })),
    sprintEvents: [],
  };
  const days = byDay(line);
  expect([...days.keys()].sort()).toEqual(["2026-11-21", "2026-11-23", "2026-11-24"]);
  expect(evidenceOf([...days.values()].flat())).toEqual(evidenceOf([line]));
  expect(days.get("2026-11-21")).toMatchObject([{ from: line.from, to: line.from }]);
});
