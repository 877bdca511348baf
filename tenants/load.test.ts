import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatProblem, OperatorError } from "../domain/error.ts";
import { loadStack, readStack, stackNames } from "./load.ts";
import type { Plan } from "./plan.ts";

const plan: Plan = {
  id: "p",
  name: "P",
  priceVersion: "1",
  currency: "usd",
  flatAmountCents: 500,
  hourAmountCents: 100,
  firstMonth: "prorated",
  collection: "charge_automatically",
  people: { max: 2, open: false },
  modelCredit: { monthlyLimitDollars: 5 },
  app: { memoryGB: 1, vCPUs: 1, volumeGB: 5, sleep: true },
  sessionDuration: "24h",
};
const plans = new Map([["p", plan]]);
let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-tenants-"));
  mkdirSync(join(root, "prod"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const uid = (index: number) => `tn_${String(index).padStart(10, "a")}`;
const entry = (index: number, more = "") =>
  `uid: ${uid(index)}\nname: Tenant ${index}\nplan: p\naccess:\n  members:\n    - email: ada@acme.example\n${more}`;
const write = (name: string, text: string | Uint8Array, stack = "prod") => writeFileSync(join(root, stack, name), text);
const read = () => readStack("prod", { root, plans, personalData: "plain" });
const said = () => read().problems.map(formatProblem);

test("a problem names file, line and column", () => {
  write("acme.yaml", entry(1).replace("  members:", "  sessionDuration: 3 days\n  members:"));
  expect(said()).toEqual(['tenants/prod/acme.yaml:5:20 access.sessionDuration: "3 days" is not a duration; write 30m, 1h … 24h']);
});

test("all problems of all files come at once, and loadStack throws them as one error for exit code 2", () => {
  write("acme.yaml", entry(1, "aap: {}\n").replace("plan: p", "plan: q"));
  write("birch.yaml", "uid: [\n");
  const problems = said();
  expect(problems.slice(0, -1)).toEqual([
    'tenants/prod/acme.yaml:3:7 plan: "q" is not a plan; did you mean p?',
    "tenants/prod/acme.yaml:7:1 aap: is not a known key; did you mean app?",
  ]);
  expect(problems.at(-1)).toMatch(/^tenants\/prod\/birch\.yaml:\d+:\d+ is not valid YAML here: /);
  expect(() => loadStack("prod", { root, plans, personalData: "plain" })).toThrow(OperatorError);
});

test("an unknown plan is answered with the nearest one", () => {
  write("acme.yaml", entry(1).replace("plan: p", "plan: pp"));
  expect(said()).toEqual(['tenants/prod/acme.yaml:3:7 plan: "pp" is not a plan; did you mean p?']);
});

test.each([
  ["a duplicate key", () => write("acme.yaml", entry(1, "name: again\n")), /acme\.yaml:7:1 is a key that the block has already/],
  [
    "a tab for indentation",
    () => write("acme.yaml", entry(1).replace("  members", "\tmembers")),
    /acme\.yaml:5:1 is not valid YAML here: /,
  ],
  ["an alias", () => write("acme.yaml", entry(1, "app: &a {}\nbilling: *a\n")), /acme\.yaml:8:10 uses a YAML alias/],
  [
    "an alias bomb",
    () =>
      write(
        "acme.yaml",
        `a: &a [x,x]\n${"bcdefghi"
          .split("")
          .map((key, at) => `${key}: &${key} [${`*${"abcdefgh"[at]},`.repeat(9)}]`)
          .join("\n")}\n`,
      ),
    /acme\.yaml:2:\d+ uses a YAML alias/,
  ],
  [
    "a file of more than 256 kB",
    () => write("acme.yaml", `${entry(1)}# ${"x".repeat(270_000)}\n`),
    /acme\.yaml:1:1 is \d+ bytes; at most 262144 are read/,
  ],
  ["a file that is not UTF-8", () => write("acme.yaml", Buffer.from([0x75, 0xff, 0xfe])), /acme\.yaml:1:1 is not UTF-8 text/],
  ["an empty file", () => write("acme.yaml", ""), /acme\.yaml:1:1 is empty or no block of keys/],
  ["two documents", () => write("acme.yaml", `${entry(1)}---\n${entry(2)}`), /acme\.yaml:\d+:\d+ is not valid YAML here: /],
  ["nesting deeper than any parser", () => write("acme.yaml", `a: ${"[".repeat(30_000)}`), /acme\.yaml:1:\d+ /],
  [
    "a key that objects take for something else",
    () => write("acme.yaml", entry(1, "app: {variables: {__proto__: x}}\n")),
    /acme\.yaml:7:19 __proto__ is no key here/,
  ],
  [
    "a number that is none",
    () => write("acme.yaml", entry(1, "app: {memoryGB: .nan}\n")),
    /acme\.yaml:7:17 app\.memoryGB: must be a number, not NaN/,
  ],
  ["a name that ends with a space", () => write("acme.yaml ", entry(1)), /acme\.yaml :1:1 is not read as a tenant/],
  ["a slug in capitals", () => write("Acme.yaml", entry(1)), /Acme\.yaml:1:1 "Acme" is not a slug/],
  ["a reserved slug", () => write("admin.yaml", entry(1)), /admin\.yaml:1:1 "admin" is reserved/],
  ["a slug that looks reserved", () => write("adrnin.yaml", entry(1)), /adrnin\.yaml:1:1 "adrnin" looks like "admin"/],
  ["a file called .yml", () => write("acme.yml", entry(1)), /acme\.yml:1:1 is not read as a tenant; name it <slug>\.yaml/],
  ["a folder between the files", () => mkdirSync(join(root, "prod", "more")), /prod\/more:1:1 is a folder/],
  [
    "a link that leaves the folder",
    () => {
      writeFileSync(join(root, "outside.yaml"), entry(1));
      symlinkSync(join(root, "outside.yaml"), join(root, "prod", "acme.yaml"));
    },
    /acme\.yaml:1:1 is a link to outside of its folder/,
  ],
  ["a link to nothing", () => symlinkSync("nowhere", join(root, "prod", "acme.yaml")), /acme\.yaml:1:1 cannot be read/],
  ["a pipe", () => execFileSync("mkfifo", [join(root, "prod", "acme.yaml")]), /acme\.yaml:1:1 is not a file/],
  [
    "more people than the plan has",
    () => write("acme.yaml", entry(1, "    - email: b@b.example\n    - email: c@c.example\n")),
    /acme\.yaml:5:3 access\.members: names 3 people; p allows 2/,
  ],
  [
    "an open number of people",
    () => write("acme.yaml", entry(1, "    - emailDomain: acme.example\n")),
    /acme\.yaml:7:20 access\.members\.1\.emailDomain: needs a plan with an open number/,
  ],
  [
    "the same member twice",
    () => write("acme.yaml", entry(1, "    - email: Ada@acme.example\n")),
    /acme\.yaml:7:7 access\.members\.1: is the same member as access\.members\.0/,
  ],
])("%s is refused", (_, arrange, expected) => {
  arrange();
  const { tenants, problems } = read();
  expect(problems.map(formatProblem).join("\n")).toMatch(expected);
  expect(tenants).toEqual([]);
});

test.each([
  ["uid", entry(1), entry(1), /birch\.yaml:1:6 uid: is already the uid of tenants\/prod\/acme\.yaml/],
  [
    "customer",
    entry(1, "billing: { customer: cus_1 }\n"),
    entry(2, "billing: { customer: cus_1 }\n"),
    /birch\.yaml:7:22 billing\.customer: is already the customer of/,
  ],
])("two tenants cannot share a %s", (_, first, second, expected) => {
  write("acme.yaml", first);
  write("birch.yaml", second);
  expect(said().join("\n")).toMatch(expected);
});

test.each([["ac-me"], ["acrne"]])("%s cannot stand beside acme: people would mistake one for the other", (slug) => {
  write("acme.yaml", entry(1));
  write(`${slug}.yaml`, entry(2));
  expect(said().join("\n")).toContain("people would mistake one hostname for the other");
});

test("plain addresses are a problem in a sealed stack", () => {
  write("acme.yaml", entry(1));
  const { problems } = readStack("prod", { root, plans });
  expect(problems.map(formatProblem)).toEqual([
    expect.stringMatching(/acme\.yaml:6:14 access\.members\.0\.email: is not sealed/),
  ]);
});

test("examples and files that begin with _ are not tenants, and an empty folder is an empty list", () => {
  write("acme.yaml.example", "x");
  write("_draft.yaml", "x");
  write("recipient.txt", "x");
  expect(read()).toEqual({ tenants: [], problems: [] });
});

test("a folder that cannot be read is an error, never an empty list", () => {
  const { problems } = readStack("nowhere", { root, plans });
  expect(problems.map(formatProblem)).toEqual(["tenants/nowhere cannot be read (there is no such folder); stacks here: prod"]);
  expect(() => loadStack("../prod", { root, plans })).toThrow("is not a stack");
  expect(() => loadStack("plans", { root, plans })).toThrow("is not a stack");
});

test("stacks are the folders beside plans", () => {
  mkdirSync(join(root, "plans"));
  mkdirSync(join(root, "canary"));
  expect(stackNames(root)).toEqual(["canary", "prod"]);
});

const keys = [
  `uid: ${uid(1)}`,
  "name: Acme",
  "plan: p",
  "access: { members: [{ email: a@b.example }] }",
  "billing: { budgetHours: 3 }",
  "app: { sleep: false }",
];
const slugs = ["acme", "birch", "cedar", "dogwood"];

test("the order of files and keys changes nothing", () => {
  const shuffled = fc.tuple(
    fc.shuffledSubarray(slugs, { minLength: slugs.length }),
    fc.shuffledSubarray(keys, { minLength: keys.length }),
  );
  const contents = (files: readonly string[], lines: readonly string[]) => {
    rmSync(join(root, "prod"), { recursive: true });
    mkdirSync(join(root, "prod"));
    for (const slug of files) write(`${slug}.yaml`, lines.join("\n").replace(uid(1), uid(slugs.indexOf(slug))));
    return read().tenants.map(({ slug, entry }) => [slug, entry]);
  };
  const usual = contents(slugs, keys);
  expect(usual).toHaveLength(slugs.length);
  fc.assert(
    fc.property(shuffled, ([files, lines]) => {
      expect(contents(files, lines)).toEqual(usual);
    }),
    { numRuns: 50 },
  );
});

test("whatever stands in a file, each problem says file and line and nothing is thrown", () => {
  const broken = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.json(),
    fc
      .tuple(fc.nat(entry(1).length), fc.string({ maxLength: 5 }))
      .map(([at, noise]) => entry(1).slice(0, at) + noise + entry(1).slice(at + 1)),
  );
  fc.assert(
    fc.property(broken, (text) => {
      write("acme.yaml", text);
      const { tenants, problems } = read();
      expect(tenants.length === 1 ? problems.length === 0 : problems.length > 0).toBe(true);
      for (const problem of problems) expect(formatProblem(problem)).toMatch(/^tenants\/prod\/acme\.yaml:\d+:\d+ \S/);
    }),
    { numRuns: 300 },
  );
});

test("what is wrong with a file's shape does not hide what it has in common with others, and what its plan forbids", () => {
  write("acme.yaml", entry(1, "billing: { customer: cus_Q1w2e3 }\n"));
  write("birch.yaml", entry(1, "  sessionDuration: 3 days\nbilling: { customer: cus_Q1w2e3 }\n"));
  const { problems } = readStack("prod", { root, plans });
  expect(problems.map(formatProblem)).toEqual([
    "tenants/prod/acme.yaml:6:14 access.members.0.email: is not sealed; take it out and add it with fleet tenant edit --add-email (an only member: fleet tenant new), or set fleet:personalData to plain for this stack",
    "tenants/prod/birch.yaml:1:6 uid: is already the uid of tenants/prod/acme.yaml; each tenant has its own (fleet tenant new makes one)",
    "tenants/prod/birch.yaml:6:14 access.members.0.email: is not sealed; take it out and add it with fleet tenant edit --add-email (an only member: fleet tenant new), or set fleet:personalData to plain for this stack",
    'tenants/prod/birch.yaml:7:20 access.sessionDuration: "3 days" is not a duration; write 30m, 1h … 24h',
    "tenants/prod/birch.yaml:8:22 billing.customer: is already the customer of tenants/prod/acme.yaml; each tenant pays by itself",
  ]);
});

test("a file that the parser complains about a thousand times is ten lines, not a thousand", () => {
  write("acme.yaml", `uid: ${"[".repeat(20_000)}`);
  expect(said().length).toBeLessThanOrEqual(11);
});

test("a key that is a block is refused with its place, not turned into a word", () => {
  write("acme.yaml", entry(1, "? { a: b }\n: c\n"));
  expect(said()).toEqual(["tenants/prod/acme.yaml:7:3 has a list or a block of keys as a key; a key is a word"]);
});

test("a second document in a file is told in words for people", () => {
  write("acme.yaml", `${entry(1)}---\n${entry(2)}`);
  expect(said()).toEqual([
    "tenants/prod/acme.yaml:7:1 is not valid YAML here: a second document begins (---); one file holds one entry",
  ]);
});

test("a file's name cannot move the cursor or begin a line of its own in a problem", () => {
  write("red\u001b[31m\nbirch.yaml", "x: 1\n");
  expect(said().filter((line) => /\p{Cc}/u.test(line))).toEqual([]);
});

test("a problem shows no address in full: it ends up in logs that more people read than the file", () => {
  write(
    "acme.yaml",
    entry(1)
      .replace("name: Tenant 1", "name: ada@acme.example")
      .replace("- email: ada@acme.example", "- email: ada@acme..example"),
  );
  expect(said()).toEqual([
    expect.stringContaining('acme.yaml:2:7 name: "a…@acme.example" is not a name'),
    expect.stringContaining('acme.yaml:6:14 access.members.0.email: "a…@acme..example" is neither'),
  ]);
});

test("an entry with all the members that a plan may allow is read, and a file full of unknown keys is refused within seconds of the processor", () => {
  const key = `age:${"YWdlLWVuY3J5cHRpb24ub3JnL3Yx".padEnd(400, "A")}`;
  const members = Array.from({ length: 499 }, (_, index) => `    - email: ${key}${index}\n`).join("");
  write("acme.yaml", entry(1, members));
  const wide = new Map([["p", { ...plan, people: { max: 500, open: false } }]]);
  expect(readStack("prod", { root, plans: wide, personalData: "plain" }).problems).toEqual([]);
  write("acme.yaml", entry(1, Array.from({ length: 25_000 }, (_, index) => `k${index}:\n`).join("")));
  const before = process.cpuUsage();
  expect(read().problems).toHaveLength(51);
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeLessThan(10e6);
});
