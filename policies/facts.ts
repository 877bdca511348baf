/** What the files say of a stack: rules ask here when a resource alone does not tell whether something is allowed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { TenantEntry } from "../tenants/schema.ts";

export interface Facts {
  /** `fleet:protect` of the stack; true unless it says otherwise. */
  readonly protect: boolean;
  /** Whether the tenant's file says `state: offboarding`. False for an unknown one. */
  isOffboarding(uid: string): Promise<boolean>;
  /** Paths that the tenant's file opens to people without log-in. */
  openPaths(uid: string): Promise<readonly string[]>;
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
    isOffboarding: async (uid) => (await entries()).get(uid)?.state === "offboarding",
    openPaths: async (uid) => (await entries()).get(uid)?.access.publicPaths ?? [],
  };
}

/** The stack's name in a URN. */
export function stackOf(urn: string): string {
  return /^urn:pulumi:([^:]*)::/.exec(urn)?.[1] ?? "";
}

/** Without zod, because nothing but this one word counts, and anything else than a plain false protects. */
function readProtect(file: string): boolean {
  if (!existsSync(file)) return true;
  const settings: unknown = parse(readFileSync(file, "utf8"));
  const config = typeof settings === "object" && settings !== null && "config" in settings ? settings.config : undefined;
  const said = typeof config === "object" && config !== null && "fleet:protect" in config ? config["fleet:protect"] : undefined;
  return String(said) !== "false";
}

async function readEntries(stack: string, root: string): Promise<ReadonlyMap<string, TenantEntry>> {
  // Loaded only when asked for: the schema takes a quarter of a second, and most runs never need it.
  const { readStack } = await import("../tenants/load.ts");
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
