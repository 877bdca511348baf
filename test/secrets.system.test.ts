/** No secret and no address in the clear in anything that a whole life of a stack leaves: files, state, ledger, outputs, messages, recorded calls. The
 *  vendors meanwhile refuse calls with messages that repeat credentials and bodies. */
import { execFile, execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openDatabase } from "../billing/postgres/open.ts";
import { ensureEngine } from "../engine/engine.ts";
import { loadStack } from "../tenants/load.ts";
import { unseal } from "../tenants/seal.ts";
import { copyCheckout, neutralEnvironment } from "./checkout.ts";
import { findSecrets, type Secret, textsBelow } from "./secrets/forms.ts";

const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "fleet-secrets-"));
const clone = join(folder, "clone");
const sandbox = join(folder, "sandbox");
const planted = "planted.person+1@dora.example";

/** Stdout and stderr of every command, by its words. */
const said: [string, string][] = [];
let env: Record<string, string> = {};
let urls: Record<string, string> = {};
let secrets: Secret[] = [];

const Facts = z.object({ urls: z.record(z.string(), z.string()), env: z.record(z.string(), z.string()) });
const facts = () => Facts.parse(JSON.parse(readFileSync(join(sandbox, "process.json"), "utf8")));

function run(file: string, args: readonly string[], own: Record<string, string> = {}) {
  const options = {
    cwd: clone,
    env: { ...neutralEnvironment(), FLEET_SANDBOX_DIR: sandbox, ...own },
    maxBuffer: 64 * 1024 * 1024,
  };
  return new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(file, args, options, (error, out, err) => {
      // The address that the command was given is in its words, not in what it says.
      said.push([`stdout of ${args.slice(0, 4).join(" ")}`, out], [`stderr of ${args.slice(0, 4).join(" ")}`, err]);
      done({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, out, err });
    });
  });
}
const fleet = (...args: string[]) => run(process.execPath, ["cli/main.ts", ...args]);
const pulumi = (...args: string[]) => run("pulumi", [...args, "--non-interactive"], env);
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=fleet", "-c", "user.email=fleet@fleet.example", ...args], { cwd: clone, stdio: "pipe" });
const ask = async (vendor: string, route: string, body?: unknown): Promise<unknown> =>
  (
    await fetch(`${urls[vendor]}/_sandbox/${route}`, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
  ).json();

/** The next such call is refused with a message that repeats credential and body. */
const echo = (vendor: string, operation: string) => ask(vendor, "faults", [{ operation, nth: 1, effect: "echo" }]);
const waiting = async () =>
  (await Promise.all(["railway", "cloudflare", "openrouter", "stripe"].map((vendor) => ask(vendor, "faults")))).flat();

/** What the emulators hold that is secret, by the names that the vendors give it; and what the stack's commands were given. */
async function collect(): Promise<Secret[]> {
  const held = new Map<string, string>();
  const walk = (value: unknown, name: string): void => {
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, key);
      return;
    }
    if (typeof value !== "string" || value.length < 8) return;
    const isSecret =
      /^(?:BASIC_AUTH_USERS|OPENROUTER_API_KEY|TUNNEL_TOKEN|token|tunnel_?secret|client_?secret|secret|password|private_?key|d)$/i;
    if (isSecret.test(name)) held.set(value, name);
    if (name === "BASIC_AUTH_USERS") held.set(value.slice(value.indexOf(":") + 1), "password of BASIC_AUTH_USERS");
  };
  walk(JSON.parse(readFileSync(join(sandbox, "state.json"), "utf8")), "");
  for (const [name, value] of Object.entries(env)) if (/TOKEN|KEY|SECRET|IDENTITY/.test(name)) held.set(value, name);
  const identity = readFileSync(join(clone, "tenants/sandbox/identity.txt"), "utf8").match(/AGE-SECRET-KEY-\w+/)?.[0] ?? "";
  held.set(identity, "age identity");
  for (const { entry } of loadStack("sandbox", { root: join(clone, "tenants"), personalData: "sealed" }))
    for (const member of entry.access.members)
      if ("email" in member) held.set(await unseal(member.email ?? "", identity), "member's address");
  return [...held].map(([value, name]) => ({ name, value }));
}

async function ledger(): Promise<[string, string][]> {
  const database = await openDatabase({ dir: join(sandbox, "ledger"), schema: "public", say: () => undefined });
  try {
    const { rows } = await database.pool.query(
      "select table_schema as s, table_name as t from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')",
    );
    const tables = z.array(z.object({ s: z.string(), t: z.string() })).parse(rows);
    expect(tables.length).toBeGreaterThan(7);
    const dump: [string, string][] = [];
    for (const { s, t } of tables) {
      const all = await database.pool.query(`select row_to_json(x)::text as row from "${s}"."${t}" x`);
      dump.push([
        `ledger ${t}`,
        z
          .array(z.object({ row: z.string() }))
          .parse(all.rows)
          .map(({ row }) => row)
          .join("\n"),
      ]);
    }
    expect(dump.find(([name]) => name === "ledger evidence")?.[1]).toContain("tn_7k2m9x4q1c");
    return dump;
  } finally {
    await database.close();
  }
}

/** The emulators' memory of what a vendor holds: a vendor knows these. Theirs too are the worthless tokens of process.json: `fleet env` learns them there. */
const vendorsOwn = (place: string) => place === "state.json";
const mayHold = (finding: string) =>
  /^process\.json: (?:token|RAILWAY_API_TOKEN|CLOUDFLARE_API_TOKEN|STRIPE_SECRET_KEY|OPENROUTER_MANAGEMENT_KEY) /.test(finding);
const inFiles = () => findSecrets(textsBelow(sandbox, vendorsOwn), secrets).filter((finding) => !mayHold(finding));

beforeAll(async () => {
  const { pulumi: engine } = await ensureEngine({ env: process.env, root });
  copyCheckout(clone);
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-qm", "base");
  expect((await fleet("sandbox", "start", "--start", "2026-11-30T00:00:00Z")).code).toBe(0);
  urls = facts().urls;
  const printed = z
    .object({ set: z.record(z.string(), z.string()) })
    .parse(JSON.parse((await fleet("env", "sandbox", "--json")).out));
  // The one command that is there to hand over what a shell needs.
  said.length = 0;
  env = { ...printed.set, PATH: `${dirname(engine)}:${printed.set.PATH ?? process.env.PATH ?? ""}` };
}, 1_200_000);

afterAll(async () => {
  await fleet("sandbox", "stop");
  rmSync(folder, { recursive: true, force: true });
});

test("a whole life of a stack leaves no secret and no address in the clear", { timeout: 900_000 }, async () => {
  const made = await fleet("tenant", "new", "dora", "--stack", "sandbox", "--name", "Dora", "--email", planted);
  expect(made.code, made.err).toBe(0);
  expect((await fleet("tenant", "show", "dora", "--stack", "sandbox")).code).toBe(0);
  expect((await fleet("preview", "sandbox", "--json")).code).toBe(3);
  // What plain --json prints, --show-sames prints too.
  for (const form of [["--diff"], ["--json", "--show-sames"]]) expect((await pulumi("preview", ...form)).code).toBe(0);

  const accounts = "/client/v4/accounts/:id";
  for (const noun of ["access/identity_providers", "access/policies", "cfd_tunnel"])
    await echo("cloudflare", `POST ${accounts}/${noun}`);
  await echo("openrouter", "POST /api/v1/keys");
  await echo("railway", "variableCollectionUpsert");
  const failing = await fleet("up", "sandbox", "--json");
  expect([1, 4], failing.err).toContain(failing.code);
  expect(failing.out.match(/cannot process/g)?.length).toBeGreaterThanOrEqual(5);
  expect(await waiting()).toEqual([]);
  // Plain pulumi prints what the plugins say: nothing of ours stands between.
  await echo("railway", "variableCollectionUpsert");
  await echo("cloudflare", `POST ${accounts}/access/policies`);
  expect((await pulumi("up", "--yes", "--skip-preview", "--continue-on-error")).code).not.toBe(0);
  expect(await waiting()).toEqual([]);
  const healed = await fleet("up", "sandbox");
  expect(healed.code, healed.err).toBe(0);
  secrets = await collect();

  await echo("stripe", "POST /v1/billing/meters");
  expect((await fleet("billing", "setup", "--stack", "sandbox")).code).toBe(1);
  expect((await fleet("billing", "setup", "--stack", "sandbox")).code).toBe(0);
  const link = await fleet("billing", "link", "acme", "--stack", "sandbox", "--json");
  await ask("clock", "complete-setup", { session: z.object({ session: z.string() }).parse(JSON.parse(link.out)).session });
  expect((await fleet("sandbox", "use", "acme", "--hours", "2", "--sprint")).code).toBe(0);
  expect((await fleet("sandbox", "use", "dora", "--minutes", "30")).code).toBe(0);
  await fleet("sandbox", "clock", "--advanceSeconds", "14400");
  await echo("openrouter", "POST /api/v1/analytics/query");
  await echo("railway", "metrics");
  const echoed = await fleet("billing", "run", "--stack", "sandbox");
  expect([0, 4], echoed.err).toContain(echoed.code);
  expect((await fleet("billing", "run", "--stack", "sandbox", "--json")).code).toBe(0);
  expect((await fleet("billing", "plan", "--stack", "sandbox")).code).toBe(0);
  for (const form of [[], ["--json"]])
    expect((await fleet("billing", "why", "acme", "2026-11-30T01Z", "--stack", "sandbox", ...form)).code).toBe(0);
  for (const form of ["--markdown", "--json"])
    expect((await fleet("pr", "report", "--base", "main", "--stack", "sandbox", form)).out).toContain("dora");
  for (const words of [
    ["stack", "export"],
    ["stack", "output"],
    ["stack", "output", "--json"],
    ["stack"],
    ["config"],
    ["stack", "history"],
  ])
    expect((await pulumi(...words)).code, words.join(" ")).toBe(0);
  for (const vendor of ["railway", "cloudflare", "openrouter", "stripe"])
    said.push([`recorded calls of ${vendor}`, JSON.stringify(await ask(vendor, "calls"))]);
  said.push(...(await ledger()));
  expect(inFiles()).toEqual([]);

  const destroyed = await fleet("destroy", "sandbox");
  expect(destroyed.code, destroyed.err).toBe(0);
  const kinds = new Set(secrets.map(({ name }) => name));
  for (const kind of [
    "token",
    "BASIC_AUTH_USERS",
    "OPENROUTER_API_KEY",
    "TUNNEL_TOKEN",
    "tunnel_secret",
    "client_secret",
    "age identity",
    "member's address",
    "RAILWAY_API_TOKEN",
  ])
    expect(kinds).toContain(kind);
  expect(secrets.map(({ value }) => value)).toContain(planted);
  expect(inFiles()).toEqual([]);
  expect(findSecrets(said, secrets)).toEqual([]);
  // Node's cache of our compiled sources: the sample tenants' addresses are examples in them.
  const unlikeSources = secrets.filter(({ name, value }) => name !== "member's address" || value === planted);
  const cache = join(clone, ".fleet");
  if (existsSync(cache)) expect(findSecrets(textsBelow(cache), unlikeSources)).toEqual([]);
});

test("the same search finds each of these secrets as soon as one is planted", () => {
  for (const secret of secrets) {
    const log = join(sandbox, "planted.log");
    appendFileSync(log, `{"message":${JSON.stringify(`vendor said ${secret.value}`)}}\n`);
    expect(findSecrets([["planted.log", readFileSync(log, "latin1")]], [secret])).not.toEqual([]);
  }
  expect(inFiles().filter((finding) => finding.startsWith("planted.log")).length).toBeGreaterThanOrEqual(secrets.length);
});
