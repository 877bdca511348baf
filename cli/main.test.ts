import { execFile, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { describeError } from "./app.ts";
import { ErrorObject } from "./reports.ts";

/** The command as the launcher starts it; no terminal. */
function fleet(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, "main.ts"), ...words], (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test.each([
  [["tenat"], "did you mean `tenant`?\nsee: fleet --help\n"],
  [["tenant", "chek"], "did you mean `check`?\nsee: fleet tenant --help\n"],
  [["tenant", "new", "acme", "--nam", "x"], "did you mean --name?\nsee: fleet tenant new --help\n"],
  [["tenant", "show"], "Expected argument for slug\nsee: fleet tenant show --help\n"],
  [["demo", "more"], 'expected 0 but encountered "more"\nsee: fleet demo --help\n'],
  [["sandbox", "start", "--port", "abc"], "Cannot convert abc to a number\nsee: fleet sandbox start --help\n"],
])("wrong use ends with exit code 2, says what is wrong and where to read on: %s", async (words, said) => {
  const { code, out, err } = await fleet(...words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err.endsWith(said), err).toBe(true);
});

test("without a word, and with --help, the commands are listed on stdout, without colour and with exit code 0", async () => {
  const [bare, asked] = await Promise.all([fleet(), fleet("--help")]);
  expect(bare).toEqual(asked);
  expect(asked).toMatchObject({ code: 0, err: "" });
  expect(asked.out).toContain("./fleet demo");
  expect(asked.out).not.toContain("\u001b");
});

test("--version says the version", async () => {
  expect(await fleet("--version")).toEqual({ code: 0, out: `${manifest.version}\n`, err: "" });
});

test("a folder that cannot be written to is told with advice and without a stack", () => {
  const refused = Object.assign(new Error("EROFS: read-only file system, mkdir '/x'"), { code: "EROFS", syscall: "mkdir" });
  expect(describeError(refused)).toMatch(
    /^EROFS: read-only file system, mkdir '\/x'; make that file system writable .*run this again$/,
  );
});

test.each([
  [["tenat", "--json"], 2],
  [["up", "prdo", "--json=yes"], 2],
  [["up", "prdo", "--json"], 2],
  [["destroy", "test", "--json"], 5],
  [["billing", "plan", "--only", "collect", "--json"], 2],
])("with --json an error is one object on stdout, and in words on stderr: %s", async (words, code) => {
  const ended = await fleet(...words);
  const { error } = ErrorObject.parse(JSON.parse(ended.out));
  expect([ended.code, error.exitCode, error.kind]).toEqual([code, code, "operator"]);
  expect(ended.err).toContain(error.message);
  expect(error.problems.length).toBeGreaterThan(0);
});

test.each([
  [["up", "prdo"], 'did you mean "prod"?'],
  [["tenant", "list", "--stack", "sandbx"], 'did you mean "sandbox"?'],
  [["tenant", "show", "acmee", "--stack", "sandbox"], 'did you mean "acme"?'],
  [["test", "verdict"], 'did you mean "verdicts"?'],
  [["bench", "verdict"], 'did you mean "verdicts"?'],
  [["completion", "bsh"], 'did you mean "bash"?'],
])("a value that is none of those there are names the one that was meant: %s", async (words, said) => {
  const { code, out, err } = await fleet(...words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(said);
});

test.runIf(existsSync("/dev/full"))(
  "an answer that cannot be written, as on a full disk, is told with advice and without a stack, and is no success",
  () => {
    const full = openSync("/dev/full", "w");
    const args = [join(import.meta.dirname, "main.ts"), "completion", "bash"];
    const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["ignore", full, "pipe"], encoding: "utf8" });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^the output could not be written whole: ENOSPC: no space left on device, write.*run this again\n$/);
  },
);
