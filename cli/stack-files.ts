/** What a stack is asked to be: its settings and its tenants' files. Read once a command, before anything asks the engine. */
import { join } from "node:path";
import { OperatorError } from "../domain/error.ts";
import { settingsFile, stackSettings } from "../infra/settings-file.ts";
import { acrossStacks } from "../tenants/across.ts";
import { loadStack, readStack, stackNames } from "../tenants/load.ts";

export interface StackFiles {
  readonly settings: ReturnType<typeof stackSettings>;
  readonly entries: ReturnType<typeof loadStack>;
}

/** Throws OperatorError for all that is wrong in the files and in the stack's settings, and for what its tenants share with another stack's. */
export function readStackFiles(root: string, stack: string): StackFiles {
  const settings = stackSettings(root, stack);
  const tenants = join(root, "tenants");
  const entries = loadStack(stack, { root: tenants, personalData: settings.personalData });
  const others = stackNames(tenants).filter((name) => name !== stack);
  // What is wrong in the others' own files is not this command's. Last in the row is who is told.
  const stacks = others.map((name) => ({
    ...{ stack: name, zone: zoneOf(root, name) },
    files: readStack(name, { root: tenants, personalData: "plain" }).tenants,
  }));
  const shared = acrossStacks([...stacks, { stack, files: entries, zone: settings.zone }]);
  const own = shared.filter(({ file }) => entries.some((entry) => entry.file === file));
  if (own.length > 0) throw new OperatorError(own);
  return { settings, entries };
}

/** The zone of a stack's hostnames; undefined where its settings do not say. */
export function zoneOf(root: string, stack: string): string | undefined {
  try {
    return settingsFile(root, stack).get("zone");
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

/** Slugs by uid, as the files say. */
export function slugsOf({ entries }: StackFiles): Map<string, string> {
  return new Map(entries.map(({ entry, slug }) => [entry.uid, slug]));
}
