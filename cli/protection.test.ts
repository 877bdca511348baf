import { expect, test } from "vitest";
import { protectedIn } from "./protection.ts";

test("protected objects are found in an exported state by their names, and an empty stack has none", () => {
  const urn = (name: string) => `urn:pulumi:prod::fleet::fleet:index:Tenant$railway:index:Volume::${name}`;
  const resources = [{ urn: urn("tn_a-volume"), protect: true }, { urn: urn("tn_a-dns") }, { urn: urn("tn_b"), protect: false }];
  expect(protectedIn(JSON.stringify({ deployment: { resources } }))).toEqual(["tn_a-volume"]);
  expect(protectedIn(JSON.stringify({ deployment: {} }))).toEqual([]);
});
