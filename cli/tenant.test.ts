import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@stricli/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keygen, seal } from "../tenants/seal.ts";
import { app } from "./app.ts";
import { root as repository } from "./context.ts";
import { silent } from "./progress.ts";
import { TenantMade, TenantShown, TenantsChecked, TenantsListed } from "./reports.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-cli-"));
  cpSync(join(repository, "tenants"), join(root, "tenants"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A fleet command on a copy of the files, with no key in the environment unless given. */
async function fleet(words: readonly string[], env: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const process = {
    stdout: { write: (text: string) => void out.push(text) },
    stderr: { write: (text: string) => void err.push(text) },
    env,
    exitCode: undefined as number | string | null | undefined,
  };
  const context = {
    process,
    root,
    print: (text: string) => void out.push(`${text}\n`),
    say: (text: string) => void err.push(`${text}\n`),
    progress: silent,
  };
  await run(app, words, context);
  return { code: process.exitCode ?? 0, out: out.join(""), err: err.join("") };
}
const entry = (email: string) =>
  `uid: tn_aaaaaaaaaa\nname: A\nplan: standard-2026-01\naccess:\n  members:\n    - email: ${email}\n`;

test("a tenant can be written and checked without any key, and its address stands nowhere in the clear", async () => {
  const { recipient } = await keygen();
  writeFileSync(join(root, "tenants/prod/recipient.txt"), recipient);
  const made = await fleet(["tenant", "new", "zebra", "--name", "Zebra Works", "--email", "ada@zebra.example", "--json"]);
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(TenantMade.parse(JSON.parse(made.out))).toEqual({
    file: "tenants/prod/zebra.yaml",
    uid: expect.stringMatching(/^tn_/),
    slug: "zebra",
  });
  expect(readFileSync(join(root, "tenants/prod/zebra.yaml"), "utf8")).not.toContain("ada@");
  const checked = await fleet(["tenant", "check", "--json"]);
  expect(checked.code).toBe(0);
  expect(TenantsChecked.parse(JSON.parse(checked.out))).toEqual({ stacks: { prod: 1, sandbox: 3, test: 0 }, problems: [] });
  expect((await fleet(["tenant", "show", "zebra"])).out).toContain("email: (sealed)");
  const shown = TenantShown.parse(JSON.parse((await fleet(["tenant", "show", "zebra", "--json"])).out));
  expect(shown).toMatchObject({ stack: "prod", slug: "zebra", access: { members: [{ email: "(sealed)" }] } });
  const listed = TenantsListed.parse(JSON.parse((await fleet(["tenant", "list", "--json"])).out));
  expect(listed.tenants.map(({ slug }) => slug)).toEqual(["zebra"]);
});

test("a stack with fleet:personalData plain keeps addresses as they are, and shows them masked", async () => {
  writeFileSync(join(root, "Pulumi.test.yaml"), "config:\n  fleet:personalData: plain\n");
  const words = ["--stack", "test"];
  const made = await fleet(["tenant", "new", "zebra", "--name", "Zebra Works", "--email", "ada@zebra.example", ...words]);
  expect(made.code).toBe(0);
  expect(readFileSync(join(root, "tenants/test/zebra.yaml"), "utf8")).toContain("email: ada@zebra.example");
  expect(await fleet(["tenant", "check"])).toMatchObject({
    code: 0,
    out: "prod: 0 tenants, all right\nsandbox: 3 tenants, all right\ntest: 1 tenant, all right\n",
  });
  expect((await fleet(["tenant", "show", "zebra", ...words])).out).toContain("email: a…@zebra.example");
  expect((await fleet(["tenant", "list", ...words])).code).toBe(0);
});

test("a plain address where addresses are sealed, and a setting that is neither, are problems of check (exit code 2)", async () => {
  writeFileSync(join(root, "tenants/prod/zebra.yaml"), entry("ada@zebra.example"));
  writeFileSync(join(root, "Pulumi.test.yaml"), "config:\n  fleet:personalData: plian\n");
  const { code, err, out } = await fleet(["tenant", "check"]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain("tenants/prod/zebra.yaml:6:14 access.members.0.email: is not sealed");
  expect(err).toContain('Pulumi.test.yaml fleet:personalData is neither sealed nor plain, but "plian"');
  expect(err).not.toContain("ada@");
});

test("an address sealed to the sandbox is refused in every other stack, by anybody, without a key: everybody can read it", async () => {
  const { recipient } = await keygen();
  writeFileSync(join(root, "tenants/prod/recipient.txt"), recipient);
  cpSync(join(root, "tenants/sandbox/acme.yaml"), join(root, "tenants/prod/acme.yaml"));
  const { code, err } = await fleet(["tenant", "check", "--stack", "prod"]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^tenants\/prod\/acme\.yaml:\d+:\d+ access\.members\.0\.email: is sealed to sandbox, whose identity everybody can read/,
  );
});

test("with the stack's identity at hand, check finds what is sealed to another recipient, and holds no address", async () => {
  const [own, other] = [await keygen(), await keygen()];
  writeFileSync(join(root, "tenants/prod/recipient.txt"), own.recipient);
  writeFileSync(join(root, "tenants/prod/zebra.yaml"), entry(await seal("ada@zebra.example", other.recipient)));
  writeFileSync(
    join(root, "tenants/prod/yak.yaml"),
    entry(await seal("hello", own.recipient)).replace("aaaaaaaaaa", "aaaaaaaaab"),
  );
  expect((await fleet(["tenant", "check"])).code).toBe(0);
  const { code, err } = await fleet(["tenant", "check"], { FLEET_AGE_IDENTITY: own.identity });
  expect(code).toBe(2);
  expect(err.trim().split("\n")).toEqual([
    expect.stringContaining("tenants/prod/yak.yaml:6:14 access.members.0.email: does not hold an e-mail address"),
    expect.stringContaining("tenants/prod/zebra.yaml:6:14 access.members.0.email: is sealed to another recipient"),
  ]);
  const shown = await fleet(["tenant", "show", "zebra"], { FLEET_AGE_IDENTITY: own.identity });
  expect(shown).toMatchObject({ code: 0, out: expect.stringContaining("(is sealed to another recipient") });
});

test("sealed addresses without a recipient beside them are a problem: nobody could tell who opens them", async () => {
  writeFileSync(join(root, "tenants/prod/zebra.yaml"), entry(await seal("ada@zebra.example", (await keygen()).recipient)));
  expect(await fleet(["tenant", "check"])).toMatchObject({
    code: 2,
    err: expect.stringContaining("tenants/prod/recipient.txt is missing"),
  });
});

test("new refuses a slug that people would take for another tenant's, and writes nothing", async () => {
  const made = await fleet(["tenant", "new", "acrne", "--stack", "sandbox", "--name", "X", "--email", "ada@x.example"]);
  expect(made).toMatchObject({ code: 2, err: expect.stringContaining('"acrne" looks like "acme"') });
});

test("new says all that is wrong with its arguments at once", async () => {
  const words = ["Admin", "--stack", "sandbox", "--name", "ada@x.example", "--email", "ada", "--plan", "gold"];
  const { code, err } = await fleet(["tenant", "new", ...words]);
  expect(code).toBe(2);
  for (const said of ['no plan "gold"', '"Admin" is not a slug', '"ada" is not an e-mail address', "is not a name"])
    expect(err).toContain(said);
});

test("a file that exists is not overwritten by new, nor a recipient by keygen", async () => {
  const made = await fleet(["tenant", "new", "acme", "--stack", "sandbox", "--name", "X", "--email", "ada@x.example"]);
  expect(made).toMatchObject({ code: 2, err: expect.stringContaining("exists already; nothing was changed") });
  expect(await fleet(["tenant", "keygen", "--stack", "sandbox"])).toMatchObject({ code: 5, out: "" });
});

test("keygen prints the identity once, on stdout alone, and writes the recipient", async () => {
  const { code, out, err } = await fleet(["tenant", "keygen", "--stack", "test"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^AGE-SECRET-KEY-1[A-Z0-9]+\n$/);
  expect(err).not.toContain(out.trim());
  expect(readFileSync(join(root, "tenants/test/recipient.txt"), "utf8")).toMatch(/^age1[a-z0-9]{58}\n$/);
});

test("what lies beside the stacks and is read as nothing is told, and what is wrong with a plan once", async () => {
  const entryOf = readFileSync(join(root, "tenants/sandbox/acme.yaml"), "utf8");
  writeFileSync(join(root, "tenants/zebra.yaml"), entryOf);
  mkdirSync(join(root, "tenants/Prod"));
  symlinkSync("prod", join(root, "tenants/linked"));
  writeFileSync(join(root, "tenants/plans/gold.yaml"), "name: Gold\n");
  writeFileSync(join(root, "tenants/sandbox/birch.yaml"), entryOf.replace("standard-2026-01", "gold").replace("tn_7k", "tn_8k"));
  writeFileSync(join(root, "tenants/plans/silver.yml"), "name: Silver\n");
  const { code, err } = await fleet(["tenant", "check"]);
  expect(code).toBe(2);
  for (const said of [
    "zebra.yaml:1:1 is in no stack",
    "Prod:1:1 is not read as a stack",
    "linked:1:1 is a link and not read",
    "plans/silver.yml:1:1 is not read as a plan",
  ])
    expect(err).toContain(`tenants/${said}`);
  expect(err.match(/gold\.yaml:\d+:\d+ currency: is missing/g)).toHaveLength(1);
  expect(err).not.toContain("is not a plan");
});

test("no two tenants share a uid, a customer or a hostname, whatever their stacks", async () => {
  const { recipient } = await keygen();
  const sealed = await seal("ada@zebra.example", recipient);
  const at = (stack: string, slug: string, uid: string) => {
    const text = entry(sealed).replace("tn_aaaaaaaaaa", uid);
    writeFileSync(join(root, `tenants/${stack}/${slug}.yaml`), `${text}billing: {customer: cus_AAAAAAAA}\n`);
    writeFileSync(join(root, `tenants/${stack}/recipient.txt`), recipient);
    writeFileSync(join(root, `Pulumi.${stack}.yaml`), "config:\n  fleet:zone: fleet.example\n");
  };
  at("prod", "zebra", "tn_aaaaaaaaaa");
  at("test", "zebra", "tn_aaaaaaaaaa");
  const { code, err } = await fleet(["tenant", "check"]);
  expect(code).toBe(2);
  expect(err.trim().split("\n")).toEqual([
    expect.stringContaining("tenants/test/zebra.yaml:1:6 uid: is already the uid of tenants/prod/zebra.yaml"),
    expect.stringContaining("tenants/test/zebra.yaml:7:21 billing.customer: is already the customer of tenants/prod/zebra.yaml"),
    expect.stringContaining("tenants/test/zebra.yaml:1:1 zebra.fleet.example is already the hostname of tenants/prod/zebra.yaml"),
  ]);
  writeFileSync(join(root, "Pulumi.test.yaml"), "config:\n  fleet:zone: test.fleet.example\n");
  rmSync(join(root, "tenants/prod/zebra.yaml"));
  expect((await fleet(["tenant", "check"])).code).toBe(0);
});

test("with the stack's identity at hand, check finds a person who is a member twice: two seals of one address differ", async () => {
  const { recipient, identity } = await keygen();
  const [once, again] = [await seal("ada@zebra.example", recipient), await seal("Ada@zebra.example", recipient)];
  writeFileSync(join(root, "tenants/prod/recipient.txt"), recipient);
  writeFileSync(join(root, "tenants/prod/zebra.yaml"), `${entry(once)}    - email: ${again}\n`);
  expect((await fleet(["tenant", "check"])).code).toBe(0);
  const { code, err } = await fleet(["tenant", "check"], { FLEET_AGE_IDENTITY: identity });
  expect([code, err]).toEqual([
    2,
    "tenants/prod/zebra.yaml:7:14 access.members.1.email: is the same member as access.members.0; remove one\n",
  ]);
});
