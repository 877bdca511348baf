import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { explain } from "./explain.ts";
import { tenantJsonSchema } from "./json-schema.ts";
import { TenantEntry } from "./schema.ts";

const small = {
  uid: "tn_7k2m9x4q1c",
  name: "Acme Robotics",
  plan: "standard-2026-01",
  access: { members: [{ email: "ada@acme.example" }] },
};

function messages(entry: unknown): string[] {
  const checked = explain(TenantEntry, entry);
  return "problems" in checked ? checked.problems.map(({ message }) => message) : [];
}

test("tenant.schema.json is what schema.ts says (write it anew with: vitest run tenants/schema.test.ts -u)", async () => {
  await expect(tenantJsonSchema()).toMatchFileSnapshot("tenant.schema.json");
});

test("editors accept with tenant.schema.json what the loader accepts", () => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(JSON.parse(tenantJsonSchema()));
  for (const sample of ["acme", "birch", "cedar"]) {
    const entry: unknown = parse(readFileSync(join(import.meta.dirname, "sandbox", `${sample}.yaml`), "utf8"));
    expect(messages(entry), sample).toEqual([]);
    expect(validate(entry), sample).toBe(true);
  }
  expect(validate({ ...small, access: { members: [{}] } })).toBe(false);
  expect(validate({ ...small, acces: {} })).toBe(false);
});

test.each([
  [
    "a duration",
    { access: { ...small.access, sessionDuration: "3 days" } },
    'access.sessionDuration: "3 days" is not a duration; write 30m, 1h … 24h',
  ],
  [
    "25 hours",
    { access: { ...small.access, sessionDuration: "25h" } },
    'access.sessionDuration: "25h" is not a duration; write 30m, 1h … 24h',
  ],
  ["an unknown key", { bilng: {} }, "bilng: is not a known key; did you mean billing?"],
  ["an inner unknown key", { app: { memoryGb: 1 } }, "app.memoryGb: is not a known key; did you mean memoryGB?"],
  ["a number as name", { name: 42 }, "name: must be a text, not 42; put it in quotes"],
  [
    "a person's address as name",
    { name: "ada@acme.example" },
    'name: "a…@acme.example" is not a name: 1 to 80 characters, an organisation or pseudonym, never an e-mail address',
  ],
  ["nobody", { access: { members: [] } }, "access.members: is empty: nobody could log in; add at least one member"],
  [
    "a public mail domain",
    { access: { members: [{ emailDomain: "gmail.com" }] } },
    'access.members.0.emailDomain: "gmail.com" would let everybody in: anyone can get an address there',
  ],
  [
    "a member of two kinds",
    { access: { members: [{ email: "a@b.example", emailDomain: "b.example" }] } },
    "access.members.0: must say exactly one of email, emailDomain, githubOrganization, googleGroup, not email and emailDomain",
  ],
  [
    "a team alone",
    { access: { members: [{ email: "a@b.example", team: "x" }] } },
    "access.members.0.team: belongs to githubOrganization, which is missing",
  ],
  [
    "a variable of the fleet",
    { app: { variables: { PORT: "1" } } },
    'app.variables.PORT: "PORT" is set by the fleet or by Railway and cannot be set here',
  ],
  [
    "the whole site as public path",
    { access: { ...small.access, publicPaths: ["/"] } },
    'access.publicPaths.0: "/" is not a public path; write it like /yourapp, without a slash or * at the end, and never / alone',
  ],
  [
    "a path that climbs",
    { access: { ...small.access, publicPaths: ["/yourapp/../api"] } },
    'access.publicPaths.0: "/yourapp/../api" is not a public path; write it like /yourapp, without a slash or * at the end, and never / alone',
  ],
  [
    "a day no calendar has",
    { billing: { graceUntil: "2026-02-30" } },
    'billing.graceUntil: "2026-02-30" is not a day; write it like 2026-12-31',
  ],
  ["half a gigabyte and a bit", { app: { memoryGB: 0.6 } }, "app.memoryGB: 0.6 is not a multiple of 0.25"],
])("says what is wrong with %s and what to write", (_, change, message) => {
  expect(messages({ ...small, ...change })).toEqual([message]);
});

test("reports all problems of an entry at once", () => {
  expect(messages({ name: "", plan: 1, access: { members: [{ emailDomain: "@x" }], sessionDuration: "" } })).toEqual([
    "uid: is missing",
    'name: "" is not a name: 1 to 80 characters, an organisation or pseudonym, never an e-mail address',
    "plan: must be a text, not 1; put it in quotes",
    'access.members.0.emailDomain: "@x" is not a mail domain; write it in small letters without @, like acme.example',
    'access.sessionDuration: "" is not a duration; write 30m, 1h … 24h',
  ]);
});
