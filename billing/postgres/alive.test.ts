import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { isAlive } from "./alive.ts";

test("a process that has ended is not alive, though nobody has collected it yet", async () => {
  // The parent becomes a program that collects no children.
  const parent = spawn("sh", ["-c", 'sleep 600 & echo "$!"; exec sleep 600'], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = await once(parent.stdout, "data");
  const child = Number(line);
  expect([isAlive(child), isAlive(process.pid), isAlive(2 ** 22 + 7)]).toEqual([true, true, false]);
  process.kill(child, "SIGKILL");
  if (existsSync("/proc/self/stat")) await expect.poll(() => isAlive(child), { timeout: 30_000 }).toBe(false);
  parent.kill("SIGKILL");
  await once(parent, "exit");
  expect(isAlive(parent.pid ?? 0)).toBe(false);
});
