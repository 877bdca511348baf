/** The sandbox's Pulumi state, kept by the engine in files: what a full disk or a killed machine left half-written there. */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { exitCode, OperatorError } from "../domain/error.ts";

/** The file that the engine keeps a stack of this project in. */
export function stateFile(folder: string, stack: string): string {
  return join(folder, ".pulumi", "stacks", "fleet", `${stack}.json`);
}

/** Throws OperatorError where the engine could not read the stack's file (it would only say where in the file it stopped). Names the newest copy that is
 *  whole: on a full disk the engine spoils `….bak` as well, while the copies that it made after earlier runs stay. */
export function needReadable(folder: string, stack: string): void {
  const file = stateFile(folder, stack);
  if (isJson(file)) return;
  const backups = join(folder, ".pulumi", "backups", "fleet", stack);
  // Their names hold the time in nanoseconds: as long as each other, so the last in order is the newest.
  const older = list(backups)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .reverse();
  const whole = [`${file}.bak`, ...older.map((name) => join(backups, name))].find(isJson);
  const anew = "begin anew with: fleet sandbox reset";
  const back =
    whole === undefined
      ? `No copy of it is whole: ${anew}`
      : `The last whole copy lies beside it: cp '${whole}' '${file}', then fleet up ${stack} --recover; or ${anew}`;
  throw new OperatorError(`${file}: the sandbox's Pulumi state is half-written and cannot be read. ${back}`, exitCode.failed);
}

/** Removes locks that hold nothing: the engine writes a lock aside and renames it, so one that cannot be read was left by a disk that was full, belongs to
 *  nobody, and would make every later run end with "unexpected end of JSON input". */
export function removeHalfLocks(folder: string, stack: string, now: number = Date.now()): void {
  const locks = join(folder, ".pulumi", "locks", "organization", "fleet", stack);
  for (const name of list(locks)) {
    const file = join(locks, name);
    if (!isJson(file) && (modifiedAt(file) ?? now) < now - writingMs) rmSync(file, { force: true });
  }
}

/** Another command may be writing its lock in this moment. */
const writingMs = 1_000;

function isJson(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function modifiedAt(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
