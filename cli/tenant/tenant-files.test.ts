/** `fleet tenant edit` and `reseal`, on a copy of the files. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@stricli/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KeyPair, keygen, seal, unseal } from "../../tenants/seal.ts";
import { app } from "../app.ts";
import { root as repository } from "../context.ts";
import { silent } from "../progress.ts";
import { TenantEdited, TenantsResealed } from "../reports.ts";

let root = "";
let keys: KeyPair;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "fleet-cli-"));
  cpSync(join(repository, "tenants"), join(root, "tenants"), { recursive: true });
  keys = await keygen();
  writeFileSync(file("recipient.txt"), `# ours\n${keys.recipient}\n`);
  writeFileSync(file("zebra.yaml"), await entry("ada@zebra.example", "grace@zebra.example"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const file = (name: string) => join(root, "tenants/prod", name);
const read = (name: string) => readFileSync(file(name), "utf8");
const entry = async (...emails: string[]) => {
  const sealed = await Promise.all(emails.map((email) => seal(email, keys.recipient)));
  return `# Z\nuid: tn_aaaaaaaaaa   # never\nname: Z\nplan: standard-2026-01\naccess:\n  members:\n${sealed.map((text) => `    - email: ${text}  # c\n`).join("")}`;
};
const all = () => Object.fromEntries(readdirSync(join(root, "tenants/prod")).map((name) => [name, read(name)]));
const addresses = (text: string, identity: string) =>
  Promise.all([...text.matchAll(/age:[A-Za-z0-9+/=]+/g)].map(([sealed]) => unseal(sealed, identity)));

async function fleet(words: string, env: Record<string, string> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const write = (to: string[]) => ({ write: (text: string) => void to.push(text) });
  const process = { stdout: write(out), stderr: write(err), env, exitCode: undefined as number | string | null | undefined };
  const print = (text: string) => void out.push(`${text}\n`);
  await run(app, ["tenant", ...words.split(" ")], {
    process,
    root,
    print,
    say: (text: string) => void err.push(`${text}\n`),
    progress: silent,
  });
  return { code: process.exitCode ?? 0, out: out.join(""), err: err.join("") };
}
const own = () => ({ FLEET_AGE_IDENTITY: keys.identity });

test("members are added without an identity and sealed at once, and every comment stays", async () => {
  const before = read("zebra.yaml");
  const done = await fleet(
    "edit zebra --add-email Joan@zebra.example --add-domain z.example --add-github z/t --session 8h --json",
  );
  expect(TenantEdited.parse(JSON.parse(done.out))).toEqual({
    file: "tenants/prod/zebra.yaml",
    slug: "zebra",
    changes: [
      "added j…@zebra.example",
      "added everybody @z.example",
      "added GitHub organization z, team t",
      "set access.sessionDuration to 8h",
    ],
  });
  const after = read("zebra.yaml");
  expect(after.startsWith(before)).toBe(true);
  expect(after).toMatch(
    /^ {4}- email: age:\S+\n {4}- emailDomain: z\.example\n {4}- githubOrganization: z\n {6}team: t\n {2}sessionDuration: 8h\n$/m,
  );
  expect(await addresses(after, keys.identity)).toEqual(["ada@zebra.example", "grace@zebra.example", "joan@zebra.example"]);
  expect(done.err).toContain("could not be seen without FLEET_AGE_IDENTITY");
});

test("a file with a byte order mark keeps it, and is edited and sealed again like any other", async () => {
  writeFileSync(file("zebra.yaml"), `\ufeff${read("zebra.yaml")}`);
  expect((await fleet("edit zebra --session 8h")).code).toBe(0);
  expect((await fleet("reseal", own())).code).toBe(0);
  expect(read("zebra.yaml")).toMatch(/^\ufeff# Z[^\ufeff]*sessionDuration: 8h\n$/);
});

test("a member is removed by the number that show gives, without an identity, or by the address with it", async () => {
  expect((await fleet("show zebra")).out).toMatch(/email: \(sealed\) # 1\n.*email: \(sealed\) # 2/);
  expect(await fleet("edit zebra --remove-email ada@zebra.example")).toMatchObject({
    code: 2,
    err: expect.stringContaining("a…@zebra.example cannot be looked for among sealed addresses without FLEET_AGE_IDENTITY"),
  });
  expect((await fleet("edit zebra --remove 2")).code).toBe(0);
  expect(await addresses(read("zebra.yaml"), keys.identity)).toEqual(["ada@zebra.example"]);
  expect((await fleet("edit zebra --add-email x@zebra.example --remove-email ADA@zebra.example", own())).code).toBe(0);
  expect(await addresses(read("zebra.yaml"), keys.identity)).toEqual(["x@zebra.example"]);
});

test("what the file must not say is refused with all reasons, and not a byte of it changes", async () => {
  const before = all();
  for (const [words, reason] of [
    ["", "say what to change"],
    ["--session 3d", 'access.sessionDuration: "3d" is not a duration'],
    ["--plan gold", '"gold" is not a plan'],
    ["--name a@b.example", "is not a name"],
    ["--add-domain gmail.com", "would let everybody in"],
    ["--add-email nobody", '"nobody" is not an e-mail address'],
    ["--add-email ada@zebra.example", "a…@zebra.example is a member already"],
    ["--remove 3", "there is no member 3"],
    ["--remove 1 --remove 2", "nobody would be left"],
    ["--remove-email x@x.example", "is no member"],
  ]) {
    const { code, out, err } = await fleet(`edit zebra ${words}`.trim(), own());
    expect({ code, out, err }).toEqual({ code: 2, out: "", err: expect.stringContaining(reason ?? "") });
    expect(err).not.toContain("ada@zebra");
  }
  expect(await fleet("edit zebar --session 8h")).toMatchObject({ code: 2, err: expect.stringContaining("did you mean zebra?") });
  expect(all()).toEqual(before);
});

test("a foreign identity is told, not taken for none", async () => {
  const { identity } = await keygen();
  const { code, err } = await fleet("edit zebra --add-email x@zebra.example", { FLEET_AGE_IDENTITY: identity });
  expect(code).toBe(2);
  expect(err).toContain("is the identity of another recipient, not of prod");
});

test("reseal seals every address to a new recipient and changes nothing else; the old identity opens nothing any more", async () => {
  writeFileSync(file("yak.yaml"), (await entry("yak@yak.example")).replace("aaaaaaaaaa", "bbbbbbbbbb"));
  chmodSync(file("yak.yaml"), 0o600);
  const before = all();
  const done = await fleet("reseal --json", own());
  expect(done.code).toBe(0);
  const report = TenantsResealed.parse(JSON.parse(done.out));
  expect(report).toMatchObject({ addresses: 3, files: ["tenants/prod/yak.yaml", "tenants/prod/zebra.yaml"] });
  expect(done.err).not.toContain(report.identity ?? "nothing");
  expect(done.err).toContain("open one pull request");
  const blank = (texts: Record<string, string>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.replaceAll(/age:\S+|age1\S+/g, "…")]));
  expect(blank(all())).toEqual(blank(before));
  expect(read("recipient.txt")).toBe(`# ours\n${report.recipient}\n`);
  expect(statSync(file("yak.yaml")).mode & 0o777).toBe(0o600);
  expect(await addresses(read("zebra.yaml"), report.identity ?? "")).toEqual(["ada@zebra.example", "grace@zebra.example"]);
  await expect(addresses(read("zebra.yaml"), keys.identity)).rejects.toThrow("another recipient");
  expect(await fleet("check --stack prod", { FLEET_AGE_IDENTITY: report.identity ?? "" })).toMatchObject({ code: 0, err: "" });
  expect((await fleet("check --stack prod", own())).err).toContain(
    "the addresses were not opened: FLEET_AGE_IDENTITY is the identity of",
  );
});

test("to a given recipient no identity is printed", async () => {
  const next = await keygen();
  const { code, out } = await fleet(`reseal --recipient ${next.recipient}`, own());
  expect({ code, out }).toEqual({ code: 0, out: "" });
  expect(await addresses(read("zebra.yaml"), next.identity)).toHaveLength(2);
});

test("reseal writes nothing if one address cannot be opened, the folder takes no file, or the recipient is wrong", async () => {
  const next = await keygen();
  const refused = async (words: string, reason: string, code = 2, env: Record<string, string> = own()) => {
    const before = all();
    const done = await fleet(words, env);
    expect(done).toEqual({ code, out: "", err: expect.stringContaining(reason) });
    expect(all()).toEqual(before);
    return done.err;
  };
  await refused("reseal", "FLEET_AGE_IDENTITY is not set", 2, {});
  await refused("reseal", "is the identity of another recipient", 2, { FLEET_AGE_IDENTITY: next.identity });
  expect(await refused(`reseal --recipient ${next.identity}`, "is not an age recipient")).not.toContain(next.identity);
  await refused(
    `reseal --recipient ${next.recipient.slice(0, -1)}${next.recipient.endsWith("q") ? "p" : "q"}`,
    "is not an age recipient",
  );
  await refused(`reseal --recipient ${keys.recipient}`, "is the recipient of prod already");
  const sandbox = readFileSync(join(root, "tenants/sandbox/recipient.txt"), "utf8").trim();
  await refused(`reseal --recipient ${sandbox}`, "is the recipient of sandbox");
  await refused("reseal --stack sandbox", "committed and worthless", 5);
  mkdirSync(file(".zebra.yaml.new"));
  const before = read("zebra.yaml");
  expect(await fleet("reseal", own())).toMatchObject({ out: "", err: expect.stringContaining("EISDIR") });
  expect([read("zebra.yaml"), read("recipient.txt")]).toEqual([before, `# ours\n${keys.recipient}\n`]);
  rmdirSync(file(".zebra.yaml.new"));
  writeFileSync(
    file("yak.yaml"),
    (await entry("a@a.example")).replace("aaaaaaaaaa", "cccccccccc").replace(/.{8} {2}# c/, "AAAAAAAA  # c"),
  );
  await refused("reseal", "tenants/prod/yak.yaml:7:14 access.members.0.email: is damaged");
});

test("a reseal that was killed between two files is finished by the next edit or reseal", async () => {
  const next = await keygen();
  writeFileSync(file(".zebra.yaml.new"), read("zebra.yaml").replace("# Z", "# finished"));
  writeFileSync(file(".replacing.json"), '["yak.yaml","zebra.yaml"]');
  const done = await fleet(`reseal --recipient ${next.recipient}`, own());
  expect(done.err).toContain("finished what an earlier command on tenants/prod was killed at");
  expect(read("zebra.yaml")).toMatch(/^# finished/);
  expect(Object.keys(all()).filter((name) => name.startsWith("."))).toEqual([]);
});

test("all that is wrong with a change is said at once, and nothing is written", async () => {
  const before = all();
  const { code, err } = await fleet("edit zebra --stack prod --add-email nobody --remove 9 --session 3days --plan gold", own());
  expect(code).toBe(2);
  for (const said of [
    '"nobody" is not an e-mail address',
    "there is no member 9",
    '"3days" is not a duration',
    '"gold" is not a plan',
  ])
    expect(err).toContain(said);
  expect(all()).toEqual(before);
});
