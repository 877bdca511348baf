import { buildCommand } from "@stricli/core";
import { OperatorError } from "../../domain/error.ts";
import type { Context } from "../context.ts";
import { json } from "../flags.ts";
import { among } from "../proposals.ts";
import type { CompletionScript } from "../reports.ts";

const shells = ["bash", "zsh", "fish"] as const;

export const completion = buildCommand<{ json?: boolean }, [string], Context>({
  func: async function (flags, wanted) {
    const { scriptFor } = await import("../completion.ts");
    const { unknown } = await import("../choose.ts");
    const shell = shells.find((one) => one === wanted);
    if (shell === undefined) throw new OperatorError(unknown("shell", wanted, shells));
    const script = scriptFor(shell);
    this.print(flags.json ? JSON.stringify({ shell, script } satisfies CompletionScript) : script);
  },
  parameters: {
    flags: { json },
    positional: {
      kind: "tuple",
      parameters: [{ brief: shells.join(", "), parse: String, placeholder: "shell", proposeCompletions: among(shells) }],
    },
  },
  docs: {
    brief: "Print what makes a shell complete commands, flags, stacks and tenants",
    fullDescription: [
      "Examples:",
      '  eval "$(./fleet completion bash)"       # in ~/.bashrc with the whole path',
      '  eval "$(./fleet completion zsh)"        # in ~/.zshrc, after compinit',
      "  ./fleet completion fish | source",
    ].join("\n"),
  },
});

/** What the shells' scripts ask: the words so far, the last one unfinished. */
export const complete = buildCommand<Record<string, never>, readonly string[], Context>({
  func: async function (_, ...words) {
    const { proposalsFor } = await import("../completion.ts");
    for (const { completion, brief } of await proposalsFor(this, words)) this.print(`${completion}\t${brief}`);
  },
  parameters: {
    flags: {},
    positional: { kind: "array", parameter: { brief: "the words so far", parse: String, placeholder: "word" } },
  },
  docs: {
    brief: "Propose the next word: asked by the shells' completion",
    fullDescription: "Example:\n  fleet complete -- tenant show ''",
  },
});
