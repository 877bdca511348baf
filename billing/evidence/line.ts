import { z } from "zod";
import { type EvidenceLine, oursKinds, type Sample, tenantStates } from "../rules/evidence.ts";
import { requestClasses } from "../rules/rule.ts";
import { parseTime } from "./time.ts";

/** One line of an evidence file, read. */
export interface TenantLine {
  readonly uid: string;
  readonly line: EvidenceLine;
}

/** Reads one line of an evidence file; a list of what is wrong with it instead, never a half-read line. Unknown keys are ignored,
 *  so that a collector may write more than is judged. */
export function parseLine(text: string): TenantLine | { readonly problems: readonly string[] } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { problems: ["is not JSON; write one object a line"] };
  }
  const result = Line.safeParse(data);
  if (result.success) {
    const { uid, ...line } = result.data;
    return { uid, line };
  }
  return { problems: result.error.issues.slice(0, shown).map((issue) => `${placeOf(issue.path)}${wordsOf(issue)}`) };
}

/** Problems of one line beyond these are left out: a wrong series has thousands. */
const shown = 5;
/** The years 0000 to 9999, those that a time can be written in, in seconds: milliseconds in their place are refused, not judged in the year 57866. */
const firstSecond = -62_167_219_200;
const endOfSeconds = 253_402_300_800;

const Time = z.string().transform((text, context) => {
  const at = parseTime(text);
  if (at !== undefined) return at;
  context.addIssue(
    `${JSON.stringify(text)} is not a time; write it in UTC as 2026-11-23T18:04:00Z, with at most three digits of fraction`,
  );
  return z.NEVER;
});

const listOf = <T extends z.ZodType>(item: T) => z.array(item).default([]);

// Checked in one loop: series are nearly all of a file, and a schema for each pair takes several times as long.
// Seconds may have a fraction: a sample stands for the minute it falls in, so it changes nothing.
const Samples = z
  .custom<readonly Sample[]>((value) => Array.isArray(value) && value.every(isSample), {
    error: "is not a list of samples; write [[unix seconds, GB], …]",
  })
  .default([]);

function isSample(value: unknown): value is Sample {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [seconds, memoryGB]: unknown[] = value;
  return (
    typeof seconds === "number" &&
    seconds >= firstSecond &&
    seconds < endOfSeconds &&
    typeof memoryGB === "number" &&
    Number.isFinite(memoryGB)
  );
}

const span = { uid: z.string(), from: Time, to: Time };

const Line = z
  .discriminatedUnion("source", [
    z.object({ ...span, source: z.literal("railway"), appSamples: Samples, tunnelSamples: Samples }),
    z.object({ ...span, source: z.literal("ours"), kind: z.enum(oursKinds) }),
    z.object({
      ...span,
      source: z.literal("gateway"),
      // A request without the key is one without a user, as one with null or "".
      requests: listOf(z.object({ at: Time, user: z.string().nullable().default(null), class: z.enum(requestClasses) })),
      sprintEvents: listOf(Time),
    }),
    z.object({ ...span, source: z.literal("access"), logins: listOf(Time) }),
    z.object({ ...span, source: z.literal("model"), minutes: listOf(Time) }),
    z.object({ ...span, source: z.literal("state"), state: z.enum(tenantStates) }),
  ])
  .refine((line) => line.from <= line.to, { path: ["from"], error: "is after `to`" });

function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return place ? `${place.replace(/^\./, "")}: ` : "";
}

function wordsOf(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_union" ? "is not a source; write railway, ours, gateway, access, model or state" : issue.message;
}
