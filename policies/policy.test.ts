import { unknownCheckingProxy } from "@pulumi/policy";
import { expect, test } from "vitest";
import { readObject } from "./policy.ts";
import { unknown } from "./rule.ts";

/** The engine's mark of a text that is not known yet. */
const notKnown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

test("a value that is not known is data, where the SDK would end the rule", () => {
  const guarded = unknownCheckingProxy({ image: notKnown, list: ["a", notKnown, { deep: notKnown }], empty: null });
  expect(() => guarded.image).toThrow();
  expect(readObject(guarded)).toEqual({ image: unknown, list: ["a", unknown, { deep: unknown }], empty: null });
});
