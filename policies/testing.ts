/** Resources as rules see them, for this room's tests. */
import type { Facts } from "./facts.ts";
import type { Resource, Value } from "./rule.ts";

/** Of a stack whose data is protected and whose tenants are all active, with nothing open. */
export const strict: Facts = { protect: true, isOffboarding: async () => false, openPaths: async () => [] };

export function resource(
  type: string,
  props: Readonly<Record<string, Value>> = {},
  change: Partial<Omit<Resource, "type" | "props">> = {},
): Resource {
  const name = change.name ?? "tn_7k2m9x4q1c-thing";
  const urn = `urn:pulumi:prod::fleet::${type}::${name}`;
  return { type, props, name, urn, protect: false, secretOutputs: [], sources: {}, ...change };
}
