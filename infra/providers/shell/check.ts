/** Check: the zod definition's complaints, the rules over several properties, and changes that must never be made. No side effects. */
import type { z } from "zod";
import { sameValue } from "./diff.ts";
import { formatPath, type PathSegment } from "./path.ts";
import type { Properties, Resource } from "./resource.ts";
import { hasUnknown, isUnknown } from "./unknown.ts";

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** All problems of the new inputs at once. `olds` are the inputs in state, empty for a new object. */
export function checkInputs<Context>(
  resource: Resource<Properties, Properties, Context>,
  olds: Properties,
  news: Properties,
): readonly CheckFailure[] {
  const failures = [...checkShape(resource.inputs, news)];
  for (const property of resource.refuseChange ?? []) {
    const before = olds[property] ?? undefined;
    const after = news[property] ?? undefined;
    if (before === undefined || hasUnknown(after) || sameValue(before, after)) continue;
    if (after === undefined && resource.leftAlone?.includes(property)) continue;
    failures.push({ property, reason: refusal(resource, property, before, after) });
  }
  if (failures.length === 0 && resource.check && !hasUnknown(news)) {
    failures.push(...resource.check(news, Object.keys(olds).length > 0 ? olds : undefined));
  }
  return failures;
}

/** Complaints of a zod definition about a value in which the engine's unknowns may stand anywhere. */
export function checkShape(shape: z.ZodType, news: Properties): readonly CheckFailure[] {
  const parsed = shape.safeParse(news);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map((segment): PathSegment => (typeof segment === "number" ? segment : String(segment)));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        property: formatPath([...path, key]),
        reason: "is not known here: is it spelled right?",
      }));
    }
    if (issue.code === "invalid_key" && issue.issues.length > 0)
      return issue.issues.map(({ message }) => ({ property: formatPath(path), reason: message }));
    const value = valueAt(news, path);
    if (value === undetermined) return [];
    // A rule over a whole object or a union cannot be judged while a part of it is unknown.
    if ((issue.code === "custom" || issue.code === "invalid_union") && hasUnknown(value)) return [];
    return [
      { property: formatPath(path), reason: value === undefined && issue.code === "invalid_type" ? "is missing" : issue.message },
    ];
  });
}

const undetermined = Symbol("unknown");

function valueAt(root: unknown, path: readonly PathSegment[]): unknown {
  let value = root;
  for (const segment of path) {
    if (isUnknown(value)) return undetermined;
    if (typeof value !== "object" || value === null) return undefined;
    value = new Map(Object.entries(value)).get(String(segment));
  }
  return isUnknown(value) ? undetermined : value;
}

function refusal(resource: Resource<Properties, Properties, never>, property: string, before: unknown, after: unknown): string {
  const secret = resource.secrets?.includes(property);
  const change = secret ? "" : ` (from ${JSON.stringify(before)} to ${JSON.stringify(after ?? null)})`;
  return `cannot be changed${change}: it would need a new object, and this one must never be replaced. Put the old value back, or remove the resource and declare another under a new name`;
}
