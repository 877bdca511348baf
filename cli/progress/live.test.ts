import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { drawLive } from "./live.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval", "performance"] }));
afterEach(() => vi.useRealTimers());

/** What the terminal's line shows, and what scrolled past. */
function terminal(columns: number) {
  let line = "";
  const above: string[] = [];
  const frames: string[] = [];
  const write = (text: string) => {
    const last = text.split("\r\u001b[2K").at(-1) ?? "";
    const [first = "", ...rest] = last.split("\n");
    line = text.includes("\r\u001b[2K") ? first : line + first;
    if (rest.length > 0) {
      above.push(line);
      line = rest.at(-1) ?? "";
    }
    frames.push(line);
  };
  return { columns, write, above, frames, line: () => line };
}
/** Whatever listr2 awaits before it runs its task. */
const started = () => pause(5);

test("the line is rewritten in place, shortened to the terminal, and gone in the end", async () => {
  const screen = terminal(30);
  const line = await drawLive(screen);
  await started();
  line.set("2 s so far · bringing sandbox up: acme 12, birch 7");
  vi.advanceTimersByTime(300);
  expect(screen.line()).toMatch(/^\S 2 s so far · bringing sand…$/);
  expect(screen.line()).toHaveLength(29);
  line.set("3 s so far");
  vi.advanceTimersByTime(300);
  expect(screen.line()).toMatch(/^\S 3 s so far$/);
  line.end();
  await started();
  vi.advanceTimersByTime(2_000);
  expect([screen.line(), screen.above]).toEqual(["", []]);
});

test("a message has a line to itself, and the live line comes back below it", async () => {
  const screen = terminal(80);
  const line = await drawLive(screen);
  await started();
  line.set("working");
  vi.advanceTimersByTime(300);
  line.clear();
  screen.write("stopping: what is under way is finished first …\n");
  expect([screen.above, screen.line()]).toEqual([["stopping: what is under way is finished first …"], ""]);
  vi.advanceTimersByTime(50);
  expect(screen.line()).toBe("");
  vi.advanceTimersByTime(300);
  expect(screen.line()).toMatch(/^\S working$/);
  line.end();
});

test("Ctrl-C stays the command's own, and the cursor is never hidden", async () => {
  const before = process.listeners("SIGINT");
  const screen = terminal(80);
  const line = await drawLive(screen);
  await started();
  line.set("working");
  vi.advanceTimersByTime(500);
  expect(process.listeners("SIGINT")).toEqual(before);
  expect(screen.frames.join("")).not.toContain("\u001b");
  line.end();
});
