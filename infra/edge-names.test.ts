import { expect, test } from "vitest";
import { applicationName, identityProviderName, policyName, thingOf, tunnelName } from "./edge-names.ts";

const uid = "tn_7k2m9x4q1c";
const mark = `fleet:prod:${uid}`;
const named = (kind: string, name: string, more: { type?: string; comment?: string; domain?: string } = {}) => ({
  ...{ kind, name, type: "", comment: "", domain: "" },
  ...more,
});

test("what the program names is told apart by what it is for, and not by the slug", () => {
  const keys = [
    named("policy", policyName("acme", "members", mark)),
    named("policy", policyName("acme", "public", mark)),
    named("application", applicationName("acme", "", mark), { domain: "acme.ai-diy.example" }),
    named("application", applicationName("acme-2", "/docs/a.b", mark), { domain: "acme-2.ai-diy.example/docs/a.b" }),
    named("tunnel", tunnelName("renamed-2", mark)),
    named("identityProvider", identityProviderName("google-apps", "fleet:prod:account"), { type: "google-apps" }),
    named("dnsRecord", "acme.ai-diy.example", { type: "CNAME", comment: mark }),
  ].map((one) => thingOf(one, "prod")?.key);
  expect(keys).toEqual([
    ...[`policy ${uid} members`, `policy ${uid} public`, `application ${uid}`, `application ${uid} /docs/a.b`],
    ...[`tunnel ${uid}`, "identityProvider account google-apps", `dnsRecord ${uid} acme.ai-diy.example`],
  ]);
});

test.each([
  ["another stack's", named("tunnel", `acme fleet:test:${uid}`)],
  ["a stack's whose name begins alike", named("tunnel", `acme fleet:prod-2:${uid}`)],
  ["without a marker", named("tunnel", "acme")],
  ["a person's copy", named("policy", `acme members ${mark} (copy)`)],
  ["a person's with words of their own", named("policy", `my acme members ${mark}`)],
  ["of no known part", named("policy", `acme admins ${mark}`)],
  ["a tunnel with a part", named("tunnel", `acme members ${mark}`)],
  ["a marker alone", named("tunnel", mark)],
  ["a tenant's identity provider", named("identityProvider", `GitHub ${mark}`, { type: "github" })],
  ["an identity provider of another title", named("identityProvider", "Our GitHub fleet:prod:account", { type: "github" })],
  ["one of another type", named("identityProvider", "GitHub fleet:prod:account", { type: "google" })],
  ["one of no type that is made here", named("identityProvider", "Okta fleet:prod:account", { type: "okta" })],
  ["an application before no hostname", named("application", `acme ${mark}`)],
  ["one before another hostname", named("application", `acme ${mark}`, { domain: "wiki.acme.example" })],
  ["one before a hostname that begins alike", named("application", `acme ${mark}`, { domain: "acme-2.ai-diy.example" })],
  ["one before a path", named("application", `acme ${mark}`, { domain: "acme.ai-diy.example/admin" })],
  ["one before another path", named("application", `acme/docs ${mark}`, { domain: "acme.ai-diy.example/a/docs" })],
  ["the account's tunnel", named("tunnel", "acme fleet:prod:account")],
  ["an address record with our comment", named("dnsRecord", "acme.ai-diy.example", { type: "A", comment: mark })],
  ["a comment that only mentions us", named("dnsRecord", "a.ai-diy.example", { type: "CNAME", comment: `see ${mark}` })],
  ["a record named like a tunnel", named("dnsRecord", `acme ${mark}`, { type: "CNAME" })],
])("%s object is nothing of ours", (_, object) => {
  expect(thingOf(object, "prod")).toBeUndefined();
});
