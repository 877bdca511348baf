/** zod's issues in words that say what is wrong and what to write instead. */
import { z } from "zod";
import { nearest } from "./nearest.ts";

export interface Explained {
  /** Where: the path of the value itself, or of the key that should not be there. */
  readonly path: readonly (string | number)[];
  readonly atKey: boolean;
  /** `access.sessionDuration: "3 days" is not a duration; write 30m, 1h … 24h` */
  readonly message: string;
}

/** Checks a value against a schema; all problems at once. */
export function explain<Value>(
  schema: z.ZodType<Value>,
  input: unknown,
): { readonly value: Value } | { readonly problems: readonly Explained[] } {
  const result = schema.safeParse(input, { error: inWords });
  if (result.success) return { value: result.data };
  return { problems: result.error.issues.flatMap((issue) => explainIssue(schema, issue)) };
}

function explainIssue(schema: z.ZodType, issue: z.core.$ZodIssue): Explained[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      const advice = meant
        ? `did you mean ${meant}?`
        : known.length
          ? `known here: ${known.join(", ")}`
          : "nothing is known here";
      return { path: [...path, key], atKey: true, message: `${dotted([...path, key])}: is not a known key; ${advice}` };
    });
  }
  if (issue.code === "invalid_key") {
    const messages = issue.issues.map((inner) => inner.message);
    return messages.map((message) => ({ path, atKey: true, message: `${dotted(path)}: ${message}` }));
  }
  const at = dotted(path);
  return [{ path, atKey: false, message: at ? `${at}: ${issue.message}` : issue.message }];
}

/** Messages for what the schema has no own words for. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") {
    if (issue.input === undefined) return "is missing";
    if (issue.input === null) return "is empty; give it a value or leave the line out";
    const quote = issue.expected === "string" && typeof issue.input !== "object" ? "; put it in quotes" : "";
    return `must be ${article(issue.expected)}, not ${sample(issue.input)}${quote}`;
  }
  if (issue.code === "too_small") return `is too small or too short (at least ${issue.minimum})`;
  if (issue.code === "too_big") return `is too big or too long (at most ${issue.maximum})`;
  if (issue.code === "invalid_value" && issue.input === undefined)
    return `is missing; write ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_value")
    return `${sample(issue.input)} is not possible here; write ${issue.values.map(String).join(", ")}`;
  return undefined;
}

function article(expected: string): string {
  const names: Record<string, string> = {
    string: "a text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
    array: "a list",
    object: "a block of keys",
    record: "a block of keys",
  };
  return names[expected] ?? expected;
}

/** A value as a problem quotes it: one line, not too long, addresses masked (logs have more readers than the file). */
export function sample(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object" && input !== null) return "a block of keys";
  // JSON has no word for NaN and the infinities.
  const said = (typeof input === "number" ? String(input) : (JSON.stringify(input) ?? String(input)))
    .replaceAll(/([^\s"'<>@])[^\s"'<>@]*@/gu, "$1…@")
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (hidden) => `\\u{${(hidden.codePointAt(0) ?? 0).toString(16)}}`);
  return said.length > 60 ? `${said.slice(0, 57)}…"` : said;
}

function dotted(path: readonly (string | number)[]): string {
  // A key can be any text: what could move the cursor or look like words of ours is quoted.
  return path.map((part) => (/^[\w-]{1,60}$/.test(String(part)) ? part : sample(part))).join(".");
}

/** The keys that the schema knows at a path. */
function knownKeys(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  let here: unknown = schema;
  for (const part of path) {
    here = unwrap(here);
    if (here instanceof z.ZodObject) here = here.shape[String(part)];
    else if (here instanceof z.ZodArray) here = here.element;
    else return [];
  }
  here = unwrap(here);
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrap(schema.unwrap()) : schema;
}
