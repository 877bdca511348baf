/** A pull request that adds a tenant, changes one and removes one, on a real Git repository: from a clone without secrets, and from one whose
 *  sandbox stands for the vendors. */
import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { PrReport } from "../cli/pr/report.ts";
import { ensureEngine } from "../engine/engine.ts";
import { keygen, seal } from "../tenants/seal.ts";
import { neutralEnvironment } from "./checkout.ts";

const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "fleet-pull-request-"));
const clone = { without: join(folder, "fork"), with: join(folder, "ci") };
const addresses = [
  "ada.planted@dora.example",
  "new.planted@acme.example",
  "old.planted@alder.example",
  "more.planted@alder.example",
] as const;

const git = (cwd: string, ...args: string[]) =>
  execFileSync("git", ["-c", "user.name=fleet", "-c", "user.email=fleet@fleet.example", ...args], {
    cwd,
    encoding: "utf8",
    stdio: "pipe",
  });

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command in a clone, with the sandbox's folder beside it and none of the machine's secrets. */
function fleet(where: keyof typeof clone, ...args: string[]): Promise<Ran> {
  const env = { ...neutralEnvironment(), FLEET_SANDBOX_DIR: join(folder, `${where}-sandbox`) };
  return new Promise((done) => {
    const options = { cwd: clone[where], env, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, ["cli/main.ts", ...args], options, (error, out, err) =>
      done({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, out, err }),
    );
  });
}

async function reportIn(where: keyof typeof clone, ...args: string[]) {
  const json = await fleet(where, "pr", "report", "--base", "origin/main", "--json", ...args);
  const report = PrReport.parse(JSON.parse(json.out || json.err));
  const stack = (name: string) => {
    const found = report.stacks.find((each) => each.stack === name);
    if (!found) throw new Error(`the report has no ${name}: ${json.out}${json.err}`);
    return found;
  };
  return { report, stack, code: json.code, text: json.out + json.err };
}

let whole: ReturnType<typeof reportIn> | undefined;
/** The whole branch's report with a preview, made once. */
const fromCi = () => {
  whole ??= reportIn("with", "--stack", "sandbox");
  return whole;
};

const change = (where: keyof typeof clone, file: string, from: string, to: string) => {
  const path = join(clone[where], file);
  const text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
};
const back = (where: keyof typeof clone, branch: string) => {
  git(clone[where], "checkout", "-q", "--force", branch);
  git(clone[where], "clean", "-fdq", "tenants");
};

beforeAll(async () => {
  await ensureEngine({ env: process.env, root });
  const origin = join(folder, "origin");
  const files = git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0");
  for (const file of files.filter((name) => name !== "" && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(origin, file)), { recursive: true });
    cpSync(join(root, file), join(origin, file));
  }
  const keys = await keygen();
  const entry = (uid: string, name: string, ...sealed: string[]) =>
    `uid: ${uid}\nname: ${name}\nplan: standard-2026-01\naccess:\n  members:\n${sealed.map((text) => `    - email: ${text}\n`).join("")}`;
  const [ada, joined, old, more] = addresses;
  const sandboxRecipient = readFileSync(join(root, "tenants/sandbox/recipient.txt"), "utf8").trim();
  const [oldSealed, moreSealed] = [await seal(old, keys.recipient), await seal(more, keys.recipient)];
  writeFileSync(join(origin, "tenants/test/recipient.txt"), `${keys.recipient}\n`);
  writeFileSync(join(origin, "tenants/test/alder.yaml"), entry("tn_alderalder", "Alder", oldSealed));
  git(origin, "init", "-q", "-b", "main");
  git(origin, "add", "-A");
  git(origin, "commit", "-qm", "base");

  git(origin, "checkout", "-qb", "change");
  const acme = join(origin, "tenants/sandbox/acme.yaml");
  const joins = `  members:\n    - email: ${await seal(joined, sandboxRecipient)}`;
  writeFileSync(acme, readFileSync(acme, "utf8").replace("access:\n  members:", `access:\n  sessionDuration: 8h\n${joins}`));
  const doraName = '"</details><script>Dora"';
  writeFileSync(join(origin, "tenants/sandbox/dora.yaml"), entry("tn_doradorado", doraName, await seal(ada, sandboxRecipient)));
  rmSync(join(origin, "tenants/sandbox/birch.yaml"));
  writeFileSync(join(origin, "tenants/test/alder.yaml"), entry("tn_alderalder", "Alder", oldSealed, moreSealed));
  git(origin, "add", "-A");
  git(origin, "commit", "-qm", "change");
  // Others go on meanwhile: what they merge is not this branch's work.
  git(origin, "checkout", "-q", "main");
  writeFileSync(join(origin, "tenants/sandbox/later.yaml"), entry("tn_laterlater", "Later", await seal(ada, sandboxRecipient)));
  git(origin, "add", "-A");
  git(origin, "commit", "-qm", "later");

  for (const path of Object.values(clone)) {
    git(folder, "clone", "-q", origin, path);
    git(path, "checkout", "-q", "change");
    symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  }
  const started = await fleet("with", "sandbox", "start");
  expect(started.code, started.err).toBe(0);
  back("with", "origin/main~1");
  const up = await fleet("with", "up", "sandbox");
  expect(up.code, up.err).toBe(0);
  back("with", "change");
}, 1_200_000);

afterAll(async () => {
  await fleet("with", "sandbox", "stop");
  rmSync(folder, { recursive: true, force: true });
});

test("from a clone without secrets: the files are right, and the comment tells what they say and refuses the removal", async () => {
  expect(await fleet("without", "tenant", "check")).toMatchObject({ code: 0 });
  const { report, stack, code } = await reportIn("without");
  expect([code, report.outcome]).toEqual([5, "refused"]);
  const sandbox = stack("sandbox");
  expect(sandbox).toMatchObject({ source: "files", why: expect.stringContaining("no sandbox is running"), policies: null });
  expect(sandbox.tenants.map(({ slug, change, resources }) => [slug, change, resources])).toEqual([
    ["acme", "changed", null],
    ["birch", "removed", null],
    ["dora", "created", null],
  ]);
  expect(sandbox.tenants[0]?.changes.map(({ text }) => text)).toEqual(["members: + n…@acme.example", "session 24h → 8h"]);
  expect(sandbox.tenants[2]?.people.admitted).toEqual(["a…@dora.example"]);
  expect(sandbox.guards).toEqual([expect.objectContaining({ guard: "removal", verdict: "refused", tenant: "birch" })]);
  expect(sandbox.flatCents).toEqual({ before: 1_000, after: 1_000 });
});

test("without the identity of a stack its addresses are counted, and the report says why there is no preview", async () => {
  const { stack } = await reportIn("without", "--stack", "test");
  const [alder] = stack("test").tenants;
  expect(alder?.people).toMatchObject({ total: 2, sealed: 2, addedSealed: 1, removedSealed: 0, admitted: [] });
  expect(alder?.changes.map(({ text }) => text)).toEqual(["members: + 1 sealed address"]);
  expect(stack("test")).toMatchObject({ source: "files", why: expect.stringContaining("not filled in") });
});

test("from CI with the vendors in reach: the engine's preview is in it, and agrees with the files", async () => {
  const { report, stack, code } = await fromCi();
  expect([code, report.outcome], JSON.stringify(report)).toEqual([5, "refused"]);
  const sandbox = stack("sandbox");
  expect(sandbox).toMatchObject({ source: "preview", why: null, errors: [], policies: [] });
  const resources = Object.fromEntries(sandbox.tenants.map((tenant) => [tenant.slug, tenant.resources ?? []]));
  expect(Object.keys(resources)).toEqual(["acme", "birch", "dora"]);
  expect(resources.acme?.map(({ op, what }) => `${op} ${what}`)).toContain("update who may log in");
  expect(resources.acme?.some(({ op }) => op === "delete" || op === "replace")).toBe(false);
  expect(new Set(resources.birch?.map(({ op }) => op))).toEqual(new Set(["delete"]));
  expect(resources.birch?.filter(({ holdsData }) => holdsData).map(({ what }) => what)).toEqual([
    "project (DATA)",
    "volume (DATA)",
  ]);
  expect(new Set(resources.dora?.map(({ op }) => op))).toEqual(new Set(["create"]));
  expect(sandbox.guards.map(({ guard, tenant }) => [guard, tenant])).toEqual([
    ["removal", "birch"],
    ["deletion", "birch"],
  ]);
});

test("no comment, JSON or message holds an address, a key, a sealed text or markup of a file", async () => {
  const env = z
    .object({ set: z.record(z.string(), z.string()) })
    .parse(JSON.parse((await fleet("with", "env", "sandbox", "--json")).out));
  const secrets = Object.entries(env.set).filter(([name, value]) => /TOKEN|KEY|SECRET|IDENTITY/.test(name) && value.length > 8);
  expect(secrets.length).toBeGreaterThan(2);
  for (const where of ["without", "with"] as const)
    for (const form of ["--markdown", "--json"]) {
      const { out, err, code } = await fleet(where, "pr", "report", "--base", "origin/main", form);
      expect(code, err).toBe(5);
      for (const address of addresses) expect(out + err).not.toContain(address.split("@")[0]);
      for (const [name, value] of secrets) expect(out.includes(value) || err.includes(value), name).toBe(false);
      expect(out + err).not.toMatch(/age:[A-Za-z0-9]/);
      if (form === "--markdown") expect(out).not.toContain("<script>");
    }
});

test("a preview made earlier gives the same report, and that of another stack is refused", async () => {
  const env = z
    .object({ set: z.record(z.string(), z.string()) })
    .parse(JSON.parse((await fleet("with", "env", "sandbox", "--json")).out));
  // Not waited for synchronously: a worker that answers nobody for a minute is given up.
  const { stdout: made } = await promisify(execFile)("pulumi", ["preview", "--json", "--stack", "sandbox", "--non-interactive"], {
    cwd: clone.with,
    // Else the program's own guard ends the preview at the removed file.
    env: { ...process.env, ...env.set, FLEET_ALLOW_DELETE: "birch" },
    maxBuffer: 64 * 1024 * 1024,
  });
  const file = join(folder, "preview.json");
  writeFileSync(file, made);
  const given = await reportIn("without", "--stack", "sandbox", "--preview", file);
  expect(given.code).toBe(5);
  expect(given.stack("sandbox").tenants).toEqual((await fromCi()).stack("sandbox").tenants);
  expect(await fleet("without", "pr", "report", "--base", "origin/main", "--stack", "test", "--preview", file)).toMatchObject({
    code: 2,
  });
});

test("without the removal nothing is refused (exit 3), and the base itself has no changes (exit 0)", async () => {
  for (const where of ["without", "with"] as const) {
    git(clone[where], "checkout", "-q", "origin/main~1", "--", "tenants/sandbox/birch.yaml");
    const kept = await reportIn(where, "--stack", "sandbox");
    expect([kept.code, kept.report.outcome], kept.text).toEqual([3, "changes"]);
    expect(kept.stack("sandbox").guards).toEqual([]);
    back(where, "origin/main~1");
    const same = await reportIn(where, "--stack", "sandbox");
    expect([same.code, same.report.outcome], same.text).toEqual([0, "unchanged"]);
    back(where, "change");
  }
});

test("a mandatory policy refuses, with its tenant and its words", async () => {
  const pack = join(clone.with, "policies");
  const [own, testing] = [join(folder, "policies"), join(root, "engine/testing/policy-pack")];
  if (existsSync(pack)) renameSync(pack, own);
  cpSync(testing, pack, { recursive: true });
  // The pack of the engine's own tests forbids one type: here that of a resource which every tenant has.
  change("with", "policies/index.mjs", '!== "test:index:Thing"', '!== "railway:index:Volume"');
  const { code, stack } = await reportIn("with", "--stack", "sandbox");
  rmSync(pack, { recursive: true });
  if (existsSync(own)) renameSync(own, pack);
  expect([code, stack("sandbox").errors]).toEqual([5, []]);
  const findings = stack("sandbox").policies?.map(({ guard, verdict, tenant }) => [guard, verdict, tenant]);
  expect(findings).toEqual(["acme", "cedar", "dora"].map((tenant) => ["no-things", "refused", tenant]));
});

test("wrong files end with 2 and their line, on stderr and in the comment; nothing is previewed", async () => {
  for (const where of ["without", "with"] as const) {
    change(where, "tenants/sandbox/acme.yaml", "sessionDuration: 8h", "sessionDuration: 3 days for ada.planted@dora.example");
    const { out, err, code } = await fleet(where, "pr", "report", "--base", "origin/main", "--stack", "sandbox");
    expect(code).toBe(2);
    for (const text of [out, err])
      expect(text).toMatch(/tenants\/sandbox\/acme\.yaml:\d+:\d+ access\.sessionDuration: .*is not a duration/);
    expect(out + err).not.toContain("ada.planted");
    expect(err).not.toMatch(/previewing|\n\s+at /);
    back(where, "change");
  }
});

test("an emptied folder is refused by the files alone and by the preview", async () => {
  for (const where of ["without", "with"] as const) {
    for (const slug of ["acme", "cedar", "dora"]) rmSync(join(clone[where], `tenants/sandbox/${slug}.yaml`));
    const { code, stack } = await reportIn(where, "--stack", "sandbox");
    expect(code).toBe(5);
    expect(
      stack("sandbox")
        .guards.filter(({ verdict }) => verdict === "refused")
        .map(({ guard }) => guard),
    ).toEqual(where === "with" ? ["removal", "engine"] : ["removal"]);
    back(where, "change");
  }
});

test("a base that is not in the clone, and a folder without Git, are told with the way out", async () => {
  const absent = await fleet("without", "pr", "report", "--base", "origin/absent");
  expect(absent).toMatchObject({ code: 2, out: "", err: expect.stringContaining("git fetch origin") });
  const option = await fleet("without", "pr", "report", "--base=--upload-pack=x");
  expect(option).toMatchObject({ code: 2, err: expect.stringContaining("no such commit") });
  renameSync(join(clone.without, ".git"), join(folder, "git"));
  const none = await fleet("without", "pr", "report", "--base", "origin/main");
  renameSync(join(folder, "git"), join(clone.without, ".git"));
  expect(none).toMatchObject({ code: 2, out: "", err: expect.stringContaining("not a git repository") });
  const stack = await fleet("without", "pr", "report", "--base", "origin/main", "--stack", "nowhere");
  expect(stack).toMatchObject({ code: 2, err: expect.stringContaining('no stack "nowhere"') });
});
