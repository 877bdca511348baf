import { expect, test } from "vitest";
import { RefusedError } from "../domain/error.ts";
import { refuseVanished } from "./vanished.ts";

const former = new Map([
  ["tn_0000000001", { slug: "acme", state: "active" }],
  ["tn_0000000002", { slug: "birch", state: "suspended" }],
  ["tn_0000000003", { slug: "cedar", state: "offboarding" }],
]);
const refusal = (uids: readonly string[], change: { protect?: boolean; allowed?: readonly string[] } = {}) => {
  try {
    refuseVanished({ stack: "prod", former, present: new Set(uids), protect: true, allowed: [], ...change });
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedError);
    return error instanceof Error ? error.message : "";
  }
};

test("a tenant whose file is gone is refused by name unless it was offboarding before", () => {
  expect(refusal(["tn_0000000001", "tn_0000000002"])).toBeUndefined();
  expect(refusal(["tn_0000000001"])).toContain("tenants/prod/birch.yaml is gone");
  expect(refusal(["tn_0000000009"])?.split("\n")).toHaveLength(2);
});

test("an empty folder is refused as a whole, and a new stack may be empty", () => {
  expect(refusal([])).toBe(
    "tenants/prod has no tenants, but the stack has 3: this would delete all of them. Restore the files (wrong branch or folder?); to empty a stack on purpose, use fleet destroy",
  );
  expect(() =>
    refuseVanished({ stack: "prod", former: new Map(), present: new Set(), protect: true, allowed: [] }),
  ).not.toThrow();
});

test("where everything may be thrown away a tenant goes when it is named, and in a protected stack it never does", () => {
  expect(refusal(["tn_0000000001"], { protect: false, allowed: ["acme"] })).toContain("--allow-delete birch");
  expect(refusal(["tn_0000000001"], { protect: false, allowed: ["birch"] })).toBeUndefined();
  expect(refusal(["tn_0000000001"], { allowed: ["birch"] })).toContain("birch.yaml is gone");
});
