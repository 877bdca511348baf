/** What differs between the inputs in state and the program's, property by property; knows unknowns and ignoreChanges. */
import { formatPath, isUnder, type PathSegment, parsePath } from "./path.ts";
import type { Properties, Resource } from "./resource.ts";
import { hasUnknown, isUnknown } from "./unknown.ts";

export interface PropertyChange {
  /** Pulumi's notation: `variables.PORT`. */
  readonly path: string;
  /** The top-level property the path lies in. */
  readonly property: string;
  readonly kind: "add" | "delete" | "update";
}

/** Changes from `olds` to `news` in order of their paths. An unknown new value counts as changed: only the real run can say otherwise.
 *  Null and absent are the same, because the engine drops nulls on some of its ways. */
export function diffInputs(olds: Properties, news: Properties, ignoreChanges: readonly string[] = []): PropertyChange[] {
  const ignored = ignoreChanges.map(parsePath);
  const changes: PropertyChange[] = [];
  collect(olds, news, [], (path, kind) => {
    const property = path[0];
    if (property === undefined || ignored.some((pattern) => isUnder(path, pattern))) return;
    changes.push({ path: formatPath(path), property: String(property), kind });
  });
  return changes;
}

/** Changes that the vendor must hear of: without those that the resource leaves alone or that mean the same. */
export function materialChanges<Inputs extends Properties, State extends Properties>(
  resource: Pick<Resource<Inputs, State, never>, "leftAlone" | "sameMeaning">,
  seen: {
    readonly olds: Properties;
    readonly news: Properties;
    readonly state: Partial<State>;
    readonly ignoreChanges?: readonly string[];
  },
): PropertyChange[] {
  const leftAlone = new Set<string>(resource.leftAlone);
  const isIdle = (property: string) => {
    const before = own(seen.olds, property) ?? undefined;
    const after = own(seen.news, property) ?? undefined;
    if (after === undefined) return leftAlone.has(property);
    return !hasUnknown(after) && resource.sameMeaning?.(property, before, after, seen.state) === true;
  };
  return diffInputs(seen.olds, seen.news, seen.ignoreChanges).filter(({ property }) => !isIdle(property));
}

/** Equality of plain JSON values; null and absent are the same inside objects. */
export function sameValue(left: unknown, right: unknown): boolean {
  let same = true;
  collect(left, right, [], () => {
    same = false;
  });
  return same;
}

type Report = (path: PathSegment[], kind: PropertyChange["kind"]) => void;

function collect(old: unknown, now: unknown, path: PathSegment[], report: Report): void {
  const before = old ?? undefined;
  const after = now ?? undefined;
  if (before === undefined || after === undefined || isUnknown(after)) {
    if (before === undefined && after === undefined) return;
    report(path, before === undefined ? "add" : after === undefined ? "delete" : "update");
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let at = 0; at < Math.max(before.length, after.length); at++) collect(before[at], after[at], [...path, at], report);
    return;
  }
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    for (const key of keys) collect(own(before, key), own(after, key), [...path, key], report);
    return;
  }
  if (before !== after || hasUnknown(after)) report(path, "update");
}

/** Not what every object inherits: programs may call a property `constructor`. */
function own(object: Properties, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
