import { resolve } from "node:path";
import type { CommandContext, StricliProcess } from "@stricli/core";
import { type Progress, silent } from "./progress.ts";

/** What a command gets beside its arguments. */
export interface Context extends CommandContext {
  readonly process: StricliProcess & { readonly env: NodeJS.ProcessEnv };
  /** The repository's root. */
  readonly root: string;
  /** Data: stdout. */
  print(text: string): void;
  /** Messages and progress: stderr. */
  say(text: string): void;
  /** What a person is told while something takes seconds. */
  readonly progress: Progress;
  /** While completion asks for proposals: the stack that the words before name. */
  readonly completing?: { readonly stack: string | undefined };
}

export const root = resolve(import.meta.dirname, "..");

export const processContext: Context = {
  process,
  root,
  print: (text) => void process.stdout.write(`${text}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
  progress: silent,
};

/** Whether progress may move and colours may show: a terminal, nobody who asked for plain text, and no CI, whose logs keep every line. */
export function lively(stream: { readonly isTTY?: boolean } = process.stderr, env: NodeJS.ProcessEnv = process.env): boolean {
  const { NO_COLOR = "", CI = "", TERM } = env;
  return stream.isTTY === true && NO_COLOR === "" && TERM !== "dumb" && ["", "0", "false"].includes(CI);
}
