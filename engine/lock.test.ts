import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { memoryClock, systemClock } from "../domain/clock.ts";
import { processMark, withLock } from "./lock.ts";
import { temporaryFolder } from "./testing/fakes.ts";

async function lockPath(): Promise<string> {
  return join(await temporaryFolder(), "lock");
}

/** The pid of a process that has already ended and was reaped. */
async function deadPid(): Promise<number> {
  const child = spawn("true");
  await once(child, "close");
  return child.pid ?? 0;
}

test("work under one lock never overlaps, and the lock is gone afterwards", async () => {
  const path = await lockPath();
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside++;
    most = Math.max(most, inside);
    await new Promise(setImmediate);
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock({ path, clock: memoryClock(0) }, work)));
  expect(most).toBe(1);
  expect(await readdir(join(path, ".."))).toEqual([]);
});

test("the lock is given back when the work fails", async () => {
  const path = await lockPath();
  const failing = withLock({ path, clock: memoryClock(0) }, async () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await withLock({ path, clock: memoryClock(0) }, async () => "next")).toBe("next");
});

test("a holder that died is found out without waiting", async () => {
  const path = await lockPath();
  await writeFile(path, JSON.stringify({ pid: await deadPid(), host: hostname(), mark: "1", id: "a" }));
  const clock = memoryClock(0);
  expect(await withLock({ path, clock }, async () => "mine")).toBe("mine");
  expect(clock.sleeps).toEqual([]);
});

test("a process that got the pid of a dead holder is not taken for it", async () => {
  const path = await lockPath();
  await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname(), mark: "another start", id: "a" }));
  const clock = memoryClock(0);
  expect(await withLock({ path, clock }, async () => "mine")).toBe("mine");
  expect(clock.sleeps).toEqual([]);
});

test("a holder on another machine counts as dead only after a minute without heartbeat", async () => {
  const path = await lockPath();
  await writeFile(path, JSON.stringify({ pid: 1, host: `not-${hostname()}`, mark: "1", id: "a" }));
  const waits: string[] = [];
  const onWait = (holder: string) => {
    waits.push(holder);
    const longAgo = new Date(Date.now() - 61_000);
    void utimes(path, longAgo, longAgo);
  };
  // The other machine's clock is the file system's, so this one waits in real time: one second.
  await withLock({ path, clock: systemClock, onWait }, async () => undefined);
  expect(waits[0]).toBe(`process 1 on not-${hostname()}`);
});

test("waiting can be given up", async () => {
  const path = await lockPath();
  const abort = new AbortController();
  await withLock({ path, clock: systemClock }, async () => {
    const second = withLock(
      { path, clock: systemClock, signal: abort.signal, onWait: () => abort.abort(new Error("enough")) },
      async () => 1,
    );
    await expect(second).rejects.toThrow("enough");
    expect(JSON.parse(await readFile(path, "utf8")).pid).toBe(process.pid);
  });
});

test("a living process has a mark that stays, an ended one has none", async () => {
  const mark = await processMark(process.pid);
  expect(mark).toBeTruthy();
  expect(await processMark(process.pid)).toBe(mark);
  expect(await processMark(await deadPid())).toBeUndefined();
});
