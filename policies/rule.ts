/** What a rule is: plain data in, what is wrong out. Types and readers only; nothing here knows Pulumi. */
import type { Facts } from "./facts.ts";

class Unknown {
  /** Makes the type one of a kind. */
  readonly unknown = true;
}

/** Stands for a value that is not known before `up`. */
export const unknown: Unknown = new Unknown();

/** A value that was declared secret: encrypted in state, hidden in previews. */
export class Declared {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

export type Value = string | number | boolean | null | Unknown | Declared | readonly Value[] | { readonly [name: string]: Value };

/** A resource as the program registers it, before anything is done at a vendor. */
export interface Resource {
  /** `railway:index:Volume`, `cloudflare:index/dnsRecord:DnsRecord` */
  readonly type: string;
  /** Logical name; a tenant's begins with its uid. */
  readonly name: string;
  readonly urn: string;
  readonly protect: boolean;
  /** Outputs that are encrypted whatever the provider says of them. */
  readonly secretOutputs: readonly string[];
  readonly props: Readonly<Record<string, Value>>;
  /** Types of the resources that each argument's value comes from; known to rules over the whole stack only. */
  readonly sources: Readonly<Record<string, readonly string[]>>;
}

interface Named {
  /** Kebab case, the file's name. */
  readonly name: string;
  readonly description: string;
}

/** Judges one resource before it is made or changed; what it says ends the run. Each message names the place, what is wrong, and how to put it right,
 *  and never a secret's value. */
export interface ResourceRule extends Named {
  /** Whether the rule looks at what is declared secret; to the others all values are open. */
  readonly seesSecrets?: boolean;
  check(resource: Resource, facts: Facts): readonly string[] | Promise<readonly string[]>;
}

/** Judges resources together, at the end of a preview or up. In a preview that is before anything happened, in `up` after it: what must be stopped at the
 *  last moment is a ResourceRule. */
export interface StackRule extends Named {
  check(resources: readonly Resource[], facts: Facts): readonly { readonly urn: string; readonly message: string }[];
}

/** The value at a path; undefined where there is none, `unknown` where it or one above it is not known yet. Secrets are looked into. */
export function at(value: Value | undefined, ...path: readonly (string | number)[]): Value | undefined {
  if (value instanceof Declared) return at(value.value, ...path);
  const [first, ...rest] = path;
  if (first === undefined || value instanceof Unknown) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, first)) return undefined;
  return at(Reflect.get(value, first), ...rest);
}

/** A list; undefined for anything else, also for one that is not known. */
export function list(value: Value | undefined): readonly Value[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** Places of values that are not declared secret (nor lie inside one that is) and that `isMeant` says yes to: `variables.TUNNEL_TOKEN`, `includes[0].email`. */
export function clearPlaces(value: Value, isMeant: (name: string, value: Value) => boolean, place = ""): string[] {
  if (value instanceof Declared || value instanceof Unknown || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, Value]) => {
    const path = Array.isArray(value) ? `${place}[${name}]` : place === "" ? name : `${place}.${name}`;
    return isMeant(name, inner) ? [path] : clearPlaces(inner, isMeant, path);
  });
}

/** For messages: what stands there. `at` opens secrets: never call it with what may be one. */
export function shown(value: Value | undefined): string {
  if (value === undefined) return "missing";
  if (value instanceof Unknown) return "not known before up";
  return typeof value === "object" && value !== null ? "something else" : JSON.stringify(value);
}

/** The tenant that a resource belongs to, by its logical name; undefined for what the account shares. */
export function uidOf(name: string): string | undefined {
  return /^tn_[a-z0-9]{10}(?=-|$)/.exec(name)?.[0];
}
