/** What an earlier run left half-written in the sandbox's folder. */
import { match, ok, strictEqual } from "node:assert/strict";
import { chmod, cp, mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { z } from "zod";
import { neverGiven } from "./hostile-machine-engine.ts";
import { type Answer, type Ground, type HostileCase, type Start, said } from "./hostile-machine-ground.ts";

export const folderCases: readonly HostileCase[] = [
  {
    name: "a port in use: the sandbox does not start, names the port and the way out, and starts on others",
    async run(ground) {
      const holder = createServer();
      await new Promise<void>((done) => holder.listen(0, "127.0.0.1", done));
      const address = holder.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      const folder = await ground.sandboxFolder();
      const refused = await ground.fleet(["sandbox", "start", "--port", String(port)], { env: { FLEET_SANDBOX_DIR: folder } });
      await new Promise((done) => holder.close(done));
      said(refused, 1, "the sandbox could not start", "address already in use", String(port), "choose another --port");
      await ground.started(folder);
      await ground.answersIn(folder);
    },
  },
  ...[
    { what: "is garbage", text: '{"pid": 4711, "ur' },
    { what: "names a dead process", text: JSON.stringify({ pid: neverGiven, urls: { clock: "http://127.0.0.1:9" }, env: {} }) },
    {
      what: "names a living process that is no sandbox",
      text: JSON.stringify({ pid: process.pid, urls: { clock: "http://127.0.0.1:9" }, env: {} }),
    },
  ].map(({ what, text }) => ({
    name: `process.json ${what}: nothing is said to run, nobody is killed, and the sandbox starts`,
    async run(ground: Ground) {
      const folder = await ground.sandboxFolder();
      const env = { FLEET_SANDBOX_DIR: folder };
      await mkdir(folder);
      await writeFile(join(folder, "process.json"), text);
      said(await ground.fleet(["sandbox", "stop"], { env }), 0, "no sandbox is running");
      await ground.started(folder);
      await ground.answersIn(folder);
    },
  })),
  ...[
    { what: "cut off", spoil: (text: string) => text.slice(0, text.length / 2) },
    { what: "empty", spoil: () => "" },
    { what: "whole JSON of a wrong form", spoil: () => '{"version":2,"now":1,"random":1,"touched":[],"world":{}}' },
  ].map(({ what, spoil }) => ({
    name: `state.json is ${what}: it is put aside, said, and the sandbox starts empty`,
    async run(ground: Ground) {
      const folder = await ground.sandboxFolder();
      const env = { FLEET_SANDBOX_DIR: folder };
      await mkdir(folder);
      const whole = await ground.state();
      await writeFile(join(folder, "state.json"), spoil(whole));
      said(
        await ground.fleet(["sandbox", "start"], { env }),
        0,
        "cannot be read; it was put aside as",
        "state.json.unreadable",
        "starts empty",
      );
      strictEqual(await readFile(join(folder, "state.json.unreadable"), "utf8"), spoil(whole));
      await ground.answersIn(folder);
    },
  })),
  {
    name: "the Pulumi state of the sandbox is half-written: the file, its newest whole copy and both ways out are named, and the copy works, also past an empty lock",
    async run(ground) {
      const { folder, env, file } = await copyOfShared(ground);
      await cp(file, `${file}.bak`);
      await truncate(file, 0);
      said(await ground.fleet(["up", "sandbox"], { env }), 1, file, "half-written", `cp '${file}.bak'`, "fleet sandbox reset");
      await cp(`${file}.bak`, file);
      said(await ground.fleet(["env", "sandbox"], { env }), 0);
      // A full disk spoils the file and the copy beside it, and leaves the lock empty.
      const backup = join(folder, "pulumi-state", ".pulumi", "backups", "fleet", "sandbox", "sandbox.1.json");
      await mkdir(dirname(backup), { recursive: true });
      await cp(file, backup);
      await truncate(file, 10);
      await truncate(`${file}.bak`, 10);
      said(await ground.fleet(["up", "sandbox"], { env }), 1, `cp '${backup}' '${file}'`);
      await cp(backup, file);
      const lock = join(folder, "pulumi-state", ".pulumi", "locks", "organization", "fleet", "sandbox", "left.json.1.tmp");
      await mkdir(dirname(lock), { recursive: true });
      await writeFile(lock, "");
      await utimes(lock, 0, 0);
      said(await ground.fleet(["destroy", "sandbox"], { env }), 0);
      await truncate(file, 10);
      said(await ground.fleet(["sandbox", "reset"], { env }), 0, "all vendors are empty");
      said(await ground.fleet(["env", "sandbox"], { env }), 0);
      ok((await stat(join(folder, "pulumi-state"))).isDirectory());
    },
  },
  {
    name: "a half-installed plugin is installed anew",
    async run(ground) {
      const { folder, env } = await copyOfShared(ground);
      const plugins = join(folder, "pulumi-home", "plugins");
      const [name = ""] = (await readdir(plugins)).filter((entry) => entry.startsWith("resource-cloudflare"));
      const file = join(plugins, name, "pulumi-resource-cloudflare");
      const whole = await readFile(file, "utf8");
      await truncate(file, 9);
      await writeFile(join(plugins, `${name}.partial`), "");
      said(await ground.fleet(["env", "sandbox"], { env }), 0);
      strictEqual(await readFile(file, "utf8"), whole);
      ok(!(await readdir(plugins)).includes(`${name}.partial`));
    },
  },
  {
    name: "a half-made ledger, an empty password and a dead holder's lock: the ledger is made anew without a word",
    async run(ground) {
      const { folder, env } = await copyOfShared(ground);
      const ledger = join(folder, "ledger");
      await mkdir(join(ledger, "data.new"), { recursive: true });
      await writeFile(join(ledger, "data.new", "PG_VERSION"), "1");
      await writeFile(join(ledger, "password"), "");
      await writeFile(join(ledger, "lock"), String(neverGiven));
      said(await setUp(ground, env), 0);
      await writeFile(join(ledger, "lock"), "");
      said(await setUp(ground, env), 0);
      strictEqual((await stat(join(ledger, "password"))).mode & 0o077, 0);
    },
  },
  {
    name: "a ledger whose files are damaged is left alone: what is wrong, and the runbook; put back, it works",
    async run(ground) {
      const { folder, env } = await copyOfShared(ground);
      const ledger = join(folder, "ledger");
      said(await setUp(ground, env), 0);
      const password = await readFile(join(ledger, "password"), "utf8");
      await writeFile(join(ledger, "password"), "");
      said(await setUp(ground, env), 2, "password is missing or empty", "docs/runbooks/ledger-folder-damaged.md");
      await writeFile(join(ledger, "password"), password);
      const version = await readFile(join(ledger, "data", "PG_VERSION"), "utf8");
      await rm(join(ledger, "data", "PG_VERSION"));
      said(await setUp(ground, env), 2, "no PG_VERSION", "docs/runbooks/ledger-folder-damaged.md");
      await writeFile(join(ledger, "data", "PG_VERSION"), version);
      await chmod(join(ledger, "data", "PG_VERSION"), 0o600);
      said(await setUp(ground, env), 0);
    },
  },
  {
    name: "two sandboxes begun at once in one folder: one runs, and the other says so",
    async run(ground) {
      const folder = await ground.sandboxFolder();
      const start = () => ground.fleet(["sandbox", "start"], { env: { FLEET_SANDBOX_DIR: folder } });
      const answers = await Promise.all([start(), start()]);
      for (const { code, stderr } of answers) if (code !== 0) match(stderr, /already runs in|is just starting in/);
      ok(
        answers.some(({ code }) => code === 0),
        answers.map(({ stderr }) => stderr).join(),
      );
      await ground.answersIn(folder);
    },
  },
];

/** A sandbox of one's own with an empty stack. */
export async function copyOfShared(ground: Ground) {
  const folder = await ground.sandboxFolder();
  const shared = await ground.shared();
  await mkdir(folder);
  for (const name of ["pulumi-home", "pulumi-state"]) await cp(join(shared, name), join(folder, name), { recursive: true });
  await ground.started(folder);
  const file = join(folder, "pulumi-state", ".pulumi", "stacks", "fleet", "sandbox.json");
  return { folder, env: { FLEET_SANDBOX_DIR: folder }, file };
}

/** Opens the ledger beside a running sandbox, and speaks to its Stripe. */
export async function setUp(ground: Ground, env: { readonly FLEET_SANDBOX_DIR: string }, start: Start = {}): Promise<Answer> {
  const outputs = join(env.FLEET_SANDBOX_DIR, "outputs.json");
  await writeFile(outputs, JSON.stringify({ schemaVersion: 1, stack: "sandbox", zone: "example.com", tenants: {} }));
  const facts = Facts.parse(JSON.parse(await readFile(join(env.FLEET_SANDBOX_DIR, "process.json"), "utf8")));
  const ledger = { FLEET_LEDGER_DIR: join(env.FLEET_SANDBOX_DIR, "ledger") };
  return ground.fleet(["billing", "setup", "--outputs", outputs], {
    ...start,
    env: { ...ledger, ...facts.env, ...env, ...start.env },
  });
}

const Facts = z.object({ env: z.record(z.string(), z.string()) });
