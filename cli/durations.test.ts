import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inWords, readDurations, recordDuration, secondsLeft } from "./durations.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-durations-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("the newest seven runs of each command are kept", () => {
  for (let run = 1; run <= 9; run++) recordDuration(root, "up sandbox", run);
  recordDuration(root, "demo", 24.46);
  expect(readDurations(root)).toEqual({ "up sandbox": [3, 4, 5, 6, 7, 8, 9], demo: [24.5] });
});

test.each(["{", "[]", "null", '{"demo":7}', '{"demo":["x",-1]}'])(
  "a damaged record (%s) is none, and the next run mends it",
  (text) => {
    mkdirSync(join(root, ".fleet"));
    writeFileSync(join(root, ".fleet", "durations.json"), text);
    expect(readDurations(root).demo ?? []).toEqual([]);
    recordDuration(root, "demo", 5);
    expect(readDurations(root).demo).toEqual([5]);
  },
);

test("where nothing can be written, nothing is recorded and nothing fails", () => {
  writeFileSync(join(root, ".fleet"), "a file where the folder should be");
  recordDuration(root, "demo", 5);
  expect(readDurations(root)).toEqual({});
  expect(readFileSync(join(root, ".fleet"), "utf8")).toContain("a file");
});

test.each([
  { what: "nothing is known", elapsed: 3, done: 0, total: 0, earlier: [], left: undefined },
  { what: "earlier runs were alike", elapsed: 4, done: 0, total: 0, earlier: [10, 11, 12], left: 7 },
  { what: "only the long runs are still possible", elapsed: 6, done: 0, total: 0, earlier: [4, 5, 30, 4], left: 24 },
  { what: "no run took this long", elapsed: 40, done: 0, total: 0, earlier: [4, 5, 30], left: undefined },
  { what: "a quarter is done", elapsed: 10, done: 25, total: 100, earlier: [999], left: 30 },
  { what: "all is done", elapsed: 10, done: 100, total: 100, earlier: [999], left: 0 },
])("the time left when $what", ({ elapsed, done, total, earlier, left }) => {
  expect(secondsLeft(elapsed, done, total, earlier)).toBe(left);
});

test.each([
  [0.4, "0 s"],
  [59.4, "59 s"],
  [200, "3 min 20 s"],
  [3900, "1 h 5 min"],
])("%s seconds are told as %s", (seconds, words) => {
  expect(inWords(seconds)).toBe(words);
});
