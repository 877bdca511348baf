import { expect, test } from "vitest";
import { hourMs } from "../../domain/hour.ts";
import { duration, judgeRuns, type Watched } from "./judge.ts";

const now = Date.parse("2026-11-24T12:00:00Z");
const finished = { run: "r1", startedAt: now - hourMs, endedAt: now - hourMs + 60_000, problems: 0 };
const runs = { finished, begunSince: [], unconfirmedPosts: 0 };
const well: Watched = { runs, deploy: { result: "succeeded", startedAt: 0 }, now, realNow: now, maxAgeHours: 12 };
const old = (ms: number) => ({ ...runs, finished: { ...finished, endedAt: now - ms } });

test("all is well with a fresh run without problems and a deploy that succeeded, however long ago", () => {
  expect(judgeRuns(well)).toEqual([]);
});

test("a run is too old from the first millisecond after the limit", () => {
  expect(judgeRuns({ ...well, runs: old(12 * hourMs) })).toEqual([]);
  expect(judgeRuns({ ...well, runs: old(12 * hourMs + 1) })).toEqual([
    "the newest finished billing run ended 12 h 0 min ago; the limit is 12 h",
  ]);
});

test.each<[string, Partial<Watched>, string]>([
  ["no ledger", { runs: undefined }, "there is no ledger"],
  ["a ledger without a whole run", { runs: { ...runs, finished: undefined } }, "no billing run has ever finished"],
  ["problems of the newest run", { runs: { ...runs, finished: { ...finished, problems: 2 } } }, "(r1) had problems: 2"],
  ["a run that was killed", { runs: { ...runs, begunSince: [now - 2 * hourMs - 1, now - 60_000] } }, "never ended: 1"],
  ["posts that Stripe does not show", { runs: { ...runs, unconfirmedPosts: 3 } }, "for a day: 3"],
  ["a stack that was never brought up", { deploy: undefined }, "never brought up"],
  ["a deploy that failed", { deploy: { result: "failed", startedAt: now - 5 * hourMs } }, '5 h 0 min ago, is "failed"'],
  ["a deploy that hangs", { deploy: { result: "in-progress", startedAt: now - 3 * hourMs - 1 } }, '"in-progress"'],
  ["a state that cannot be read", { deploy: "no log-in" }, "the last deploy is not known: no log-in"],
])("%s is a problem, and the only one", (_, change, message) => {
  const problems = judgeRuns({ ...well, ...change });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(message);
});

test("what is at work now is no problem", () => {
  const begunSince = [now - 2 * hourMs];
  const deploy = { result: "in-progress", startedAt: now - 3 * hourMs };
  expect(judgeRuns({ ...well, runs: { ...runs, begunSince }, deploy })).toEqual([]);
});

test.each([
  [-5, "0 min"],
  [59 * 60_000, "59 min"],
  [3 * hourMs + 20 * 60_000, "3 h 20 min"],
  [80 * hourMs, "3 days"],
])("%i ms reads %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});
