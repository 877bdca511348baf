/** What completion proposes for a word whose values lie in files: read by name only, so that a key pressed twice is answered at once. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "./context.ts";

/** Handed to stricli as `proposeCompletions`. A folder that cannot be read proposes nothing. */
export type Propose = (this: Context) => readonly string[] | Promise<readonly string[]>;

export const stacks: Propose = function () {
  return stacksOf(this.root);
};

/** Of the stack that the words before name; of all where they name none. */
export const slugs: Propose = function () {
  const of = this.completing?.stack === undefined ? stacksOf(this.root) : [this.completing.stack];
  return [...new Set(of.flatMap((stack) => namesIn(join(this.root, "tenants", stack), ".yaml")))].sort();
};

export const plans: Propose = function () {
  return namesIn(join(this.root, "tenants", "plans"), ".yaml");
};

export const rules: Propose = function () {
  return namesIn(join(this.root, "billing", "rules"), ".yaml");
};

/** A list that is known. */
export function among(values: readonly string[]): Propose {
  return () => values;
}

function stacksOf(root: string): readonly string[] {
  try {
    const entries = readdirSync(join(root, "tenants"), { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() && entry.name !== "plans" ? [entry.name] : [])).sort();
  } catch {
    return [];
  }
}

function namesIn(folder: string, ending: string): readonly string[] {
  try {
    return readdirSync(folder).flatMap((name) => (name.endsWith(ending) ? [name.slice(0, -ending.length)] : []));
  } catch {
    return [];
  }
}
