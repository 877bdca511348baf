import { expect, test } from "vitest";
import { parseOutputs } from "./outputs.ts";

const fleet = { schemaVersion: 1, stack: "prod", zone: "ai-diy.example", tenants: {} };

test("all outputs of a stack and the fleet output alone are both read", () => {
  expect(parseOutputs({ fleet, other: 1 }, "file")).toEqual(fleet);
  expect(parseOutputs(fleet, "file")).toEqual(fleet);
});

test("outputs of another schema version are refused with both versions named", () => {
  expect(() => parseOutputs({ fleet: { ...fleet, schemaVersion: 2 } }, "file")).toThrow("schemaVersion 2, this program reads 1");
});

test("a stack that was never brought up is told apart from a broken one", () => {
  expect(() => parseOutputs({}, "file")).toThrow("never brought up");
  expect(() => parseOutputs({ fleet: { ...fleet, tenants: { tn_aaaaaaaaaa: { slug: "a" } } } }, "file")).toThrow(
    /fleet\.tenants\.tn_aaaaaaaaaa\.slug/,
  );
});
