import { buildCommand, numberParser } from "@stricli/core";
import type { Context } from "../context.ts";
import { toggle } from "../flags.ts";

export interface TestFlags {
  readonly full?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
  readonly list?: boolean;
  readonly only?: string;
}

export const test = buildCommand<TestFlags, [string?], Context>({
  loader: async () => (await import("../test.ts")).runTests,
  parameters: {
    flags: {
      full: toggle("at full size: every case on the real engine"),
      seed: { kind: "parsed", parse: numberParser, optional: true, brief: "brings the same random cases back" },
      json: toggle("only the result as one JSON object on stdout"),
      list: toggle("print each case of the suite on a line and run none"),
      only: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "the suite's cases whose name holds this text",
        placeholder: "text",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "a suite by name; without it type check, lint and everything",
          parse: String,
          placeholder: "suite",
          optional: true,
          proposeCompletions: async () => Object.keys((await import("../test.ts")).suites),
        },
      ],
    },
  },
  docs: {
    brief: "Type check, lint and all tests, or one named suite",
    fullDescription:
      "Without a name: everything at everyday size; the last line is `N passed, N failed`.\nWith a suite's name the last line is one JSON object.\n\nExamples:\n  fleet test\n  fleet test verdicts --full --seed 7\n  fleet test crash --only 'delete: railway volumeDelete 1, killed after'",
  },
});
