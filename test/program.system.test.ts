/** The Pulumi program on the real engine, in a copy of this checkout: what its preview says and refuses. No vendor is asked for anything. */
import { cp, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { ensureEngine } from "../engine/engine.ts";
import { pulumiEnvironment, withPulumiEnvironment } from "../engine/environment.ts";
import type { Engine } from "../engine/find.ts";
import { runPulumi } from "../engine/run.ts";
import { temporaryFolder } from "../engine/testing/fakes.ts";
import { installPlugins } from "../sandbox/plugins/install.ts";

const root = resolve(import.meta.dirname, "..");
let engine: Engine;

beforeAll(async () => {
  engine = await ensureEngine({ env: process.env, root });
}, 1_200_000);

/** Where nobody listens: a preview that asked a vendor would fail. */
const nowhere = "http://127.0.0.1:9";
const vendors = {
  CLOUDFLARE_BASE_URL: `${nowhere}/client/v4`,
  CLOUDFLARE_API_TOKEN: "c".repeat(40),
  OPENROUTER_BASE_URL: nowhere,
  OPENROUTER_MANAGEMENT_KEY: "sk-or-v1-management",
  RAILWAY_API_URL: `${nowhere}/graphql/v2`,
  RAILWAY_API_TOKEN: "railway-token",
};

async function checkout() {
  const folder = await temporaryFolder();
  const [cwd, home, state] = ["checkout", "home", "state"].map((name) => join(folder, name));
  if (!cwd || !home || !state) throw new Error("no folders");
  await Promise.all([cwd, home, state].map((path) => mkdir(path)));
  const parts = [
    "domain",
    "infra",
    "tenants",
    "vendors",
    "package.json",
    "Pulumi.yaml",
    "Pulumi.sandbox.yaml",
    "Pulumi.prod.yaml",
  ];
  for (const part of parts) await cp(join(root, part), join(cwd, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(cwd, "node_modules"));
  await installPlugins(home);
  const user = { ...process.env, FLEET_AGE_IDENTITY: undefined };
  const made = pulumiEnvironment({
    root,
    engine,
    home,
    backendUrl: `file://${state}`,
    passphrase: "sandbox",
    offlinePlugins: true,
    user,
  });
  const env = { ...withPulumiEnvironment(user, made), ...vendors };
  const pulumi = (args: readonly string[], input?: string) =>
    runPulumi(engine, args, { cwd, env, ...(input === undefined ? {} : { input }) });
  return { cwd, pulumi };
}

test("the sample tenants preview without a question to any vendor, without an address or secret, and without touching a file", async () => {
  const { cwd, pulumi } = await checkout();
  await pulumi(["stack", "init", "sandbox"]);
  const preview = await pulumi(["preview", "--stack", "sandbox", "--diff"]);
  expect(preview).toMatchObject({ code: 0 });
  for (const uid of ["tn_7k2m9x4q1c", "tn_b4x8w2n6ty", "tn_c0p5r9d3eh"]) expect(preview.stdout).toContain(`${uid}-dns`);
  expect(preview.stdout).toContain("a…@acme.example");
  expect(preview.stdout).not.toMatch(/ada@acme|sandbox-google-client-secret|TUNNEL_TOKEN: "|management/);
  const file = "Pulumi.sandbox.yaml";
  expect(await readFile(join(cwd, file), "utf8")).toBe(await readFile(join(root, file), "utf8"));
});

test("a stack without settings is told all that is missing, without a stack trace", async () => {
  const { pulumi } = await checkout();
  await pulumi(["stack", "init", "prod"]);
  const preview = await pulumi(["preview", "--stack", "prod"]);
  expect(preview.code).not.toBe(0);
  const said = preview.stdout + preview.stderr;
  for (const name of ["zone", "zoneId", "accountId", "teamName", "releases", "tunnelImage", "loginMethods"])
    expect(said).toContain(`fleet:${name} is missing`);
  expect(said).not.toMatch(/\n\s+at /);
});

test("an empty folder is refused when the stack has tenants, and fine when it has none", async () => {
  const { cwd, pulumi } = await checkout();
  for (const slug of ["acme", "birch", "cedar"]) await rm(join(cwd, "tenants", "sandbox", `${slug}.yaml`));
  await pulumi(["stack", "init", "sandbox"]);
  expect(await pulumi(["preview", "--stack", "sandbox"])).toMatchObject({ code: 0 });
  const type = "pulumi:pulumi:Stack";
  const outputs = { fleet: { schemaVersion: 1, tenants: { tn_7k2m9x4q1c: {} } } };
  const resource = { urn: `urn:pulumi:sandbox::fleet::${type}::fleet-sandbox`, custom: false, type, outputs };
  const state = {
    version: 3,
    deployment: { manifest: { time: "2026-11-24T10:00:00Z", magic: "", version: "" }, resources: [resource] },
  };
  expect(await pulumi(["stack", "import", "--stack", "sandbox"], JSON.stringify(state))).toMatchObject({ code: 0 });
  const preview = await pulumi(["preview", "--stack", "sandbox"]);
  expect(preview.code).not.toBe(0);
  expect(preview.stdout + preview.stderr).toContain("tenants/sandbox has no tenants, but the stack has 1");
});
