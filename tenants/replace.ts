/** Files are replaced whole, and several of them all or none: new texts lie beside the old ones until each is on the disk; then a list of them is, and only
 *  then are they moved into place. A process that is killed before leaves the old files, one that is killed after leaves a list that can be finished. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";

/** Begins with a dot: never a tenant. */
const listName = ".replacing.json";
/** The list lies in a folder that pull requests change: it names files of this folder and nothing else. */
const List = z.array(z.string().regex(/^[^/\\]+$/));

export interface Replacement {
  /** Moves the new texts into place. */
  finish(): void;
}

/** Writes the new texts (by the file's name) beside the old ones. Throws the file system's error, with nothing left behind and nothing changed. */
export function prepareReplacement(folder: string, texts: ReadonlyMap<string, string>): Replacement {
  const names = [...texts.keys()];
  const begun: string[] = [];
  const write = (name: string, text: string, mode: number) => {
    const path = beside(join(folder, name));
    // What is no file there is somebody else's; it is left, and opening it fails below.
    if (!existsSync(path) || statSync(path).isFile()) begun.push(path);
    writeWhole(path, text, mode);
  };
  try {
    for (const [name, text] of texts) {
      const path = join(folder, name);
      write(name, text, existsSync(path) ? statSync(path).mode & 0o777 : 0o644);
    }
    if (names.length > 1) write(listName, JSON.stringify(names), 0o644);
  } catch (error) {
    for (const path of begun) rmSync(path, { force: true });
    throw error;
  }
  return {
    finish() {
      // A single move needs no list to be whole.
      if (names.length > 1) renameSync(beside(join(folder, listName)), join(folder, listName));
      if (!finishReplacement(folder)) move(folder, names);
    },
  };
}

/** Finishes what a killed process left; true if there was something. */
export function finishReplacement(folder: string): boolean {
  const list = join(folder, listName);
  if (!existsSync(list)) return false;
  move(folder, List.parse(JSON.parse(readFileSync(list, "utf8"))));
  rmSync(list);
  return true;
}

function move(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(folder, name);
    if (existsSync(beside(path))) renameSync(beside(path), path);
  }
}

function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.new`);
}

function writeWhole(path: string, text: string, mode: number): void {
  writeFileSync(path, text, { mode });
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
