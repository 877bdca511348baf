import { expect, test } from "vitest";
import { railwayNoPublicAddress } from "./railway-no-public-address.ts";
import { unknown, type Value } from "./rule.ts";
import { resource, strict } from "./testing.ts";

const instance = (props: Record<string, Value>) =>
  railwayNoPublicAddress.check(resource("railway:index:ServiceInstance", props), strict);

test("an instance must forbid addresses, in words that a preview can show", async () => {
  expect(await instance({ publicAddress: "forbid" })).toEqual([]);
  expect(await instance({})).toEqual([expect.stringContaining("missing")]);
  expect(await instance({ publicAddress: "ignore" })).toEqual([expect.stringContaining('Write publicAddress: "forbid"')]);
  expect(await instance({ publicAddress: unknown })).toEqual([expect.stringContaining("not known before up")]);
});

test.each(["railway:index:ServiceDomain", "railway:index/customDomain:CustomDomain", "railway:index/tcpProxy:TcpProxy"])(
  "%s is refused",
  async (type) => expect(await railwayNoPublicAddress.check(resource(type), strict)).toHaveLength(1),
);

test("other resources are none of its business", async () => {
  expect(await railwayNoPublicAddress.check(resource("railway:index:Service"), strict)).toEqual([]);
});
