import { resolve } from "node:path";
import type { CommandContext, StricliProcess } from "@stricli/core";

/** What a command gets beside its arguments. */
export interface Context extends CommandContext {
  readonly process: StricliProcess & { readonly env: NodeJS.ProcessEnv };
  /** The repository's root. */
  readonly root: string;
  /** Data: stdout. */
  print(text: string): void;
  /** Messages and progress: stderr. */
  say(text: string): void;
}

export const root = resolve(import.meta.dirname, "..");

export const processContext: Context = {
  process,
  root,
  print: (text) => void process.stdout.write(`${text}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
};

/** Whether progress may move and colours may show: a terminal, and nobody asked for plain text. */
export function lively(stream: NodeJS.WriteStream = process.stderr): boolean {
  return stream.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb";
}
