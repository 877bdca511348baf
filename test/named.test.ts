/** What documents and messages send a person to: commands with their flags, pages and files. A word that leads nowhere is worst at night. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { run } from "@stricli/core";
import { expect, test } from "vitest";
import { app, commandOf } from "../cli/app.ts";
import { processContext } from "../cli/context.ts";

const root = resolve(import.meta.dirname, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const documents = files.filter((file) => file.endsWith(".md"));
/** What speaks to people: the code without its tests, the workflows and their scripts, the stacks' settings. */
const speaking = files.filter(
  (file) =>
    (file.endsWith(".ts") && !/^test\/|\.test\.ts$|\/testing\//.test(file)) ||
    /^(?:\.github\/|\.ci\/|Pulumi\.|fleet$)/.test(file),
);
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

interface Named {
  readonly file: string;
  readonly words: readonly string[];
}

/** Commands as a person would copy them: in code (a backtick or a block), with `./`, or with a flag behind them. */
function namedIn(file: string, text: string): Named[] {
  const word = String.raw`(?:[^\s\`"'|;&()<>,#\\]|<[a-zA-Z]+>|\$\{[^}]*\})+`;
  const found = text.matchAll(new RegExp(String.raw`(\./|\`|^)?\bfleet ([a-z]+(?: ${word})*)`, "gm"));
  return [...found].flatMap(([, mark, rest = ""]) => {
    const words = rest.split(" ").map((part) => part.replace(/[.:]+$/, ""));
    const copied = mark === "./" || mark === "`" || words.some((part) => part.startsWith("--"));
    return copied ? [{ file, words }] : [];
  });
}

const kebab = (flag: string) => flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const helps = new Map<string, Promise<string>>();
function helpOf(command: string): Promise<string> {
  const known = helps.get(command);
  if (known) return known;
  let text = "";
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  const process = { stdout: { write }, stderr: { write }, exitCode: 0, env: {} };
  const made = run(app, [...command.split(" ").slice(1), "--help"], { ...processContext, process }).then(() => text);
  helps.set(command, made);
  return made;
}

/** `undefined` when it exists as it is named, else what is wrong. */
async function wrongWith({ words }: Named): Promise<string | undefined> {
  const command = commandOf(words);
  if (command === "fleet") return "there is no such command";
  const help = await helpOf(command);
  const flags = words.filter((word) => /^--[a-zA-Z]/.test(word)).map((word) => kebab(word.split("=")[0] ?? word));
  const unknown = flags.filter((flag) => !new RegExp(`${flag}(?![a-z-])`).test(help));
  return unknown.length > 0 ? `${command} has no ${unknown.join(" ")}` : undefined;
}

async function allWrong(named: readonly Named[]): Promise<string[]> {
  const wrong = await Promise.all(named.map(async (one) => ({ one, why: await wrongWith(one) })));
  return wrong.flatMap(({ one, why }) => (why === undefined ? [] : [`${one.file}: fleet ${one.words.join(" ")}: ${why}`]));
}

test("every command that a document names exists, with the flags that it is named with", async () => {
  const named = documents.flatMap((file) => namedIn(file, textOf(file)));
  expect(named.length).toBeGreaterThan(80);
  expect(await allWrong(named)).toEqual([]);
});

test("every command that a message, a comment or a workflow names exists, with the flags that it is named with", async () => {
  const named = speaking.flatMap((file) => namedIn(file, textOf(file)));
  expect(named.length).toBeGreaterThan(40);
  expect(await allWrong(named)).toEqual([]);
});

test("a command or a flag that does not exist is found in a sentence, in a block and in a message", async () => {
  const sample = [
    "run `fleet tenat check`.",
    "./fleet up prod --force",
    "throw new Error(`… failed: fleet billing run --stak prod`)",
  ];
  const wrong = await allWrong(sample.flatMap((text) => namedIn("sample", text)));
  expect(wrong).toEqual([
    "sample: fleet tenat check: there is no such command",
    "sample: fleet up prod --force: fleet up has no --force",
    "sample: fleet billing run --stak prod: fleet billing run has no --stak",
  ]);
});

test("every page of docs that a document, a message or a workflow names is there", () => {
  const missing = [...documents, ...speaking].flatMap((file) => {
    const text = textOf(file);
    const named = [...text.matchAll(/(?<![\w/])docs\/(?:[a-z-]+\/)?[a-z0-9-]+(?:\.[a-z]+)?/g)].map(([page]) => page);
    const linked = file.endsWith(".md")
      ? [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to = ""]) => join(dirname(file), to))
      : [];
    return [...named, ...linked].filter((page) => !isThere(page)).map((page) => `${file} names ${page}`);
  });
  expect(missing).toEqual([]);
});

/** `docs/adr/0009` stands for the one that begins so. */
function isThere(page: string): boolean {
  return existsSync(join(root, page)) || (/\/adr\/\d{4}$/.test(page) && files.some((file) => file.startsWith(`${page}-`)));
}
