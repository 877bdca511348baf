/** Every line of the code blocks of every document, and every example of docs/commands.md, run as it stands there: in a temporary clone, against a
 *  sandbox. Commands in sentences are held by test/named.test.ts. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureEngine } from "../engine/engine.ts";
import { copyCheckout, neutralEnvironment } from "./checkout.ts";

const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "fleet-documents-"));
const clone = join(folder, "clone");
const full = process.env.FLEET_TEST_FULL === "1";
const pages = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && file !== "README.md" && existsSync(join(root, file)))
  // Git names new files first: one world, one order.
  .sort();

/** Not run here, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  "./fleet demo": "test/demo.system.test.ts runs it",
  "./fleet demo --json": "test/demo.system.test.ts runs it",
  "./fleet test": "this test is a part of it",
  "./fleet watch ping": "speaks to a service on the internet: vendors/heartbeat/client.test.ts",
  'curl -fsS -X POST -H "Authorization: Bearer $TOKEN" https://api.github.com/repos/OWNER/REPOSITORY/actions/workflows/billing.yml/dispatches -d \'{"ref":"main"}\'':
    "starts a workflow at GitHub",
  "./fleet watch drift --stack prod --json": "test/stack.system.test.ts runs it",
  "./fleet watch ping --failed": "speaks to a service on the internet: vendors/heartbeat/client.test.ts",
};
/** Ends with another code than 0, by what it is for. */
const codes: Readonly<Record<string, readonly number[]>> = {
  "./fleet pr report --base origin/main": [3],
  "./fleet up prdo --json": [2],
  // As its page says: 3 where something waits to be done.
  "./fleet billing plan --stack sandbox": [0, 3],
  "./fleet watch drift --stack sandbox": [0, 3],
};
/** Spoils or ends the world that the others work in. */
const last = /^\.\/fleet sandbox (?:fault|stop|reset)/;

/** The lines of the code blocks, with those of Pulumi that a comment beside one names, and what an `eval` would hide the failure of. */
function inBlocks(page: string): string[] {
  const text = readFileSync(join(root, page), "utf8");
  const lines = [...text.matchAll(/```(?:sh|bash|shell|console)\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.split("\n"));
  return lines.flatMap((line) => {
    const [command = "", comment = ""] = line.trim().split(/\s+# /);
    if (command === "" || command.startsWith("#")) return [];
    const [, inner] = /^eval "\$\((.+)\)"$/.exec(command) ?? [];
    const named = [...comment.matchAll(/`(pulumi [^`]+)`/g)].map(([, found = ""]) => found);
    return [...(inner === undefined ? [] : [inner]), command, ...named];
  });
}

/** The commands that begin a paragraph of docs/commands.md; a name of several (`<…>`, `|`) is none. */
const inReference = [
  ...readFileSync(join(root, "docs/commands.md"), "utf8").matchAll(/^(?:`fleet [^`]+`(?:[^`\n]*? and )?)+/gm),
].flatMap(([line]) => [...line.matchAll(/`(fleet [^`<|]+)`/g)].map(([, command = ""]) => `./${command}`));

/** Works on the files of a stack, whatever its vendors. */
function aboutFiles(command: string): boolean {
  return command.startsWith("./fleet tenant ") || / tenants\//.test(command);
}

/** The real stack is the sandbox here, where its vendors are needed: nothing to confirm, no live key. */
function here(command: string): string {
  if (command.startsWith("pulumi up")) return `${command} --yes --skip-preview`;
  if (aboutFiles(command)) return command;
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
  expect(ran.filter(({ command, code }) => !(codes[command] ?? [0]).includes(code))).toEqual([]);
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

test("every command of the README, of docs/commands.md and (with --full) of all other documents works, in that order in one world", {
  timeout: 900_000,
}, async () => {
  const toRun = (commands: readonly string[]) => commands.filter((command) => !(command in elsewhere)).map(here);
  const first = toRun(inBlocks("README.md"));
  expect(first.length).toBeGreaterThan(12);
  expectDone(await inOneShell(first));

  const all = [...new Set(toRun([...inReference, ...pages.flatMap(inBlocks)]))];
  expect(all.length).toBeGreaterThan(18);
  const others = full ? all : all.filter((command) => aboutFiles(command) || inReference.map(here).includes(command));
  if (others.length < all.length)
    process.stderr.write(
      `SKIPPED: ${all.length - others.length} commands of other pages, which ask for stacks to be made again; fleet test --full runs them\n`,
    );
  const files = others.filter(aboutFiles);
  // What a stack of one's own has before its first tenant: tenants/prod/README.md.
  expectDone(await inOneShell(["./fleet tenant keygen --stack prod", ...files]));
  const before = ["./fleet sandbox start >/dev/null 2>&1", 'eval "$(./fleet env sandbox)"'];
  const world = others.filter((command) => !files.includes(command));
  const ordered = [...world.filter((command) => !last.test(command)), ...world.filter((command) => last.test(command))];
  expectDone(await inOneShell(ordered, before));
});

test("a command that does not work is noticed, wherever it stands in a block", async () => {
  const wrong = ["./fleet tenant chekc", "./fleet doctor --jsno", "./fleet env sandbox-2", "fleet-2 up prod"];
  const ran = await inOneShell(["./fleet tenant check", ...wrong, "./fleet tenant list --stack sandbox"]);
  expect(ran.filter(({ code }) => code !== 0).map(({ command }) => command)).toEqual(wrong);
  expect(() => expectDone(ran)).toThrow();
});

test("what is not run is still in the documents, and has its reason", () => {
  const documented = [...inBlocks("README.md"), ...inReference, ...pages.flatMap(inBlocks)];
  for (const command of Object.keys(elsewhere)) expect(documented).toContain(command);
});
