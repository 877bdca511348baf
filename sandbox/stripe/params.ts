import * as z from "zod";
import { missingParam, Refusal } from "./refusal.ts";

/** The words in which an operation describes its parameters. Everything arrives as text (v1 is form-encoded). */

/** A text of 1 to `max` characters; an empty one is refused. */
export const text = (max = 5000) =>
  z
    .string()
    .min(1, { error: "empty" })
    .max(max, { error: `long:${max}` });

/** A text that an empty value clears: "" becomes null. */
export const clearable = (max = 5000) =>
  z
    .string()
    .max(max, { error: `long:${max}` })
    .transform((value) => (value === "" ? null : value));

const wholeNumber = (value: string, context: z.RefinementCtx): number => {
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  context.addIssue({ code: "custom", message: `integer:${value}` });
  return z.NEVER;
};
/** A whole number. */
export const integer = z.string().transform(wholeNumber);
/** A whole number that an empty value clears. */
export const clearableInteger = z.string().transform((value, context) => (value === "" ? null : wholeNumber(value, context)));
/** A plain decimal. */
export const decimalText = z.string().regex(/^-?\d+(\.\d{1,12})?$/, { error: "decimal" });

/** `true` or `false`. */
export const flag = z.enum(["true", "false"]).transform((value) => value === "true");

/** Up to 50 keys of 40 and values of 500 characters; an empty value removes a key, an empty text all of them. */
export const metadata = z.preprocess(
  (value) => (value === "" ? { "": "" } : value),
  z.record(z.string().max(40), z.string().max(500)),
);

/** The metadata after a change: "" removes a key, the key "" all of them. */
export function mergeMetadata(old: Readonly<Record<string, string>>, changes: Readonly<Record<string, string>> | undefined) {
  if (changes === undefined) return { ...old };
  if ("" in changes) return {};
  const merged = Object.entries({ ...old, ...changes }).filter(([, value]) => value !== "");
  return Object.fromEntries(merged);
}

/** Which ids to answer as objects. */
export const expand = z.array(z.string()).optional();
/** What every v1 list takes. */
export const paging = {
  limit: integer.optional(),
  starting_after: z.string().optional(),
  ending_before: z.string().optional(),
  expand,
};
/** `created=…` or `created[gte]=…`. */
export const timeRange = z
  .preprocess(
    (value) => (typeof value === "string" ? { gte: value, lte: value } : value),
    z.strictObject({ gt: integer.optional(), gte: integer.optional(), lt: integer.optional(), lte: integer.optional() }),
  )
  .optional();
/** A `created` filter, read. */
export type TimeRange = z.infer<typeof timeRange>;

/** Reads raw parameters; the first thing wrong is thrown in Stripe's words. */
export function parseParams<T>(schema: z.ZodType<T>, raw: unknown): T {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const unknown = result.error.issues.find((issue) => issue.code === "unrecognized_keys");
  throw refusalFor(unknown ?? result.error.issues[0], raw);
}

function refusalFor(issue: z.core.$ZodIssue | undefined, raw: unknown): Refusal {
  if (!issue) return new Refusal("Invalid request.", { beforeWork: true });
  const param = paramName(issue.path);
  const details = { param, beforeWork: true };
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => paramName([...issue.path, key]));
    const word = names.length > 1 ? "parameters" : "parameter";
    return new Refusal(`Received unknown ${word}: ${names.join(", ")}`, {
      code: "parameter_unknown",
      param: names[0] ?? param,
      beforeWork: true,
    });
  }
  const value = valueAt(raw, issue.path);
  if (value === undefined) return missingParam(param);
  const given = typeof value === "string" ? value : JSON.stringify(value);
  if (issue.code === "invalid_value")
    return new Refusal(`Invalid ${param}: must be one of ${issue.values.map(String).join(", ")}`, details);
  if (issue.message === "empty")
    return new Refusal(
      `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      { ...details, code: "parameter_invalid_empty" },
    );
  if (issue.message.startsWith("long:"))
    return new Refusal(
      `Invalid string: ${given.slice(0, 20)}…; must be at most ${issue.message.slice(5)} characters (but was ${given.length})`,
      details,
    );
  if (issue.message.startsWith("integer:"))
    return new Refusal(`Invalid integer: ${given}`, { ...details, code: "parameter_invalid_integer" });
  if (issue.message === "decimal") return new Refusal(`Invalid decimal: ${given}`, details);
  if (issue.code === "invalid_type" && issue.expected === "array") return new Refusal("Invalid array", details);
  if (issue.code === "invalid_type" && (issue.expected === "object" || issue.expected === "record"))
    return new Refusal("Invalid object", details);
  return new Refusal(`Invalid ${param}: ${given}`, details);
}

function paramName(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  return `${first ?? ""}${rest.map((part) => `[${part}]`).join("")}`;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    raw,
  );
}
