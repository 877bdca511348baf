import { expect, test } from "vitest";
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import { resources } from "./resources.ts";

const call = { signal: new AbortController().signal, log: () => {} };

function kind(name: string) {
  const found = resources.find(({ token }) => token.endsWith(`:${name}`));
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

const make = async (name: string, inputs: Properties) => kind(name).create(inputs, undefined, call);

test("a password holds the required minimum of every class and nothing of a class that is switched off", async () => {
  const { state } = await make("RandomPassword", { length: 12, minNumeric: 5, minUpper: 5, special: false, lower: false });
  expect(state.result).toMatch(/^[A-Z0-9]{12}$/);
  expect(String(state.result).replace(/\D/g, "").length).toBeGreaterThanOrEqual(5);
  expect(String(state.result).replace(/\d/g, "").length).toBeGreaterThanOrEqual(5);
});

test("special characters are taken from the program's own set", async () => {
  const off = { lower: false, upper: false, numeric: false };
  expect((await make("RandomString", { length: 20, overrideSpecial: "_.", ...off })).state.result).toMatch(/^[_.]{20}$/);
});

test("bytes are spelled the same in hex and base64, and two are never alike", async () => {
  const [one, two] = [await make("RandomBytes", { length: 32 }), await make("RandomBytes", { length: 32 })];
  expect(Buffer.from(String(one.state.base64), "base64").toString("hex")).toBe(one.state.hex);
  expect(one.state.hex).toMatch(/^[0-9a-f]{64}$/);
  expect(one.state.hex).not.toBe(two.state.hex);
});

test("an id carries its prefix in every spelling, and is the bytes themselves without it", async () => {
  const { id, state } = await make("RandomId", { byteLength: 4, prefix: "x-" });
  const hex = Buffer.from(id, "base64url").toString("hex");
  expect(state).toMatchObject({ hex: `x-${hex}`, dec: `x-${Number.parseInt(hex, 16)}`, b64Url: `x-${id}` });
});

test("what is secret is marked, and a changed keeper makes a new value", () => {
  expect(kind("RandomPassword").secrets).toEqual(["result"]);
  expect(kind("RandomBytes").secrets).toEqual(["base64", "hex"]);
  for (const { replaceOnChange } of resources) expect(replaceOnChange).toContain("keepers");
});

test("a length that cannot be met is refused with both numbers", () => {
  const problems = kind("RandomPassword").check?.({ length: 3, minLower: 2, minUpper: 2 }, undefined);
  expect(problems).toEqual([{ property: "length", reason: "is 3, but the minimums add up to 4" }]);
});
