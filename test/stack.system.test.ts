/** A stack's whole life through the commands, as a user runs them, against the real engine and the sandbox; also of one whose run was killed. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { DriftReport } from "../cli/watch/report.ts";
import { ensureEngine } from "../engine/engine.ts";

const root = resolve(import.meta.dirname, "..");
const main = join(root, "cli", "main.ts");
const vendors = ["railway", "cloudflare", "openrouter"] as const;

beforeAll(async () => {
  await ensureEngine({ env: process.env, root });
}, 1_200_000);

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const Failed = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });
const Call = z.object({ vendor: z.string(), operation: z.string() });

async function stand() {
  const folder = await mkdtemp(join(tmpdir(), "fleet-stack-"));
  const { CI: _, ...user } = process.env;
  const env: NodeJS.ProcessEnv = { ...user, FLEET_SANDBOX_DIR: folder };
  const run = promisify(execFile);
  const command = (file: string, args: readonly string[], own = env): Promise<Answer> =>
    run(file, args, { cwd: root, env: own, maxBuffer: 16 * 1024 * 1024 }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: unknown) => Failed.parse(error),
    );
  const fleet = (...args: string[]) => command(process.execPath, [main, ...args]);
  onTestFinished(async () => {
    await fleet("sandbox", "stop");
    await rm(folder, { recursive: true, force: true });
  });
  const started = await fleet("sandbox", "start", "--json");
  const { urls } = z.object({ urls: z.record(z.string(), z.string()) }).parse(JSON.parse(started.stdout));
  const ask = async (vendor: string, route: string, body?: unknown, method = body === undefined ? "GET" : "POST") => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return (await fetch(`${urls[vendor]}/_sandbox/${route}`, { method, ...sent })).json() as Promise<unknown>;
  };
  const count = async (vendor: string, noun: string) => {
    const Objects = z.array(
      z.looseObject({ deletedAt: z.unknown(), deleted_at: z.unknown(), isPendingDeletion: z.unknown() }).partial(),
    );
    const state = z.record(z.string(), z.unknown()).parse(await ask(vendor, "state"));
    // Deleted tunnels, and projects in their time of grace, are still shown.
    return Objects.parse(state[noun]).filter((one) => !one.deletedAt && !one.deleted_at && !one.isPendingDeletion).length;
  };
  const backend = join(folder, "pulumi-state");
  const locks = join(backend, ".pulumi", "locks", "organization", "fleet", "sandbox");
  return {
    ...{ fleet, command, env, ask },
    /** Everything that the engine has written down: state, history, back-ups, locks. */
    async written() {
      const entries = await readdir(backend, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
      return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")] as const)));
    },
    unlock: () => rm(locks, { recursive: true }),
    /** As a run on another machine leaves it. */
    async lock() {
      await mkdir(locks, { recursive: true });
      const lock = { pid: 2100, username: "runner", hostname: "fv-az12", timestamp: "2026-11-24T06:00:00Z" };
      await writeFile(join(locks, "0a1b2c3d-0000-4000-8000-000000000001.json"), JSON.stringify(lock));
    },
    /** Living objects by kind. */
    async living() {
      const kinds = {
        railway: ["projects", "services", "volumeInstances"],
        cloudflare: ["tunnels", "apps", "policies", "dnsRecords", "identityProviders"],
        openrouter: ["keys"],
      };
      const counts: Record<string, number> = {};
      for (const vendor of vendors) for (const noun of kinds[vendor]) counts[noun] = await count(vendor, noun);
      return counts;
    },
    /** Recorded calls that change something at a vendor. */
    async mutations() {
      const all: string[] = [];
      for (const vendor of vendors)
        for (const { operation } of z.array(Call).parse(await ask(vendor, "calls")))
          if (
            vendor === "railway" ? /(Create|Update|Upsert|Delete|DeployV2|Remove)/.test(operation) : !operation.startsWith("GET")
          )
            all.push(operation);
      return all;
    },
    /** `fleet up sandbox`, of which the chosen call is surely under way: it is held, and time stands still meanwhile; stops as `how` says. */
    async interrupted(vendor: string, operation: string, how: "SIGKILL" | "SIGINT") {
      await ask(vendor, "faults", [{ operation, nth: 1, effect: "hold" }]);
      const child = spawn(process.execPath, [main, "up", "sandbox"], { cwd: root, env, stdio: ["ignore", "ignore", "pipe"] });
      const ended = new Promise<number | null>((done) => {
        child.once("close", done);
      });
      const stopping = new Promise<void>((done) => {
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes("stopping: ")) done();
        });
      });
      // A run that ended early leaves the fault, which is told here then.
      await expect.poll(() => ask(vendor, "faults"), { timeout: 200_000 }).toEqual([]);
      if (how === "SIGKILL") for (const pid of family(child.pid ?? 0)) kill(pid);
      else {
        child.kill("SIGINT");
        await stopping;
        await ask(vendor, "faults", undefined, "DELETE");
      }
      const code = await ended;
      // Until a person has typed the next command, the vendors' reads show what was written last.
      await ask(vendor, "clock", { advanceSeconds: 5 });
      return code;
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went with its parent.
  }
}

/** A process and all below it. */
function family(first: number): number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const all = [first];
  for (const parent of all) for (const [pid, of] of pairs) if (of === parent && pid !== undefined) all.push(pid);
  return all;
}

/** Of the sample fleet: three tenants, one with a public page of its own, three log-in methods. */
const whole = {
  ...{ projects: 3, services: 6, volumeInstances: 3 },
  ...{ tunnels: 3, apps: 4, policies: 4, dnsRecords: 3, identityProviders: 3 },
  keys: 3,
};
const nothing = Object.fromEntries(Object.keys(whole).map((noun) => [noun, 0]));

/** The official plugin asks a second time after a lost answer, and Cloudflare makes a second one (policy, application, identity provider) or refuses the name. */
const cloudflareCreates = ["access/policies", "access/apps", "access/identity_providers", "cfd_tunnel"].map(
  (path) => `POST /client/v4/accounts/:id/${path}`,
);

test("up makes everything once although Cloudflare's answers are lost, again changes nothing, plain pulumi agrees, drift is what a person did and nothing else, destroy leaves nothing", {
  timeout: 300_000,
}, async () => {
  const { fleet, command, env, ask, living, mutations, written, lock, unlock } = await stand();
  const clean = await command("git", ["status", "--short", "--", "Pulumi.sandbox.yaml", "Pulumi.yaml", "tenants"]);
  expect((await fleet("preview", "sandbox")).code).toBe(3);
  const creates = [...cloudflareCreates, "POST /client/v4/zones/:id/dns_records"];
  const lose = (operations: readonly string[]) =>
    ask(
      "cloudflare",
      "faults",
      operations.map((operation) => ({ operation, nth: 1, effect: "dropAnswer" })),
    );
  await lose(creates);
  expect(await fleet("up", "sandbox")).toMatchObject({ code: 0 });
  expect(await living()).toEqual(whole);

  const made = await mutations();
  expect(await fleet("preview", "sandbox")).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to change") });
  expect(await fleet("up", "sandbox")).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing changed") });
  expect(await mutations()).toEqual(made);

  const { set } = z
    .object({ set: z.record(z.string(), z.string()) })
    .parse(JSON.parse((await fleet("env", "sandbox", "--json")).stdout));
  expect(await command("pulumi", ["preview", "--expect-no-changes", "--non-interactive"], { ...env, ...set })).toMatchObject({
    code: 0,
  });
  expect(await command("git", ["status", "--short", "--", "Pulumi.sandbox.yaml", "Pulumi.yaml", "tenants"])).toEqual(clean);

  const drift = async () => {
    const { code, stdout, stderr } = await fleet("watch", "drift", "--stack", "sandbox", "--json");
    return { code, stdout, stderr, report: DriftReport.parse(JSON.parse(stdout)) };
  };
  // While another run has the lock: it is neither waited for nor taken.
  await lock();
  const before = await written();
  const calm = await drift();
  expect(calm, calm.stderr).toMatchObject({ code: 0, report: { ok: true, changes: [], problems: [] } });
  expect(calm.report.objects).toBeGreaterThan(50);
  expect(calm.report.looked).toBe(calm.report.objects);
  expect(await mutations()).toEqual(made);
  await byHand(set, JSON.parse((await command("pulumi", ["stack", "export"], { ...env, ...set })).stdout));
  const after = await drift();
  expect(after, after.stderr).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/birch: THE VOLUME IS DELETED AT RAILWAY.*docs\/runbooks\/volume-deleted\.md/),
    report: { ok: false, problems: [], looked: calm.report.objects },
  });
  expect(after.report.changes.map(({ slug, resource, what, fields }) => ({ slug, resource, what, fields }))).toEqual([
    { slug: "birch", resource: "volume", what: "deleted", fields: [] },
    { slug: "acme", resource: "app-instance", what: "changed", fields: [{ field: "memoryGB", state: "1", vendor: "4" }] },
    {
      ...{ slug: "acme", resource: "app-variables", what: "changed" },
      fields: [{ field: "variables.LOG_LEVEL", state: "[secret]", vendor: "[secret]" }],
    },
    {
      ...{ slug: "acme", resource: "policy", what: "changed" },
      fields: [
        { field: "includes[2]", state: null, vendor: "[secret]" },
        { field: "sessionDuration", state: '"24h"', vendor: '"720h"' },
      ],
    },
  ]);
  expect(after.stdout + after.stderr).not.toMatch(/mallory|by hand/);
  expect(await written()).toEqual(before);
  await unlock();

  // The identity providers' comes in the second run of the engine only.
  await lose(creates.map((create) => `${create.replace("POST", "DELETE")}/:id`));
  expect(await fleet("destroy", "sandbox")).toMatchObject({ code: 0, stdout: expect.stringContaining("acme ") });
  expect(await living()).toEqual(nothing);
});

const Exported = z.object({
  deployment: z.object({
    resources: z.array(z.looseObject({ urn: z.string(), id: z.string().optional(), inputs: z.looseObject({}).optional() })),
  }),
});

/** What a person does in the dashboards: a variable and a limit of acme's application, who may open it and for how long, and birch's volume. */
async function byHand(set: Readonly<Record<string, string>>, state: unknown): Promise<void> {
  const { resources } = Exported.parse(state).deployment;
  const idOf = (name: string) => resources.find(({ urn }) => urn.endsWith(`::${name}`))?.id ?? expect.unreachable(name);
  const railway = async (query: string, variables: object) => {
    const answer = await fetch(`${set.RAILWAY_API_URL}?person`, {
      method: "POST",
      headers: { authorization: `Bearer ${set.RAILWAY_API_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    expect(await answer.json()).not.toHaveProperty("errors");
  };
  const [projectId, environmentId, serviceId] = idOf("tn_7k2m9x4q1c-app-instance").split("/");
  await railway(`mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }`, {
    input: { projectId, environmentId, serviceId, name: "LOG_LEVEL", value: "by hand", skipDeploys: true },
  });
  await railway(`mutation ($input: ServiceInstanceLimitsUpdateInput!) { serviceInstanceLimitsUpdate(input: $input) }`, {
    input: { environmentId, serviceId, memoryGB: 4, vCPUs: 1 },
  });
  await railway(`mutation ($volumeId: String!) { volumeDelete(volumeId: $volumeId) }`, {
    volumeId: idOf("tn_b4x8w2n6ty-volume").split("/").at(-1),
  });
  const headers = { authorization: `Bearer ${set.CLOUDFLARE_API_TOKEN}`, "content-type": "application/json" };
  const { accountId } =
    resources.find(({ urn }) => urn.endsWith("::tn_7k2m9x4q1c-policy"))?.inputs ?? expect.unreachable("policy");
  const url = `${set.CLOUDFLARE_BASE_URL}/accounts/${accountId}/access/policies/${idOf("tn_7k2m9x4q1c-policy")}`;
  const Policy = z.object({ result: z.looseObject({ include: z.array(z.unknown()) }) });
  const { result } = Policy.parse(await (await fetch(url, { headers })).json());
  const include = [...result.include, { email: { email: "mallory@elsewhere.example" } }];
  const body = JSON.stringify({ ...result, include, session_duration: "720h" });
  expect((await fetch(url, { method: "PUT", headers, body })).status).toBe(200);
}

test("one tenant's failure leaves the others whole (exit 4), and the same command heals it", { timeout: 300_000 }, async () => {
  const { fleet, ask, living } = await stand();
  await ask("railway", "faults", [{ operation: "volumeCreate", nth: 1, effect: "graphqlError:Volume limit reached" }]);
  const first = await fleet("up", "sandbox");
  expect(first, first.stderr).toMatchObject({ code: 4 });
  expect((await fleet("preview", "sandbox")).code).toBe(3);
  expect(await fleet("up", "sandbox")).toMatchObject({ code: 0 });
  expect(await living()).toEqual(whole);
});

const killPoints = [
  ["cloudflare", "POST /client/v4/accounts/:id/cfd_tunnel"],
  ["railway", "projectCreate"],
  ["railway", "volumeCreate"],
  ["cloudflare", "POST /client/v4/zones/:id/dns_records"],
] as const;

// Each takes half a minute: the one that heals hardest every day, all of them with `fleet test --full`.
test.for(process.env.FLEET_TEST_FULL ? killPoints : killPoints.slice(0, 1))(
  "up after an up that was killed at %s %s makes nothing twice",
  { timeout: 300_000 },
  async ([vendor, operation]) => {
    const { fleet, command, env, interrupted, lock, living } = await stand();
    await interrupted(vendor, operation, "SIGKILL");
    const healed = await fleet("up", "sandbox");
    expect(healed, healed.stderr).toMatchObject({ code: 0 });
    expect(await living()).toEqual(whole);
    expect((await fleet("preview", "sandbox")).code).toBe(0);

    await lock();
    expect(await fleet("up", "sandbox")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("fleet up sandbox --recover"),
    });
    const inCi = await command(process.execPath, [main, "up", "sandbox"], { ...env, CI: "true" });
    expect(inCi).toMatchObject({ code: 0, stderr: expect.stringContaining("breaking it") });
    expect(await living()).toEqual(whole);
  },
);

// Every day the suite hostile-machine presses it in the middle of a create.
if (process.env.FLEET_TEST_FULL)
  test("Ctrl-C lets what is under way finish, and the next up goes on", { timeout: 300_000 }, async () => {
    const { fleet, interrupted, living } = await stand();
    expect(await interrupted("railway", "volumeCreate", "SIGINT")).not.toBe(0);
    const next = await fleet("up", "sandbox");
    expect(next, next.stderr).toMatchObject({ code: 0 });
    expect(await living()).toEqual(whole);
  });

test("what cannot be is refused before anything is asked, with what to do", async () => {
  const { fleet } = await stand();
  expect(await fleet("up", "nowhere")).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no stack") });
  expect(await fleet("up", "prod")).toMatchObject({ code: 5, stderr: expect.stringContaining("--yes") });
  expect(await fleet("destroy", "prod")).toMatchObject({ code: 5, stderr: expect.stringContaining("--confirm") });
  await fleet("sandbox", "stop");
  expect(await fleet("up", "sandbox")).toMatchObject({ code: 2, stderr: expect.stringContaining("fleet sandbox start") });
});
