/** Flags that several commands have, so that they look and read the same everywhere. */
import { numberParser } from "@stricli/core";

/** On when given, off otherwise. */
export function toggle(brief: string) {
  return { kind: "boolean", optional: true, withNegated: false, brief } as const;
}

export const json = toggle("one JSON object on stdout");

export function text(brief: string, placeholder: string) {
  return { kind: "parsed", parse: String, optional: true, brief, placeholder } as const;
}

export function number(brief: string) {
  return { kind: "parsed", parse: numberParser, optional: true, brief, placeholder: "n" } as const;
}
