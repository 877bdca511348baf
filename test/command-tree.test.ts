/** What holds for every command, asked of the command tree: nobody has to remember it for the next one. */
import { run } from "@stricli/core";
import { expect, test } from "vitest";
import { app } from "../cli/app.ts";
import { processContext } from "../cli/context.ts";

/** Every command and group that help shows. */
function* targetsBelow(target: typeof app.root, words: readonly string[] = []): Generator<{ words: string[]; group: boolean }> {
  const group = "getAllEntries" in target;
  yield { words: [...words], group };
  if (!group) return;
  for (const { name, target: inner, hidden } of target.getAllEntries())
    if (!hidden) yield* targetsBelow(inner, [...words, name["convert-camel-to-kebab"]]);
}

async function fleet(...words: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const process = {
    stdout: { write: (text: string) => void out.push(text) },
    stderr: { write: (text: string) => void err.push(text) },
    exitCode: undefined as number | string | null | undefined,
    env: {},
  };
  await run(app, words, { ...processContext, process });
  return { code: Number(process.exitCode), out: out.join(""), err: err.join("") };
}

const targets = [...targetsBelow(app.root)];
const commands = targets.filter(({ group }) => !group).map(({ words }) => words);

test("the tree has its commands", () => {
  expect(commands.length).toBeGreaterThan(28);
});

test.each(targets.map(({ words }) => words))(
  "the help of `fleet %s %s` fits 80 columns and has no colour without a terminal",
  async (...words) => {
    const { code, out, err } = await fleet(...words, "--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(out).not.toContain("\u001b");
  },
);

test.each(commands)("`fleet %s %s` has an example that begins with itself, and --json", async (...words) => {
  const { out } = await fleet(...words, "--help");
  const [, examples = ""] = /\nExamples?:\n((?: {2}.*\n)+)/.exec(out) ?? [];
  // `watch` alone is `watch runs`.
  const name = words.join(" ").replace(/ runs$/, "");
  expect(examples).toMatch(new RegExp(`fleet ${name}(?: |$)`, "m"));
  expect(out).toMatch(/\[?--json\]? /);
});

test.each(commands)("`fleet %s %s` refuses a flag it does not know and names the one that was meant", async (...words) => {
  const { code, out, err } = await fleet(...words, "--jso");
  expect(out).toBe("");
  // stricli's own code for wrong use, which cli/main.ts makes 2.
  expect(code).toBeLessThan(-3);
  expect(err).toContain("did you mean --json?");
});

test.each(targets.filter(({ words }) => words.length > 0).map(({ words }) => words))(
  "`fleet %s %s`, misspelt, is told as it is spelt",
  async (...words) => {
    const name = words.at(-1) ?? "";
    const misspelt = `${name.slice(0, -1)}${name.at(-1)}x`;
    const { code, out, err } = await fleet(...words.slice(0, -1), misspelt);
    // A group with a command of its own takes the word for an argument of that one.
    if (words[0] === "watch" && words.length > 1) return expect(code).toBeLessThan(-3);
    expect({ code: code < -3, out }).toEqual({ code: true, out: "" });
    expect(err).toContain(`\`${name}\``);
  },
);
