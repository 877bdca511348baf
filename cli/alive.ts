import { factsOf } from "../sandbox/marked.ts";

/** Whether a process of that number lives, whoever owns it. A zombie does not: it has ended, and where nobody collects orphans (a container whose first
 *  process is no init) it stays for good. Where there is no /proc it counts as living. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return factsOf(pid)?.state !== "Z";
}
