/** What one Cloudflare object is to the stand-in, as data: its fields, how each behaves in the real provider, and where it lives. */
import type { z } from "zod";
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import type { Method } from "./api.ts";
import type { Dialect } from "./names.ts";

/** How a field behaves while the program leaves it unset:
 *  `plain`: an answered value is a difference, and goes out as explicit null;
 *  `calm`: as plain, but an answered false, empty text or empty list is the same as unset;
 *  `computed`: Cloudflare fills it, and what it filled in goes along in later updates;
 *  `{ default }`: this value is sent instead. */
export type Field = "plain" | "calm" | "computed" | { readonly default: unknown };

export interface Shape {
  /** `DnsRecord` */
  readonly name: string;
  readonly description: string;
  /** Which account, zone or parent it belongs to; not sent in the body, and a change replaces the object. In the order of an import id. */
  readonly owners: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /** Fields that the SDK requires, with their shapes. */
  readonly required: Readonly<Record<string, z.ZodType>>;
  readonly outputs: readonly string[];
  readonly stable?: readonly string[];
  readonly secrets?: readonly string[];
  readonly replaceOnChange?: readonly string[];
  readonly dialect?: Dialect;
  /** The collection, from inputs or state. */
  readonly collection: (at: Properties) => string;
  /** Fields that one and the same change makes unknown: then none of them goes along from the state. */
  readonly tied?: readonly string[];
  /** PUT on the object's own path (or as given) instead of POST on the collection. */
  readonly create?: Method;
  readonly update?: Method;
  /** Updates carry only what changed. */
  readonly changedOnly?: boolean;
  /** A destroy sends nothing: the real provider has an empty Delete here. */
  readonly keepOnDelete?: boolean;
  /** Path of one object; default: collection and id. */
  readonly path?: (collection: string, id: string) => string;
  /** The Pulumi id where it is not the answer's `id`. */
  readonly id?: (inputs: Properties) => string;
  /** Last change to a body. */
  readonly finish?: (body: Properties, update: boolean) => Properties;
  /** An answer without what is none of the program's concern; `known` is the program's side in the API's names. */
  readonly tidy?: (answer: Properties, known: Properties) => Properties;
  /** Puts a field that is a set into one order before it is compared. By the API's names. */
  readonly order?: Readonly<Record<string, (value: unknown) => unknown>>;
  readonly check?: (inputs: Properties) => readonly { readonly property: string; readonly reason: string }[];
}

/** Those fields, all behaving alike. */
export function all(field: Field, names: readonly string[]): Record<string, Field> {
  return Object.fromEntries(names.map((name) => [name, field]));
}
