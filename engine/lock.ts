import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { z } from "zod";
import type { Clock } from "../domain/clock.ts";

export interface LockOptions {
  /** The lock's file; its folder exists. */
  readonly path: string;
  readonly clock: Clock;
  /** Called about once a second while another process holds the lock. */
  readonly onWait?: (holder: string, waitedSeconds: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs `work` while no other process on this machine does (same path). A holder that died, even by SIGKILL, is detected by its pid and start
 *  time (a pid is used again); on a folder shared between machines by a heartbeat. Only saves double work: what is written must be atomic by itself. */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const mine = await acquire(options);
  const beat = setInterval(() => void utimes(options.path, new Date(), new Date()).catch(() => undefined), heartbeatMs);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    // After a long standstill of this machine another one may have taken the lock over.
    if ((await readFile(options.path, "utf8").catch(() => undefined)) === mine) await rm(options.path, { force: true });
  }
}

/** What tells a process from a later one with the same pid; undefined when it is gone (an unreaped zombie is gone as well). */
export async function processMark(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    // The command's name in brackets may hold blanks: fields are counted from the last bracket (proc(5): state is 3rd, starttime 22nd).
    const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields && fields[0] !== "Z" && fields[0] !== "X" ? fields[19] : undefined;
  }
  const listed = await promisify(execFile)("ps", ["-o", "stat=,lstart=", "-p", String(pid)]).catch(() => undefined);
  const [state = "", ...started] = listed?.stdout.trim().split(/\s+/) ?? [];
  return state === "" || state.startsWith("Z") ? undefined : started.join(" ");
}

const heartbeatMs = 5_000;
const silentMs = 60_000;
const waitMs = 1_000;

const Holder = z.object({ pid: z.number(), host: z.string(), mark: z.string(), id: z.string() });

/** Answers what was written into the lock. */
async function acquire({ path, clock, onWait, signal }: LockOptions): Promise<string> {
  const id = randomUUID();
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), mark: (await processMark(process.pid)) ?? "", id });
  let silence: Silence | undefined;
  for (let waited = 0; ; waited++) {
    signal?.throwIfAborted();
    if (await create(path, mine)) return mine;
    const found = await readFile(path, "utf8").catch(() => undefined);
    if (found === undefined) continue;
    silence = await listenTo(path, waited, silence);
    if (await isDead(found, silence, waited)) {
      await bury(path, found);
      continue;
    }
    onWait?.(holderName(found), waited);
    await clock.sleep(waitMs, signal);
  }
}

async function create(path: string, content: string): Promise<boolean> {
  // Written aside and linked, so that nobody ever reads a half-written lock.
  const draft = `${path}.${randomUUID()}.new`;
  await writeFile(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The last sign of life, and after how many waits it was first seen. */
interface Silence {
  readonly sign: number;
  readonly since: number;
}

/** Counts from when we saw the sign: the machines' clocks, and ours of today and yesterday, need not agree. A sign that is old already counts at once. */
async function listenTo(path: string, waited: number, before: Silence | undefined): Promise<Silence | undefined> {
  const sign = (await stat(path).catch(() => undefined))?.mtimeMs;
  if (sign === undefined) return undefined;
  if (before?.sign === sign) return before;
  return { sign, since: Date.now() - sign > silentMs ? waited - silentMs / waitMs : waited };
}

async function isDead(content: string, silence: Silence | undefined, waited: number): Promise<boolean> {
  const holder = parse(content);
  if (holder?.host === hostname()) return (await processMark(holder.pid)) !== holder.mark;
  return silence !== undefined && (waited - silence.since) * waitMs >= silentMs;
}

/** Two waiters may both find the same dead holder; the slower one must not remove the faster one's new lock. */
async function bury(path: string, judged: string): Promise<void> {
  const grave = `${path}.${randomUUID()}.dead`;
  if (
    !(await rename(path, grave).then(
      () => true,
      () => false,
    ))
  )
    return;
  if ((await readFile(grave, "utf8")) !== judged) await link(grave, path).catch(() => undefined);
  await rm(grave, { force: true });
}

function parse(content: string): z.infer<typeof Holder> | undefined {
  try {
    return Holder.parse(JSON.parse(content));
  } catch {
    return undefined;
  }
}

function holderName(content: string): string {
  const holder = parse(content);
  return holder ? `process ${holder.pid}${holder.host === hostname() ? "" : ` on ${holder.host}`}` : "another process";
}
