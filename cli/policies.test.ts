import { expect, test } from "vitest";
import { describeViolation, violationsOf } from "./policies.ts";

const urn = (name: string) => `urn:pulumi:prod::fleet::fleet:index:Tenant$railway:index:ServiceInstance::${name}`;
const said = (name: string | undefined, message = "No tags\nimage is old. Name it by digest") => ({
  ...{ kind: "policy" as const, policy: "railway-image-by-digest", level: "mandatory", message },
  urn: name === undefined ? undefined : urn(name),
});

test("what a rule says of several resources of a tenant is shown once, with the tenant, the rule and the way out", () => {
  const events = [said("tn_7k2m9x4q1c-app-instance"), said("tn_7k2m9x4q1c-tunnel-instance"), said("tn_7k2m9x4q1c-app-instance")];
  const violations = violationsOf(events);
  expect(violations).toHaveLength(1);
  expect(violations.map((one) => describeViolation(one, () => "acme"))).toEqual([
    "acme: railway-image-by-digest: app-instance, tunnel-instance: image is old. Name it by digest",
  ]);
});

test("tenants are kept apart, and what belongs to none is the account's", () => {
  const violations = violationsOf([
    said("tn_7k2m9x4q1c-app-instance"),
    said("tn_b4x8w2n6ty-app-instance"),
    said("account-github"),
    said(undefined, "on one line"),
  ]);
  expect(violations.map(({ uid, resources }) => [uid, ...resources])).toEqual([
    ["tn_7k2m9x4q1c", "tn_7k2m9x4q1c-app-instance"],
    ["tn_b4x8w2n6ty", "tn_b4x8w2n6ty-app-instance"],
    [null, "account-github"],
    [null, "the stack"],
  ]);
  expect(describeViolation(violations[3] ?? expect.fail("no fourth"), () => "")).toMatch(
    /^the account: .*: the stack: on one line$/,
  );
});
