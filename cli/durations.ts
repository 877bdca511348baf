/** How long commands took before, so that a person can be told how long one will take. Kept in `.fleet/durations.json`; losing it costs nothing. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const kept = 7;
/** By command and what it worked on (`up sandbox`): seconds of the newest runs that succeeded, the newest last. */
export type Durations = Readonly<Record<string, readonly number[]>>;

/** Of this checkout; empty where nothing was recorded or the file cannot be read. */
export function readDurations(root: string): Durations {
  try {
    return checked(JSON.parse(readFileSync(fileIn(root), "utf8")));
  } catch {
    return {};
  }
}

/** By hand: every command looks here, and loading zod would take longer than the quick ones do. */
function checked(value: unknown): Durations {
  if (typeof value !== "object" || value === null) return {};
  const numbers = (list: unknown): readonly number[] =>
    Array.isArray(list) ? list.filter((item): item is number => typeof item === "number" && item > 0) : [];
  return Object.fromEntries(Object.entries(value).map(([key, list]) => [key, numbers(list)]));
}

/** Adds one. A folder that cannot be written to is no fault of the command that was timed. */
export function recordDuration(root: string, key: string, seconds: number): void {
  const durations = readDurations(root);
  const mine = [...(durations[key] ?? []), Math.round(seconds * 10) / 10].slice(-kept);
  const file = fileIn(root);
  const half = `${file}.${process.pid}`;
  try {
    mkdirSync(join(root, ".fleet"), { recursive: true });
    writeFileSync(half, `${JSON.stringify({ ...durations, [key]: mine })}\n`);
    renameSync(half, file);
  } catch {
    try {
      rmSync(half, { force: true });
    } catch {
      // Then it could not be made either.
    }
  }
}

/** Seconds left of work that has taken `elapsed` seconds: by what is done of what there is to do, else by the earlier runs that took longer than this one
 *  has so far (their median). Undefined where neither says anything. */
export function secondsLeft(elapsed: number, done: number, total: number, earlier: readonly number[]): number | undefined {
  if (total > 0 && done >= total) return 0;
  if (total > 0 && done > 0 && elapsed >= 1) return (elapsed * (total - done)) / done;
  const longer = earlier.filter((seconds) => seconds > elapsed).toSorted((one, other) => one - other);
  const median = longer[Math.floor(longer.length / 2)];
  return median === undefined ? undefined : median - elapsed;
}

/** `45 s`, `3 min 20 s`, `1 h 5 min` */
export function inWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function fileIn(root: string): string {
  return join(root, ".fleet", "durations.json");
}
