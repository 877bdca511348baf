/** Composite ids: Railway cannot be asked for a service or volume by its id alone, and `pulumi import` knows nothing but the id. */
import { OperatorError } from "../../../domain/error.ts";

/** Splits `a/b/c` into as many parts as there are names; OperatorError that shows the right form otherwise. */
export function splitId<Name extends string>(id: string, names: readonly Name[]): Record<Name, string> {
  const parts = id.split("/");
  if (parts.length !== names.length || parts.some((part) => part === "")) {
    throw new OperatorError(`"${id}" is not a Railway id here: write ${names.map((name) => `<${name}>`).join("/")}`);
  }
  const entries = names.map((name, at) => [name, parts[at] ?? ""] as const);
  return Object.fromEntries(entries) as Record<Name, string>;
}

export function joinId(...parts: readonly string[]): string {
  return parts.join("/");
}
