import { expect, test } from "vitest";
import { cloudflareDnsFollowsTunnel, cloudflareDnsOnlyTunnels } from "./cloudflare-dns-only-tunnels.ts";
import { unknown, type Value } from "./rule.ts";
import { resource, strict } from "./testing.ts";

const type = "cloudflare:index/dnsRecord:DnsRecord";
const right = { type: "CNAME", proxied: true, content: "0e3a1f0c-0000-4000-8000-0000000000aa.cfargotunnel.com" };
const check = (change: Record<string, Value>) => cloudflareDnsOnlyTunnels.check(resource(type, { ...right, ...change }), strict);

test("a proxied name of a tunnel passes, also before the tunnel has an id", async () => {
  expect(await check({})).toEqual([]);
  expect(await check({ content: unknown })).toEqual([]);
});

test.each<Record<string, Value>>([
  { proxied: false },
  { proxied: unknown },
  { type: "A", content: "192.0.2.1" },
  { type: unknown },
  { content: "app.up.railway.app" },
  { content: "0e3a1f0c-0000-4000-8000-0000000000aa.cfargotunnel.com.evil.example" },
  { content: null },
])("%o is refused", async (change) => expect(await check(change)).toHaveLength(1));

test("all that is wrong with a record is said at once", async () => {
  const said = await check({ type: "A", proxied: false, content: "192.0.2.1" });
  expect(said).toEqual([expect.stringMatching(/type is "A".*proxied is false.*192\.0\.2\.1/)]);
});

test("the older resource of the same vendor is held to the same", async () => {
  expect(await cloudflareDnsOnlyTunnels.check(resource("cloudflare:index/record:Record", { type: "A" }), strict)).toHaveLength(1);
});

test("a target that is not known yet must come from a tunnel", async () => {
  const planned = (from: readonly string[]) => resource(type, { ...right, content: unknown }, { sources: { content: from } });
  const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
  expect(cloudflareDnsFollowsTunnel.check([planned([tunnel]), resource(type, right)], strict)).toEqual([]);
  for (const sources of [[], ["railway:index:ServiceInstance"]])
    expect(cloudflareDnsFollowsTunnel.check([planned(sources)], strict)).toMatchObject([{ urn: planned([]).urn }]);
});
