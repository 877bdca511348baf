import { readFileSync } from "node:fs";

/** Whether a process of that id lives, whoever owns it. A zombie does not, which where nobody collects orphans stays for good; where there is no /proc it
 *  counts as living. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    // After the program's name in parentheses, which may hold any.
    return /\) Z[^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
