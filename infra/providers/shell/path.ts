/** Pulumi's property paths: `variables.PORT`, `members[0].email`, `variables["a.b"]`. */

export type PathSegment = string | number;

export function formatPath(path: readonly PathSegment[]): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(segment)) text += text ? `.${segment}` : segment;
    else text += `[${JSON.stringify(segment)}]`;
  }
  return text;
}

/** Reads a path as people write it in `ignoreChanges`; `*` stands for any one segment. */
export function parsePath(text: string): PathSegment[] {
  const segments: PathSegment[] = [];
  for (const match of text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.[\]]+)/g)) {
    const [, quoted, index, name] = match;
    if (quoted !== undefined) segments.push(quoted.replace(/\\(.)/g, "$1"));
    else if (index !== undefined) segments.push(index === "*" ? "*" : Number(index));
    else if (name !== undefined) segments.push(name);
  }
  return segments;
}

/** Whether `path` is `pattern` or lies under it. */
export function isUnder(path: readonly PathSegment[], pattern: readonly PathSegment[]): boolean {
  return pattern.length <= path.length && pattern.every((segment, at) => segment === "*" || String(segment) === String(path[at]));
}
