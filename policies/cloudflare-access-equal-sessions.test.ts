import { expect, test } from "vitest";
import { cloudflareAccessEqualSessions } from "./cloudflare-access-equal-sessions.ts";
import { unknown, type Value } from "./rule.ts";
import { resource, strict } from "./testing.ts";

const application = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication";
const policy = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy";
const of = (type: string, name: string, sessionDuration?: Value) =>
  resource(type, sessionDuration === undefined ? {} : { sessionDuration }, { name });
const check = (...resources: ReturnType<typeof of>[]) => cloudflareAccessEqualSessions.check(resources, strict);
const [acme, birch] = ["tn_7k2m9x4q1c", "tn_b4x8w2n6ty"];

test("one duration for application and policy passes, another tenant may have another", () => {
  expect(
    check(
      of(application, `${acme}-app`, "24h"),
      of(policy, `${acme}-policy`, "24h"),
      of(application, `${birch}-app`, "8h"),
      of(policy, `${birch}-policy`, "8h"),
    ),
  ).toEqual([]);
});

test("two durations of a tenant are refused at the one that differs", () => {
  const found = check(of(policy, `${acme}-policy`, "24h"), of(application, `${acme}-app`, "8h"));
  expect(found).toEqual([{ urn: expect.stringContaining(`${acme}-app`), message: expect.stringMatching(/"8h".*"24h"/) }]);
});

test("a duration that is left out, or that no preview can show, is refused", () => {
  expect(check(of(application, `${acme}-app`), of(policy, `${acme}-policy`))).toHaveLength(2);
  expect(check(of(application, `${acme}-app`, unknown), of(policy, `${acme}-policy`, "8h"))).toHaveLength(1);
});
