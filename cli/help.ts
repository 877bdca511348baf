/** `--help`, fitted to the terminal, or to 80 columns where there is none. */
import { help, type StricliIntegration } from "@stricli/core";
import type { Context } from "./context.ts";

const narrowest = 80;
/** Longer lines are hard to read, however wide a terminal is. */
const widest = 120;

/** stricli's own help, its lines broken. */
export function fittedHelp(brief: string): StricliIntegration<Context> {
  const formatting = { caseStyle: "convert-camel-to-kebab", useAliasInUsageLine: false, onlyRequiredInUsageLine: false } as const;
  const whole = help<Context>({ brief, alias: "h", defaultForRouteMap: true, formatting });
  const { flag } = whole;
  if (flag === undefined) return whole;
  return {
    ...whole,
    flag: {
      ...flag,
      run(app, args) {
        const { stdout, stderr, env } = this.process;
        const columns = "columns" in stdout && typeof stdout.columns === "number" ? stdout.columns : narrowest;
        const write = (text: string) => stdout.write(fitLines(text, Math.min(Math.max(columns, 40), widest)));
        return flag.run.call({ ...this, process: { stdout: { write }, stderr, env } }, app, args);
      },
    },
  };
}

/** Breaks lines longer than `width` between words: what follows a flag's name stays under its first word, a usage goes on indented. */
export function fitLines(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => (visible(line) <= width ? line : broken(line, width)))
    .join("\n");
}

function broken(line: string, width: number): string {
  const bare = line.replaceAll(codes, "");
  const usage = bare.startsWith("  fleet ");
  const row = usage ? undefined : tableRow.exec(bare)?.[0].length;
  const indent = usage ? 6 : (row ?? bare.length - bare.trimStart().length);
  const words = usage ? (line.trim().match(usageWord) ?? []) : line.trim().split(/ +/);
  const lines: string[] = [];
  // The name before a row's text keeps its distance from it.
  let current = row === undefined ? " ".repeat(usage ? 2 : indent) : head(line, row);
  let fresh = true;
  for (const word of row === undefined ? words : (line.slice(current.length).match(rowWord) ?? [])) {
    if (!fresh && visible(current) + 1 + visible(word) > width) {
      lines.push(current);
      [current, fresh] = [" ".repeat(indent), true];
    }
    current += fresh ? word : ` ${word}`;
    fresh = false;
  }
  return [...lines, current].join("\n");
}

/** The part of a line that takes the first `columns` of the screen. */
function head(line: string, columns: number): string {
  let end = 0;
  for (let seen = 0; seen < columns && end < line.length; ) {
    const code = startsWithCode.exec(line.slice(end))?.[0];
    if (code === undefined) seen++;
    end += code?.length ?? 1;
  }
  return line.slice(0, end);
}

function visible(text: string): number {
  return text.replaceAll(codes, "").length;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape code begins with one
const codes = /\u001b\[[\d;]*m/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape code begins with one
const startsWithCode = /^\u001b\[[\d;]*m/;
/** `     [--name]...  ` before a flag's text, `  name  ` before an argument's or a command's. */
const tableRow = /^ +(?:-\w +)?\S+ {2,}/;
const rowWord = /\[default = [^\]]*\]|\S+/g;
const usageWord = /\[(?:[^[\]]|\[[^\]]*\])*\](?:\.{3})?|\([^)]*\)|\S+/g;
