import { hostname } from "node:os";
import { expect, test } from "vitest";
import { memoryClock } from "../domain/clock.ts";
import { describeLock, type Here, type Lock, locksAreLeft, locksIn, saysLocked } from "./lock.ts";

const began = Date.parse("2026-11-24T12:00:00Z");
const message = (who: string, at: string) =>
  `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.\n  file:///s/.pulumi/locks/organization/fleet/prod/0a.json: created by ${who} at ${at}\n`;

test("the engine's message names each lock's user, machine, process and instant", () => {
  const text = message("runner@fv-az12 (pid 2100)", "2026-11-24T11:00:00+01:00") + message("Ann Onym@mac.local (pid 7)", "now");
  expect(saysLocked(text)).toBe(true);
  const [first, second] = locksIn(text);
  expect(first).toEqual({ user: "runner", host: "fv-az12", pid: 2100, since: Date.parse("2026-11-24T10:00:00Z") });
  expect(second).toEqual({ user: "Ann Onym", host: "mac.local", pid: 7, since: Number.POSITIVE_INFINITY });
  expect([first, second].map((lock) => lock && describeLock(lock))).toEqual([
    "runner@fv-az12 (pid 2100) of 2026-11-24T10:00:00.000Z",
    "Ann Onym@mac.local (pid 7)",
  ]);
});

test("a lock of Pulumi Cloud's is one, though it names nobody; another refusal is none", () => {
  const cloud = "error: [409] Conflict: Another update is currently in progress.";
  expect([saysLocked(cloud), locksIn(cloud)]).toEqual([true, []]);
  expect(saysLocked("error: no stack named 'prod' found")).toBe(false);
});

const old: Lock = { user: "runner", host: "elsewhere", pid: 1, since: began - 60_000 };
const own: Lock = { ...old, host: "here" };
const at = (change: Partial<Here>): Here => ({
  ...{ began, onlyRun: false, host: "here", isAlive: () => false, clock: memoryClock(began) },
  ...change,
});

test.each<[string, Lock[], Partial<Here>, boolean]>([
  ["a dead process of this machine", [own], {}, true],
  ["a living process of this machine", [own], { isAlive: () => true }, false],
  ["a living process of this machine, for the only run", [own], { isAlive: () => true, onlyRun: true }, false],
  ["a dead process of this machine that began after us", [{ ...own, since: began + 60_000 }], {}, true],
  ["another machine", [old], {}, false],
  ["another machine, for the only run", [old], { onlyRun: true }, true],
  ["another machine, in the very second of our beginning", [{ ...old, since: began - 999 }], { onlyRun: true }, false],
  ["another machine that began after us", [{ ...old, since: began + 1 }], { onlyRun: true }, false],
  [
    "another machine, of an instant that nobody can read",
    [{ ...old, since: Number.POSITIVE_INFINITY }],
    { onlyRun: true },
    false,
  ],
  ["a dead process here and another machine", [own, old], {}, false],
  ["a dead process here and another machine, for the only run", [own, old], { onlyRun: true }, true],
  ["nobody", [], { onlyRun: true }, false],
])("a lock of %s", async (_, locks, change, left) => {
  expect(await locksAreLeft(locks, at(change))).toBe(left);
});

test("a process that is just being killed is waited for, two seconds at most", async () => {
  let asked = 0;
  const clock = memoryClock(began);
  expect(await locksAreLeft([own], at({ clock, isAlive: () => ++asked < 5 }))).toBe(true);
  expect(clock.sleeps).toEqual(Array(4).fill(100));
  const patient = memoryClock(began);
  expect(await locksAreLeft([own], at({ clock: patient, isAlive: () => true }))).toBe(false);
  expect(patient.sleeps).toHaveLength(20);
});

test("without another word it is this machine and its processes", async () => {
  const mine: Lock = { ...own, host: hostname(), pid: process.pid };
  expect(await locksAreLeft([mine], { began, onlyRun: true, clock: memoryClock(began) })).toBe(false);
  expect(await locksAreLeft([{ ...mine, pid: 2 ** 22 + 7 }], { began, onlyRun: false })).toBe(true);
});
