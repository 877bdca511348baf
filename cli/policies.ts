/** The rules of policies/ in a run of the engine: how they are switched on, and what they said, by tenant. */
import type { EngineEvent } from "../engine/events.ts";

/** The engine's arguments for a preview or up, run in the repository's root, that is held to the rules. The engine splits them at commas and reads quotes:
 *  a checkout's own path may hold both. */
export const policyArguments: readonly string[] = ["--policy-pack", "policies"];

export interface Violation {
  /** The tenant's uid; null for what the account shares. */
  readonly uid: string | null;
  /** The rule's name: its file in policies/. */
  readonly policy: string;
  /** `mandatory` ends the run; `advisory` is what the engine makes of a rule that cannot be asked. */
  readonly level: string;
  /** What is wrong, and how to put it right. */
  readonly message: string;
  /** Logical names of the resources that this is said of. */
  readonly resources: readonly string[];
}

/** What the rules said, the same of several of a tenant's resources once. */
export function violationsOf(events: readonly Extract<EngineEvent, { kind: "policy" }>[]): Violation[] {
  const found = new Map<string, Violation & { readonly resources: string[] }>();
  for (const { policy, level, message: said, urn } of events) {
    const resource = urn?.split("::").at(-1) ?? "the stack";
    const uid = /^tn_[a-z0-9]{10}/.exec(resource)?.[0] ?? null;
    // The engine puts the rule's description on a line before what it says.
    const message = said.slice(said.indexOf("\n") + 1);
    const key = JSON.stringify([uid, policy, level, message]);
    const violation = found.get(key) ?? { uid, policy, level, message, resources: [] };
    if (!violation.resources.includes(resource)) violation.resources.push(resource);
    found.set(key, violation);
  }
  return [...found.values()];
}

/** `acme: image-by-digest: app-instance: image is …` */
export function describeViolation({ uid, policy, message, resources }: Violation, nameOf: (uid: string) => string): string {
  const short = resources.map((name) => (uid === null ? name : name.replace(`${uid}-`, "")));
  return `${uid === null ? "the account" : nameOf(uid)}: ${policy}: ${short.join(", ")}: ${message}`;
}
