/** Every command in the code blocks of the README, the runbooks and docs/commands.md, run as it stands there: in a temporary clone, against a sandbox. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureEngine } from "../engine/engine.ts";
import { copyCheckout, neutralEnvironment } from "./checkout.ts";

const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "fleet-documents-"));
const clone = join(folder, "clone");
const runbooks = readdirSync(join(root, "docs/runbooks")).map((name) => `docs/runbooks/${name}`);

/** Not run here, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  "./fleet demo": "test/demo.system.test.ts runs it",
  "./fleet demo --json": "test/demo.system.test.ts runs it",
  "./fleet test": "this test is a part of it",
  "./fleet watch ping": "speaks to a service on the internet: vendors/heartbeat/client.test.ts",
  "./fleet watch ping --failed": "speaks to a service on the internet: vendors/heartbeat/client.test.ts",
};
/** Ends with another code than 0, by what it is for. */
const codes: Readonly<Record<string, number>> = {
  "./fleet pr report --base origin/main": 3,
};

/** Commands of the code blocks, with those of Pulumi that a comment beside one names. */
function inBlocks(page: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  const lines = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.split("\n"));
  return lines.flatMap((line) => {
    const [command = "", comment = ""] = line.trim().split(/\s+# /);
    if (!/^(?:\.\/fleet|pulumi|eval) /.test(command)) return [];
    return [command, ...[...comment.matchAll(/`(pulumi [^`]+)`/g)].map(([, named = ""]) => named)];
  });
}

/** The commands that begin a paragraph of docs/commands.md; a name of several (`<…>`, `|`) is none. */
const inReference = [
  ...readFileSync(join(root, "docs/commands.md"), "utf8").matchAll(/^(?:`fleet [^`]+`(?:[^`\n]*? and )?)+/gm),
].flatMap(([line]) => [...line.matchAll(/`(fleet [^`<|]+)`/g)].map(([, command = ""]) => `./${command}`));

/** The real stack is the sandbox here, where its vendors are needed: nothing to confirm, no live key. */
function here(command: string): string {
  if (command.startsWith("pulumi up")) return `${command} --yes --skip-preview`;
  if (/^\.\/fleet tenant /.test(command)) return command;
  return command.replaceAll(/\bprod\b/g, "sandbox").replaceAll(/ --live\b/g, "");
}

interface Ran {
  readonly command: string;
  readonly code: number;
  readonly said: string;
}

/** One shell for all of them, as a person would have it. What prints an identity hands it on, as its text says. */
async function inOneShell(commands: readonly string[], before: readonly string[] = []): Promise<Ran[]> {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const steps = commands.map(
    (command, at) =>
      `${command} > ${at}.log 2>&1; echo "${at} $?" >> codes; found=$(grep -o 'AGE-SECRET-KEY-[A-Z0-9]*' ${at}.log); case ${quoted(command)} in *--stack\\ prod*) [ -z "$found" ] || export FLEET_AGE_IDENTITY="$found";; esac`,
  );
  rmSync(join(clone, "codes"), { force: true });
  const env = { ...neutralEnvironment(), FLEET_SANDBOX_DIR: join(folder, "sandbox") };
  await new Promise<void>((done) => {
    execFile("sh", ["-c", [...before, ...steps].join("\n")], { cwd: clone, env }, () => done());
  });
  const ended = readFileSync(join(clone, "codes"), "utf8")
    .trim()
    .split("\n")
    .map((line) => Number(line.split(" ")[1]));
  return commands.map((command, at) => ({
    command,
    code: ended[at] ?? -1,
    said: readFileSync(join(clone, `${at}.log`), "utf8").slice(-2000),
  }));
}

function expectDone(ran: readonly Ran[]): void {
  expect(ran.filter(({ command, code }) => code !== (codes[command] ?? 0))).toEqual([]);
}

beforeAll(async () => {
  await ensureEngine({ env: process.env, root });
  copyCheckout(clone);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=fleet", "-c", "user.email=fleet@fleet.example", ...args], { cwd: clone });
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-qm", "base");
  git("update-ref", "refs/remotes/origin/main", "HEAD");
}, 1_200_000);

afterAll(async () => {
  await inOneShell(["./fleet sandbox stop"]);
  rmSync(folder, { recursive: true, force: true });
});

test("every command of the README, of docs/commands.md and of the runbooks works, in that order in one world", {
  timeout: 900_000,
}, async () => {
  const toRun = (commands: readonly string[]) => commands.filter((command) => !(command in elsewhere)).map(here);
  const first = toRun(inBlocks("README.md"));
  expect(first.length).toBeGreaterThan(12);
  expectDone(await inOneShell(first));

  const others = [...new Set(toRun([...inReference, ...runbooks.flatMap(inBlocks)]))];
  expect(others.length).toBeGreaterThan(18);
  const files = others.filter((command) => command.startsWith("./fleet tenant "));
  // What a stack of one's own has before its first tenant: tenants/prod/README.md.
  expectDone(await inOneShell(["./fleet tenant keygen --stack prod", ...files]));
  const before = ["./fleet sandbox start >/dev/null 2>&1", 'eval "$(./fleet env sandbox)"'];
  expectDone(
    await inOneShell(
      others.filter((command) => !files.includes(command)),
      before,
    ),
  );
});

test("what is not run is still in the documents, and has its reason", () => {
  const documented = [...inBlocks("README.md"), ...inReference, ...runbooks.flatMap(inBlocks)];
  for (const command of Object.keys(elsewhere)) expect(documented).toContain(command);
});
