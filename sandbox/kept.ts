/** The state between runs: one file, written whole. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Faults } from "./faults.ts";

/** Counts up whenever a snapshot's form changes: files of other versions are put aside. */
export const stateVersion = 2;

export type Saved = {
  readonly version: number;
  readonly now: number;
  readonly random: number;
  /** Vendors that somebody spoke to. */
  readonly touched: readonly string[];
  /** Ordered and not yet happened, by vendor; absent in states that were written before they were kept. */
  readonly faults?: Readonly<Record<string, ReturnType<Faults["list"]>>>;
  readonly world: unknown;
};

/** Undefined where nothing was kept; what cannot be read is put aside. */
export async function readState(file: string): Promise<Saved | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const saved = JSON.parse(text) as Saved;
    if (saved.version === stateVersion) return saved;
  } catch {
    // Falls through: written by another version, or damaged from outside (our own writes are atomic).
  }
  await putAside(file);
  return undefined;
}

/** Out of the way of the next start, and still there for a person. */
export async function putAside(file: string): Promise<void> {
  await rename(file, `${file}.unreadable`);
  process.stderr.write(
    `sandbox: the state in ${file} cannot be read; it was put aside as ${file}.unreadable and the sandbox starts empty\n`,
  );
}

/** The file is the old state or the new one, whatever happens in between. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
