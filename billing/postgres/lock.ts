/** A lock between processes of this machine around starting and stopping the server: a file with the holder's process id. */
import { link, readFile, rm, writeFile } from "node:fs/promises";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError } from "../../domain/error.ts";
import { isAlive } from "./alive.ts";

const patienceMs = 120_000;
const lookMs = 20;
/** A lock is linked into place whole; one without a number was left so by a machine that went down. */
const emptyForMs = 2_000;
/** Of this process: two waiters in it must not share the file that they link. */
let attempts = 0;

/** Runs `work` while no other process of this machine holds the lock. The lock of a process that died is taken over.
 *  The clock is the machine's own: a server's start takes real time. */
export async function withLock<T>(path: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  let waitedMs = 0;
  while (!(await tryLock(path))) {
    await removeStale(path, waitedMs);
    // Counted in sleeps: a clock that is put right meanwhile must not end the patience.
    if (waitedMs > patienceMs)
      throw new OperatorError(
        `${path} is held by process ${await holder(path)} for over two minutes: if that process is not at work, remove the file`,
      );
    await clock.sleep(lookMs);
    waitedMs += lookMs;
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Written first and linked into place, so that the lock never exists without its holder's id. */
async function tryLock(path: string): Promise<boolean> {
  const own = `${path}.${process.pid}.${++attempts}`;
  await writeFile(own, String(process.pid), { mode: 0o600 });
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

async function holder(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, "utf8").catch(() => ""));
  return pid > 0 ? pid : undefined;
}

async function removeStale(path: string, waitedMs: number): Promise<void> {
  const pid = await holder(path);
  // No pid: it was released just now, or never had one.
  if (pid === undefined && waitedMs < emptyForMs) return;
  if (pid !== undefined && (pid === process.pid || isAlive(pid))) return;
  // Two waiters may both see the dead holder: whoever still reads the same pid removes it.
  if ((await holder(path)) === pid) await rm(path, { force: true });
}
