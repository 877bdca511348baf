import { join } from "node:path";
import { expect, test } from "vitest";
import { OperatorError, RefusedError } from "../domain/error.ts";
import { stackIdentity } from "./keys.ts";
import { loadPlans, loadStack, type TenantFile } from "./load.ts";
import { newTenantFile } from "./new.ts";
import { describeMember, openMembers } from "./open.ts";
import { resolveStack, type StackDefaults } from "./resolve.ts";
import { isSealed, keygen, seal } from "./seal.ts";

const root = import.meta.dirname;
const image = `registry.example/ai-diy@sha256:${"a".repeat(64)}`;
const defaults: StackDefaults = {
  releases: { stable: image },
  defaultRelease: "stable",
  region: "us-west2",
  loginMethods: ["google", "github", "oneTimePin"],
};
const files = () => loadStack("sandbox", { root });
const acme = (): TenantFile => {
  const file = files().find(({ slug }) => slug === "acme");
  if (!file) throw new Error("tenants/sandbox/acme.yaml is missing");
  return file;
};
const changed = (change: Partial<TenantFile["entry"]>): TenantFile => ({ ...acme(), entry: { ...acme().entry, ...change } });

test("the sample tenants differ in who is let in, and one of them is exempt and never sleeps", async () => {
  const tenants = await openMembers(resolveStack(files(), defaults), () => stackIdentity(root, "sandbox", undefined));
  expect(tenants.map(({ slug, access }) => [slug, access.members.map(describeMember)])).toEqual([
    ["acme", ["a…@acme.example", "g…@acme.example"]],
    ["birch", ["everybody @birch.example"]],
    ["cedar", ["GitHub organization cedar-showroom, team demo"]],
  ]);
  expect(tenants.map(({ app, billing }) => [app.sleep, billing.exempt])).toEqual([
    [true, null],
    [true, null],
    [false, "internal demo"],
  ]);
});

test("an entry that says nothing gets the plan's sizes and the stack's release, region and log-in methods", () => {
  const [tenant] = resolveStack([acme()], defaults);
  expect(tenant?.app).toEqual({
    release: "stable",
    image,
    region: "us-west2",
    memoryGB: 1,
    vCPUs: 1,
    volumeGB: 5,
    sleep: true,
    variables: {},
  });
  expect(tenant?.access).toMatchObject({
    sessionDuration: "24h",
    loginMethods: ["github", "google", "oneTimePin"],
    publicPaths: [],
  });
});

test.each([
  [
    "adopt",
    { adopt: { step: "imported" as const, until: "2026-12-31" } },
    "adopt: bringing in an existing instance is not built yet",
  ],
])("%s is refused with exit code 5, never ignored", (_, change, message) => {
  const attempt = () => resolveStack([changed(change)], defaults);
  expect(attempt).toThrow(RefusedError);
  expect(attempt).toThrow(message);
});

test("the state is the file's, and active where it says none", () => {
  const stateOf = (state?: TenantFile["entry"]["state"]) => resolveStack([changed({ state })], defaults).map((one) => one.state);
  expect([stateOf(), stateOf("suspended"), stateOf("retained"), stateOf("offboarding")]).toEqual([
    ["active"],
    ["suspended"],
    ["retained"],
    ["offboarding"],
  ]);
});

test("what the stack's settings do not have is named with what they have", () => {
  const attempt = () =>
    resolveStack(
      [
        changed({
          app: { release: "beta" },
          access: { members: [{ githubOrganization: "acme" }], loginMethods: ["googleWorkspace"] },
        }),
      ],
      defaults,
    );
  expect(attempt).toThrow('app.release: "beta" is not a release of this stack (fleet:releases: stable)');
  expect(attempt).toThrow("googleWorkspace has no identity provider in this stack");
  expect(attempt).toThrow(
    "access.members.0: can only log in with github, which is not among the log-in methods (googleWorkspace)",
  );
});

test("a sealed text that is no address, or one that is there twice, is refused with its masked form only", async () => {
  const { identity, recipient } = await keygen();
  const members = async (...texts: string[]) => ({
    members: await Promise.all(texts.map(async (text) => ({ email: await seal(text, recipient) }))),
  });
  const open = async (access: TenantFile["entry"]["access"]) =>
    openMembers(resolveStack([changed({ access })], defaults), async () => identity);
  await expect(open(await members("everyone"))).rejects.toThrow("does not hold an e-mail address");
  await expect(open(await members("ada@acme.example", "ADA@acme.example"))).rejects.toThrow(
    /: a…@acme\.example is a member twice/,
  );
});

test("the identity is not asked for where nothing is sealed", async () => {
  const [tenant] = resolveStack([changed({ access: { members: [{ emailDomain: "acme.example" }] } })], defaults);
  const opened = await openMembers(tenant ? [tenant] : [], () => Promise.reject(new Error("asked")));
  expect(opened).toHaveLength(1);
});

test("a new tenant's file is sealed, loads without problems and has an own uid each time", async () => {
  const { recipient } = await keygen();
  const wanted = {
    slug: "dogwood",
    name: 'The "Dogwood": yes & #1',
    email: "Dora@dogwood.example",
    plan: "standard-2026-01",
    recipient,
    randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
  };
  const [first, second] = [await newTenantFile(wanted), await newTenantFile(wanted)];
  expect(first.uid).not.toBe(second.uid);
  expect(first.text.toLowerCase()).not.toContain("dora@");
  expect(first.text.startsWith("# yaml-language-server: $schema=../tenant.schema.json\nuid: tn_")).toBe(true);
  const { mkdtempSync, mkdirSync, writeFileSync } = await import("node:fs");
  const folder = mkdtempSync(join((await import("node:os")).tmpdir(), "fleet-new-"));
  mkdirSync(join(folder, "prod"));
  writeFileSync(join(folder, "prod", "dogwood.yaml"), first.text);
  const [loaded] = loadStack("prod", { root: folder, plans: loadPlans(root) });
  expect(loaded?.entry.name).toBe(wanted.name);
  expect(isSealed(loaded?.entry.access.members[0]?.email ?? "")).toBe(true);
});

test("everything that is wrong with a new tenant is said at once", async () => {
  const attempt = newTenantFile({
    slug: "www",
    name: "",
    email: "nobody",
    plan: "p",
    recipient: null,
    randomBytes: (n) => new Uint8Array(n),
  });
  await expect(attempt).rejects.toThrow(OperatorError);
  await expect(attempt).rejects.toThrow(/"www" is reserved[\s\S]*"nobody" is not an e-mail address[\s\S]*name: "" is not a name/);
});
