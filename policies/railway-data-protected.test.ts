import { expect, test } from "vitest";
import { railwayDataProtected } from "./railway-data-protected.ts";
import { resource, strict } from "./testing.ts";

const check = (type: string, protect: boolean, facts = strict) =>
  railwayDataProtected.check(resource(type, {}, { protect }), facts);

test.each(["railway:index:Project", "railway:index:Volume"])(
  "%s without protection is refused, with the way out",
  async (type) => {
    expect(await check(type, false)).toEqual([expect.stringContaining("state: offboarding")]);
    expect(await check(type, true)).toEqual([]);
  },
);

test("it may go where the stack's data is not protected, and with a tenant that is offboarding", async () => {
  expect(await check("railway:index:Volume", false, { ...strict, protect: false })).toEqual([]);
  const isOffboarding = async (uid: string) => uid === "tn_7k2m9x4q1c";
  expect(await check("railway:index:Volume", false, { ...strict, isOffboarding })).toEqual([]);
  const other = resource("railway:index:Volume", {}, { name: "tn_b4x8w2n6ty-volume" });
  expect(await railwayDataProtected.check(other, { ...strict, isOffboarding })).toHaveLength(1);
});

test("what holds no data needs no protection", async () => {
  expect(await check("railway:index:Service", false)).toEqual([]);
});
