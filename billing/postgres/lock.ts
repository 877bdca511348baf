/** A lock between processes of this machine around starting and stopping the server: a file with the holder's process id. */
import { link, readFile, rm, writeFile } from "node:fs/promises";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError } from "../../domain/error.ts";

const patienceMs = 120_000;
/** Of this process: two waiters in it must not share the file that they link. */
let attempts = 0;

/** Runs `work` while no other process of this machine holds the lock. The lock of a process that died is taken over.
 *  The clock is the machine's own: a server's start takes real time. */
export async function withLock<T>(path: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const since = await clock.now();
  while (!(await tryLock(path))) {
    await removeStale(path);
    if ((await clock.now()) - since > patienceMs)
      throw new OperatorError(
        `${path} is held by process ${await holder(path)} for over two minutes: if that process is not at work, remove the file`,
      );
    await clock.sleep(20);
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

async function removeStale(path: string): Promise<void> {
  const pid = await holder(path);
  // No pid: it was released just now.
  if (pid === undefined || pid === process.pid || isAlive(pid)) return;
  // Two waiters may both see the dead holder: whoever still reads the same pid removes it.
  if ((await holder(path)) === pid) await rm(path, { force: true });
}

/** Whether a process of that id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
