/** Flags that several commands have, so that they look and read the same everywhere. */
import { numberParser } from "@stricli/core";
import { among, type Propose, stacks } from "./proposals.ts";

/** On when given, off otherwise. */
export function toggle(brief: string) {
  return { kind: "boolean", optional: true, withNegated: false, brief } as const;
}

export const json = toggle("one JSON object on stdout");

export function text(brief: string, placeholder: string, proposeCompletions: Propose = among([])) {
  return { kind: "parsed", parse: String, optional: true, brief, placeholder, proposeCompletions } as const;
}

/** The stack that a command works on, as a word of its own. */
export const stackWord = {
  kind: "tuple",
  parameters: [{ brief: "its name: sandbox, test, prod", parse: String, placeholder: "stack", proposeCompletions: stacks }],
} as const;

export function number(brief: string) {
  return { kind: "parsed", parse: numberParser, optional: true, brief, placeholder: "n" } as const;
}
