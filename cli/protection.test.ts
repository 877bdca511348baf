import { expect, test } from "vitest";
import { protectedIn } from "./protection.ts";

test("protected objects are found in an exported state by their names, and an empty stack has none", () => {
  const urn = (name: string) => `urn:pulumi:prod::fleet::fleet:index:Tenant$railway:index:Volume::${name}`;
  const type = "railway:index:Volume";
  const resources = [
    { type, urn: urn("tn_a-volume"), protect: true },
    { type, urn: urn("tn_a-dns") },
    { type, urn: urn("tn_b"), protect: false },
  ];
  expect(protectedIn(JSON.stringify({ deployment: { resources } }))).toEqual(["tn_a-volume"]);
  for (const deployment of [{}, { resources: null }]) expect(protectedIn(JSON.stringify({ deployment }))).toEqual([]);
});
