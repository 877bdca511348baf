/** PURE but for the look at a process. Whose lock a stack has, and whether its holder is gone. */
import { hostname } from "node:os";
import { z } from "zod";
import { isAlive as processIsAlive } from "../billing/postgres/alive.ts";
import { type Clock, systemClock } from "../domain/clock.ts";

/** A lock as the engine names it, of a state in a folder or a bucket; Pulumi Cloud names no holder. */
export interface Lock {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** Epoch milliseconds, by the holder's clock; cut to whole seconds. */
  readonly since: number;
}

const lockLine = /created by (.+)@(\S+) \(pid (\d+)\) at (\S+)/g;
const Since = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** Whether the engine refused to begin because of a lock, wherever the state lies. */
export function saysLocked(message: string): boolean {
  return message.includes("currently locked") || message.includes("Another update is currently in progress");
}

/** The locks in a message of the engine. One whose instant cannot be read has begun at the end of time: it is never old. */
export function locksIn(message: string): Lock[] {
  return [...message.matchAll(lockLine)].map(([, user = "", host = "", pid, since]) => {
    const read = Since.safeParse(since);
    return { user, host, pid: Number(pid), since: read.success ? read.data : Number.POSITIVE_INFINITY };
  });
}

/** `runner@fv-az12 (pid 2100) of 2026-11-24T12:00:00.000Z` */
export function describeLock({ user, host, pid, since }: Lock): string {
  return `${user}@${host} (pid ${pid})${Number.isFinite(since) ? ` of ${new Date(since).toISOString()}` : ""}`;
}

/** What a run knows of itself. */
export interface Here {
  /** When it began; epoch milliseconds. */
  readonly began: number;
  /** Whether something outside sees to it that only one run works on the stack: the concurrency group of a CI job. */
  readonly onlyRun: boolean;
  readonly clock?: Clock;
  readonly host?: string;
  readonly isAlive?: (pid: number) => boolean;
}

/** A killed process needs a moment to go. */
const [looks, lookMs] = [20, 100];

/** Whether nobody works behind these locks: each is of a process of this machine that is dead (or is so within two seconds) or, for the only run, is
 *  older than it. A living process of this machine keeps its lock in any case. False for no locks. */
export async function locksAreLeft(locks: readonly Lock[], here: Here): Promise<boolean> {
  const { clock = systemClock, host = hostname(), isAlive = processIsAlive, began, onlyRun } = here;
  const own = locks.filter((lock) => lock.host === host);
  const others = locks.filter((lock) => lock.host !== host);
  if (locks.length === 0 || others.some(({ since }) => !onlyRun || since + 1000 > began)) return false;
  for (let look = 0; look < looks; look++) {
    if (!own.some(({ pid }) => isAlive(pid))) return true;
    await clock.sleep(lookMs);
  }
  return false;
}
