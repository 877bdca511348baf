/** Form-encoded bodies and queries with nested brackets, `items[0][price]=price_1&metadata[uid]=x`, as plain data. */
export type FormValue = string | FormValue[] | { [key: string]: FormValue };
/** A whole form: its top-level names. */
export type Form = { [key: string]: FormValue };

/** Reads a query string or form body. Consecutive number keys make an array, `key[]` appends; the last of two equal keys wins. */
export function parseForm(text: string): Form {
  const root: Form = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) put(root, pathOf(name), value);
  const result: Form = {};
  for (const [key, value] of Object.entries(root)) result[key] = arraysIn(value);
  return result;
}

function pathOf(name: string): string[] {
  const open = name.indexOf("[");
  if (open <= 0 || !name.endsWith("]")) return [name];
  return [name.slice(0, open), ...name.slice(open + 1, -1).split("][")];
}

function put(root: Form, path: readonly string[], value: string): void {
  let at = root;
  path.forEach((part, index) => {
    const key = part === "" ? String(Object.keys(at).length) : part;
    if (index === path.length - 1) {
      at[key] = value;
      return;
    }
    const next = at[key];
    if (typeof next === "object" && !Array.isArray(next)) at = next;
    else {
      const made: Form = Object.create(null);
      at[key] = made;
      at = made;
    }
  });
}

/** `{0: a, 1: b}` is how a form says `[a, b]`. */
function arraysIn(value: FormValue): FormValue {
  if (typeof value === "string" || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  const entries = keys.map((key): [string, FormValue] => [key, arraysIn(value[key] ?? "")]);
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);
  }
  return Object.fromEntries(entries);
}
