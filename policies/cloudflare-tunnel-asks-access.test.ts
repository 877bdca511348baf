import { expect, test } from "vitest";
import { cloudflareTunnelAsksAccess } from "./cloudflare-tunnel-asks-access.ts";
import { unknown, type Value } from "./rule.ts";
import { resource, strict } from "./testing.ts";

const type = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig";
const facts = { ...strict, openPaths: async (uid: string) => (uid === "tn_7k2m9x4q1c" ? ["/yourapp", "/v1.0"] : []) };
const check = (ingresses: Value, name = "tn_7k2m9x4q1c-tunnel-configuration") =>
  cloudflareTunnelAsksAccess.check(resource(type, { config: { ingresses } }, { name }), facts);

const way = { hostname: "acme.ai-diy.example", service: "http://app.railway.internal:8000" };
const access = { required: true, teamName: "ai-diy", audTags: [unknown] };
const guarded = { ...way, originRequest: { access } };
const end = { service: "http_status:404" };

test("a log-in at every rule and 404 at the end pass, also before the application has an audience", async () => {
  expect(await check([guarded, end])).toEqual([]);
});

test.each([
  ["no access", [way, end]],
  ["access that is not required", [{ ...way, originRequest: { access: { ...access, required: false } } }, end]],
  ["access for every audience", [{ ...way, originRequest: { access: { ...access, audTags: [] } } }, end]],
  ["no 404", [guarded]],
  ["a last rule for one host only", [guarded, { ...end, hostname: way.hostname }]],
  ["rules that no preview can show", unknown],
  ["nothing", []],
])("%s is refused", async (_, ingresses) => expect(await check(ingresses)).toHaveLength(1));

test("a path without log-in is open only where the tenant's file names it, exactly", async () => {
  const open = (path: string) => ({ ...way, path });
  expect(await check([open("^/yourapp(/|$)"), open("^/v1\\.0(/|$)"), guarded, end])).toEqual([]);
  for (const path of ["^/(/|$)", "^/yourapp", ".*", "^/v1.0(/|$)"])
    expect(await check([open(path), guarded, end])).toEqual([expect.stringContaining("access.publicPaths")]);
  expect(await check([open("^/yourapp(/|$)"), guarded, end], "tn_b4x8w2n6ty-tunnel-configuration")).toHaveLength(1);
});
