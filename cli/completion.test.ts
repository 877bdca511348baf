/** Completion, asked by a real shell with the script that `fleet completion` prints. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { proposalsFor } from "./completion.ts";
import { processContext, root } from "./context.ts";

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: root }, (error, out, err) => (error ? reject(new Error(`${err}${out}`)) : resolve(out)));
  });
}

/** What bash would show after these words, the last one unfinished. */
async function bash(...words: string[]): Promise<string[]> {
  const script = [
    'eval "$(./fleet completion bash)"',
    `COMP_WORDS=(./fleet ${words.map((word) => `'${word}'`).join(" ")})`,
    `COMP_CWORD=${words.length}`,
    "_fleet",
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join("\n");
  const shown = await run("bash", ["--norc", "-c", script]);
  return shown.trim().split("\n");
}

test.each([
  { words: ["te"], shown: ["test", "tenant"] },
  { words: ["tenant", "re"], shown: ["reseal"] },
  { words: ["tenant", "show", "--stack", "sandbox", ""], shown: ["acme", "birch", "cedar"] },
  { words: ["tenant", "show", "--stack", "prod", "a"], shown: [""] },
  { words: ["tenant", "list", "--stack", "sa"], shown: ["sandbox"] },
  { words: ["up", ""], shown: ["prod", "sandbox", "test"] },
  { words: ["up", "sandbox", "--rec"], shown: ["--recover"] },
  { words: ["test", "ver"], shown: ["verdicts"] },
  { words: ["sandbox", "clock", "--adv"], shown: ["--advance-seconds"] },
  { words: ["completion", "z"], shown: ["zsh"] },
  // bash hands a `=` over as a word of its own.
  { words: ["tenant", "list", "--stack", "=", "sa"], shown: ["sandbox"] },
  { words: ["tenant", "list", "--stack", "="], shown: ["prod", "sandbox", "test"] },
  { words: ["tenant", "show", "--stack", "=", "sandbox", "b"], shown: ["birch"] },
  { words: ["nothing-like-it", ""], shown: [""] },
])("bash completes $words to $shown", async ({ words, shown }) => {
  expect(await bash(...words)).toEqual(shown);
});

test.each(["zsh", "fish"])("%s reads its script and defines a completion for fleet", async (shell) => {
  const path = (process.env.PATH ?? "").split(":").map((folder) => join(folder, shell));
  if (!path.some((file) => existsSync(file))) return void process.stderr.write(`SKIPPED: ${shell} is not here\n`);
  const asked = shell === "zsh" ? "autoload -U compinit; compinit -u -D" : "true";
  const defined =
    shell === "zsh"
      ? 'eval "$(./fleet completion zsh)"; print $_comps[fleet]'
      : "./fleet completion fish | source; complete -C './fleet tenant sho'";
  const out = await run(shell, [shell === "zsh" ? "-f" : "-N", "-c", `${asked}; ${defined}`]);
  expect(out).toContain(shell === "zsh" ? "_fleet" : "show");
});

test("flags are proposed once a hyphen is typed, and at once where nothing else can follow", async () => {
  const names = async (...words: string[]) => (await proposalsFor(processContext, words)).map(({ completion }) => completion);
  expect(await names("up", "")).not.toContain("--yes");
  expect(await names("up", "-")).toEqual(expect.arrayContaining(["--yes", "--json"]));
  expect(await names("doctor", "")).toEqual(["--json"]);
  expect(await names("complete", "")).toEqual([]);
});

test("a value behind a flag's = is proposed as the whole word, as zsh and fish put it in place of what is typed", async () => {
  const names = async (...words: string[]) => (await proposalsFor(processContext, words)).map(({ completion }) => completion);
  expect(await names("tenant", "list", "--stack=sa")).toEqual(["--stack=sandbox"]);
  expect(await names("tenant", "show", "--stack=sandbox", "b")).toEqual(["birch"]);
});
