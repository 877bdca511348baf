import { expect, test } from "vitest";
import type { TenantFile } from "../tenants/load.ts";
import { refuseChangedIdentity } from "./identity.ts";
import { sampleTenant } from "./sample.ts";

const former = new Map([
  ["tn_0000000001", { slug: "acme", state: "active", customer: "cus_1" }],
  ["tn_0000000002", { slug: "birch", state: "offboarding", customer: null }],
]);
const file = (slug: string, uid: string, more: Partial<TenantFile["entry"]> = {}): TenantFile => ({
  stack: "prod",
  slug: slug as TenantFile["slug"],
  file: `tenants/prod/${slug}.yaml`,
  entry: { uid, name: slug, plan: "standard", access: { members: [{ emailDomain: "acme.example" }] }, ...more },
  plan: sampleTenant(1).plan,
  place: () => ({ line: 3, column: 1 }),
});
const acme = file("acme", "tn_0000000001", { billing: { customer: "cus_1" } });
const refusal = (...files: readonly TenantFile[]) => {
  try {
    refuseChangedIdentity(files, former);
    return "";
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 5 });
    return error instanceof Error ? error.message : "";
  }
};

test("what stays, a new tenant, a renamed one and one that gets its first customer pass", () => {
  const birch = file("birch", "tn_0000000002", { billing: { customer: "cus_2" } });
  expect(refusal(acme, birch, file("cedar", "tn_0000000003"))).toBe("");
  expect(refusal(file("acme-robotics", "tn_0000000001", { billing: { customer: "cus_1" } }), birch)).toBe("");
});

test("another customer, or none any more, is refused with its place", () => {
  for (const customer of ["cus_9", undefined])
    expect(refusal(file("acme", "tn_0000000001", { billing: { customer } }))).toMatch(
      /^tenants\/prod\/acme\.yaml:3:1 billing.*Write cus_1/,
    );
});

test("another uid under the same name is refused, also of a tenant that is offboarding: both would want one hostname", () => {
  expect(refusal(file("acme", "tn_0000000009"))).toMatch(/uid: changed from tn_0000000001 to tn_0000000009/);
  expect(refusal(acme, file("birch", "tn_0000000009"))).toContain("birch.yaml");
});

test("a name that was another tenant's until now is refused, whichever of the two was edited: its people would get the other's data", () => {
  const acmeAsBirch = file("birch", "tn_0000000001", { billing: { customer: "cus_1" } });
  expect(refusal(acmeAsBirch, file("acme", "tn_0000000002"))).toMatch(
    /birch\.yaml:3:1 uid: is acme's.*Write tn_0000000002[\s\S]*acme\.yaml:3:1 uid: is birch's.*Write tn_0000000001/,
  );
  expect(refusal(acmeAsBirch)).toContain("takes two runs");
  expect(refusal(acmeAsBirch, file("cedar", "tn_0000000002"))).toContain("uid: is acme's");
});

test("a new tenant that begins as retained is refused: there is nothing to retain", () => {
  expect(refusal(file("dogwood", "tn_0000000004", { state: "retained" }))).toContain("has nothing to retain");
});
