/** What a stack is asked to be: its settings and its tenants' files. Read once a command, before anything asks the engine. */
import { join } from "node:path";
import { stackSettings } from "../infra/settings-file.ts";
import { loadStack } from "../tenants/load.ts";

export interface StackFiles {
  readonly settings: ReturnType<typeof stackSettings>;
  readonly entries: ReturnType<typeof loadStack>;
}

/** Throws OperatorError for all that is wrong in the files and in the stack's settings. */
export function readStackFiles(root: string, stack: string): StackFiles {
  const settings = stackSettings(root, stack);
  return { settings, entries: loadStack(stack, { root: join(root, "tenants"), personalData: settings.personalData }) };
}

/** Slugs by uid, as the files say. */
export function slugsOf({ entries }: StackFiles): Map<string, string> {
  return new Map(entries.map(({ entry, slug }) => [entry.uid, slug]));
}
