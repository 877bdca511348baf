import { expect, test } from "vitest";
import { connectApi } from "./api.ts";
import { recordedServer } from "./recorded-server.ts";
import { resources } from "./resources.ts";

const call = { signal: new AbortController().signal, log: () => {} };
const inputs = { accountId: "acc", name: "members", decision: "allow", includes: [{ everyone: {} }] };

function resource(name: string) {
  const found = resources.find(({ token }) => token.endsWith(`:${name}`));
  if (!found) throw new Error(`the stand-in has no ${name}`);
  return found;
}

test("an object that GET does not find is gone; one that DELETE does not find fails the destroy", async () => {
  const { api } = await recordedServer(() => ({ status: 404 }));
  const policy = resource("ZeroTrustAccessPolicy");
  await expect(policy.read("p", api, call, { inputs, state: {} })).resolves.toBeUndefined();
  await expect(policy.delete("p", inputs, api, call)).rejects.toThrow(/404/);
});

test("a refresh that is forbidden fails and drops nothing from the state", async () => {
  const { api } = await recordedServer(() => ({ status: 403 }));
  await expect(resource("ZeroTrustAccessPolicy").read("p", api, call, { inputs, state: {} })).rejects.toThrow(/403/);
});

test("a tunnel's update carries only what changed", async () => {
  const { api, requests } = await recordedServer(({ body }) => ({ result: body }));
  const state = { accountId: "acc", name: "a", configSrc: "cloudflare", tunnelSecret: "c2VjcmV0" };
  await resource("ZeroTrustTunnelCloudflared").update("t", state, { ...state, name: "b" }, api, call, state);
  expect(requests).toMatchObject([{ method: "PATCH", path: "/accounts/acc/cfd_tunnel/t", body: { name: "b" } }]);
  expect(Object.keys(requests[0]?.body ?? {})).toEqual(["name"]);
});

test("what the program no longer says goes out as an explicit null", async () => {
  const { api, requests } = await recordedServer(({ body }) => ({ result: body }));
  const record = { zoneId: "z", name: "a.example.com", type: "A", ttl: 1, content: "192.0.2.1", proxied: true };
  await resource("DnsRecord").update("r", { ...record, comment: "old" }, record, api, call, record);
  expect(requests[0]?.body).toHaveProperty("comment", null);
});

test("a default written out and e-mails in another order send nothing", async () => {
  const { api, requests } = await recordedServer(() => ({ status: 500 }));
  const [ann, bob] = ["ann", "bob"].map((name) => ({ email: { email: `${name}@example.com` } }));
  const state = { ...inputs, includes: [ann, bob], sessionDuration: "24h", reusable: true };
  const after = await resource("ZeroTrustAccessPolicy").update("p", state, { ...inputs, includes: [bob, ann] }, api, call, state);
  expect(after).toEqual({ sessionDuration: "24h", reusable: true });
  expect(requests).toEqual([]);
});

test("an import finds its owner in the id and reads an empty list as unset", async () => {
  const answer = {
    id: "p",
    name: "members",
    decision: "allow",
    include: [{ everyone: {} }],
    exclude: [],
    session_duration: "24h",
  };
  const { api, requests } = await recordedServer(() => ({ result: answer }));
  const found = await resource("ZeroTrustAccessPolicy").read("acc/p", api, call);
  expect(requests[0]?.path).toBe("/accounts/acc/access/policies/p");
  expect(found).toMatchObject({ id: "p", inputs });
  expect(found?.inputs).toEqual({ ...inputs, sessionDuration: "24h" });
  await resource("ZeroTrustAccessApplication").read("zones/z/a", api, call);
  expect(requests[1]?.path).toBe("/zones/z/access/apps/a");
  await expect(resource("DnsRecord").read("r", api, call)).rejects.toThrow(/no import id of DnsRecord; say <zoneId>\/<id>/);
});

test("a policy written inside an application is refused with the way that works", () => {
  const problems = resource("ZeroTrustAccessApplication").check?.({ policies: [{ name: "x", decision: "allow" }] }, undefined);
  expect(problems).toEqual([{ property: "policies[0]", reason: expect.stringContaining("make a ZeroTrustAccessPolicy") }]);
});

test.each(["https://api.cloudflare.com/client/v4", "http://127.0.0.1.example.com", "http://localhost.example.com", "nonsense"])(
  "an address that is not loopback is refused: %s",
  (baseUrl) => {
    const waiting = { sleep: async () => {} };
    expect(() => connectApi({ baseUrl, token: "t", waiting })).toThrow(/not a loopback address/);
  },
);

test("a missing address or token is named", () => {
  const waiting = { sleep: async () => {} };
  expect(() => connectApi({ baseUrl: undefined, token: "t", waiting })).toThrow(/CLOUDFLARE_BASE_URL is not set/);
  expect(() => connectApi({ baseUrl: "http://[::1]:1", token: undefined, waiting })).toThrow(/CLOUDFLARE_API_TOKEN is not set/);
});
