import { expect, test } from "vitest";
import { addressesDeclared } from "./addresses-declared.ts";
import { Declared, type Value } from "./rule.ts";
import { resource, strict } from "./testing.ts";

const type = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy";
const check = (props: Record<string, Value>) => addressesDeclared.check(resource(type, props), strict);

test("an address in clear is refused by its place and not shown, alone or inside a text", async () => {
  for (const email of ["ada@acme.example", "ask ada@acme.example for it"]) {
    const said = await check({ includes: [{ email: { email } }] });
    expect(said).toEqual([expect.stringContaining("includes[0].email.email")]);
    expect(said.join()).not.toContain("ada@");
  }
});

test("a declared, a masked address and a mail domain pass", async () => {
  expect(await check({ includes: new Declared([{ email: { email: "ada@acme.example" } }]) })).toEqual([]);
  expect(
    await check({
      admitted: ["a…@acme.example", "everybody at acme.example"],
      image: `registry.example/ai-diy@sha256:${"a".repeat(64)}`,
      includes: [{ emailDomain: { domain: "acme.example" } }],
    }),
  ).toEqual([]);
});
