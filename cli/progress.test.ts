import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lively } from "./context.ts";
import { engineProgress } from "./engine-progress.ts";
import { startProgress } from "./progress.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-progress-"));
  mkdirSync(join(root, ".fleet"));
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});
const remember = (durations: Record<string, number[]>) =>
  writeFileSync(join(root, ".fleet", "durations.json"), JSON.stringify(durations));
const remembered = (): unknown => JSON.parse(readFileSync(join(root, ".fleet", "durations.json"), "utf8"));

function plain() {
  const said: string[] = [];
  return { said, progress: startProgress({ root, command: "x", draw: undefined, say: (text) => void said.push(text) }) };
}

/** What a terminal would show. */
function terminal() {
  const drawn: string[] = [];
  const line = {
    set: (text: string) => void drawn.push(text),
    clear: () => void drawn.push("(cleared)"),
    end: () => void drawn.push("(gone)"),
  };
  const say = (text: string) => void drawn.push(`said ${text}`);
  return { drawn, progress: startProgress({ root, command: "tenant check", draw: async () => line, say }) };
}

test("without a terminal each step is a line, with the time left by earlier runs and one more line when it takes long", () => {
  remember({ "up sandbox": [30, 32, 40] });
  const { said, progress } = plain();
  progress.begin("up sandbox", "bringing sandbox up");
  vi.advanceTimersByTime(16_000);
  progress.step("looking again");
  progress.step("looking again");
  vi.advanceTimersByTime(29_000);
  progress.end(true);
  expect(said).toEqual([
    "bringing sandbox up … (about 32 s left)",
    "bringing sandbox up … (15 s so far, about 17 s left)",
    "looking again … (16 s so far, about 16 s left)",
    "looking again … (31 s so far, about 9 s left)",
  ]);
  expect(remembered()).toEqual({ "up sandbox": [30, 32, 40, 45] });
});

test("no time left is invented: not for a first run, and not past the longest run so far", () => {
  const first = plain();
  first.progress.begin("demo", "starting");
  vi.advanceTimersByTime(15_000);
  first.progress.end(false);
  expect(first.said).toEqual(["starting …", "starting … (15 s so far)"]);
  remember({ demo: [5] });
  const second = plain();
  second.progress.begin("demo", "starting");
  vi.advanceTimersByTime(15_000);
  second.progress.end(false);
  expect(second.said).toEqual(["starting … (about 5 s left)", "starting … (15 s so far, longer than usual)"]);
  expect(remembered()).toEqual({ demo: [5] });
});

test("a build's time left is reckoned from the packages that are compiled", () => {
  const { said, progress } = plain();
  const report = engineProgress(progress);
  report({ step: "compile", message: "compiling the Pulumi engine", elapsedSeconds: 0 });
  vi.advanceTimersByTime(14_000);
  report({ step: "compile", message: "compiling the Pulumi engine", done: 400, total: 1600, elapsedSeconds: 14 });
  vi.advanceTimersByTime(1_000);
  progress.end(true);
  expect(said.at(-1)).toBe("compiling the Pulumi engine: 400 of 1600 packages … (15 s so far, about 45 s left)");
});

test("a command that announces nothing stays silent without a terminal, and a quick one is not recorded", () => {
  const { said, progress } = plain();
  vi.advanceTimersByTime(900);
  progress.end(true);
  expect(said).toEqual([]);
  expect(() => remembered()).toThrow("ENOENT");
});

test("on a terminal a command that takes long has one live line with its time, which makes room for what is said", async () => {
  remember({ "tenant check": [9, 9, 9] });
  const { drawn, progress } = terminal();
  await vi.advanceTimersByTimeAsync(2_000);
  progress.around(() => void drawn.push("a message"));
  progress.step("reading");
  progress.detail("3 of 12", 3, 12);
  await vi.advanceTimersByTimeAsync(1_000);
  progress.end(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drawn.slice(0, 1)).toEqual(["about 8 s left · tenant check"]);
  expect(drawn).toContain("(cleared)");
  expect(drawn.indexOf("a message")).toBe(drawn.indexOf("(cleared)") + 1);
  expect(drawn.slice(-2)).toEqual(["3 s so far, about 9 s left · reading: 3 of 12", "(gone)"]);
});

test("on a terminal a quick command shows no line at all, also when it ends while the line is being made", async () => {
  const { drawn, progress } = terminal();
  await vi.advanceTimersByTimeAsync(600);
  progress.end(true);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(drawn).toEqual([]);
  let make: () => void = () => undefined;
  const ends: string[] = [];
  const line = { set: () => void ends.push("set"), clear: () => undefined, end: () => void ends.push("end") };
  const draw = () => new Promise<typeof line>((resolve) => (make = () => resolve(line)));
  const late = startProgress({ root, command: "x", draw, say: () => undefined });
  await vi.advanceTimersByTimeAsync(800);
  late.end(true);
  make();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ends).toEqual(["end"]);
});

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: "" }, true],
  [{ isTTY: true }, { NO_COLOR: "1" }, false],
  [{ isTTY: true }, { CI: "true" }, false],
  [{ isTTY: true }, { TERM: "dumb" }, false],
  [{}, {}, false],
])("progress moves on %o with %o: %s", (stream, env, moves) => {
  expect(lively(stream, env)).toBe(moves);
});
