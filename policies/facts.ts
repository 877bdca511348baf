/** What the files say of a stack: rules ask here when a resource alone does not tell whether something is allowed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { readStack } from "../tenants/load.ts";
import type { TenantEntry } from "../tenants/schema.ts";

export interface Facts {
  /** `fleet:protect` of the stack; true unless it says otherwise. */
  readonly protect: boolean;
  /** Whether the tenant's file says `state: offboarding`. False for an unknown one. */
  isOffboarding(uid: string): boolean;
  /** Paths that the tenant's file opens to people without log-in. */
  openPaths(uid: string): readonly string[];
}

/** Reads `Pulumi.<stack>.yaml` and `tenants/<stack>` below the root, each when first asked for. The SDK hands a pack neither the stack's configuration nor its
 *  name, so the caller takes the name from a URN. What cannot be read allows nothing: the program itself says what is wrong with it. */
export function factsOf(stack: string, root: string): Facts {
  const protect = once(() => readProtect(join(root, `Pulumi.${stack}.yaml`)));
  const entries = once(() => readEntries(stack, join(root, "tenants")));
  return {
    get protect() {
      return protect();
    },
    isOffboarding: (uid) => entries().get(uid)?.state === "offboarding",
    openPaths: (uid) => entries().get(uid)?.access.publicPaths ?? [],
  };
}

/** The stack's name in a URN. */
export function stackOf(urn: string): string {
  return /^urn:pulumi:([^:]*)::/.exec(urn)?.[1] ?? "";
}

const Settings = z.object({ config: z.record(z.string(), z.unknown()).nullish() });

function readProtect(file: string): boolean {
  if (!existsSync(file)) return true;
  const settings = Settings.safeParse(parse(readFileSync(file, "utf8")));
  return String(settings.data?.config?.["fleet:protect"]) !== "false";
}

function readEntries(stack: string, root: string): ReadonlyMap<string, TenantEntry> {
  // Whether an address may stand there unsealed is the program's question, not ours.
  const { tenants } = readStack(stack, { root, personalData: "plain" });
  return new Map(tenants.map(({ entry }) => [entry.uid, entry]));
}

function once<T>(read: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: read() };
    return made.value;
  };
}
