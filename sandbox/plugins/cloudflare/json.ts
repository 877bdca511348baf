/** Questions about plain JSON values. */
import type { Properties } from "../../../infra/providers/shell/resource.ts";

/** Equality of plain JSON; the order of keys does not matter, and null is the same as absent. */
export function sameJson(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

/** One text for equal values. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const keys = Object.keys(value)
    .filter((key) => isSet(value[key]))
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** Unset is undefined and null alike: the engine drops nulls on some of its ways. */
export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Whether the value is an object of properties. */
export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
