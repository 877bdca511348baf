/** What lies below tenants/ and looks like a tenant, a plan or a stack, but is read as none: better said than silently ignored. */
import type { Dirent } from "node:fs";
import type { Problem } from "../domain/error.ts";

/** What the names of stacks' folders look like. */
export const stackPattern = /^[a-z][a-z0-9-]{0,39}$/;

/** Why something in a folder of entries (a stack's, or plans/) is none; undefined where it is one, or meant to be none. `what` is what the folder holds. */
export function strayEntry(item: Dirent, what: "tenant" | "plan"): string | undefined {
  if (/^[_.]/.test(item.name)) return undefined;
  const folder = what === "tenant" ? "the stack's folder" : "tenants/plans";
  if (item.isDirectory()) return `is a folder; ${what}s are files directly in ${folder}`;
  if (looksLikeEntry(item.name) && !item.name.endsWith(".yaml"))
    return `is not read as a ${what}; name it ${what === "tenant" ? "<slug>" : "<name>"}.yaml`;
  return undefined;
}

/** What is wrong with what lies in `tenants/` itself, beside the folders of stacks. */
export function strayStacks(items: readonly Dirent[]): Problem[] {
  return items.flatMap((item): Problem[] => {
    const message = strayStack(item);
    return message === undefined ? [] : [{ file: `tenants/${printable(item.name)}`, line: 1, column: 1, message }];
  });
}

/** A file's name can hold anything; what would move a terminal's cursor or begin a line of its own does not get there. */
export function printable(name: string): string {
  return name.replaceAll(/\p{C}/gu, "?");
}

function strayStack(item: Dirent): string | undefined {
  if (/^[_.]/.test(item.name) || item.name === "tenant.schema.json") return undefined;
  if (looksLikeEntry(item.name) && !item.isDirectory())
    return "is in no stack; a tenant is a file in its stack's folder, like tenants/prod/<slug>.yaml";
  if (item.isSymbolicLink()) return "is a link and not read; a stack is a folder of its own";
  if (item.isDirectory() && !stackPattern.test(item.name))
    return "is not read as a stack; its name is 1 to 40 of a-z, 0-9 and hyphens, beginning with a letter";
  return undefined;
}

function looksLikeEntry(name: string): boolean {
  return /\.(?:ya?ml|json)\s*$/i.test(name);
}
