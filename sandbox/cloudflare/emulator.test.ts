import { describe, expect, test } from "vitest";
import { account, chance, openAccount, openTenant, startMs, zone } from "./bench.ts";
import { createCloudflare, defaultTeamDomain, defaultToken } from "./emulator.ts";

const access = `${account}/access`;
const everyone = [{ everyone: {} }];

describe("tokens and limits", () => {
  test("a malformed token is 400, an unknown one 403, and says nothing of what is there", async () => {
    const { call } = openAccount();
    expect(await call("GET", `${access}/apps`, undefined, "short")).toMatchObject({ status: 400, codes: [6003] });
    const other = "another-cloudflare-token-00000000000000000000000";
    expect(await call("GET", `${access}/apps`, undefined, other)).toMatchObject({ status: 403, codes: [10000] });
    expect(await call("GET", "/user/tokens/verify", undefined, other)).toMatchObject({ status: 401 });
    expect((await call("GET", "/user/tokens/verify")).result).toMatchObject({ status: "active" });
    expect(defaultToken).toMatch(/^[0-9A-Za-z\-_]{40,80}$/);
  });

  test("an account or zone of somebody else is 403, never a 404 that would read as gone; a malformed id is 7003", async () => {
    const { call } = openAccount();
    const foreign = "f".repeat(32);
    expect((await call("GET", `/accounts/${foreign}/access/apps`)).status).toBe(403);
    expect((await call("GET", `/zones/${foreign}/dns_records`)).status).toBe(403);
    expect(await call("GET", "/zones/acc/dns_records")).toMatchObject({ status: 404, codes: [7003] });
    expect(await call("GET", `${account}/nothing`)).toMatchObject({ status: 404, codes: [7003] });
  });

  test("the 1,201st request of five minutes is refused, and all of the next five minutes, with retry-after", async () => {
    const { call, clock } = openAccount();
    for (let index = 0; index < 1_200; index += 1) expect((await call("GET", "/zones")).status).toBe(200);
    const refused = await call("GET", "/zones");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "300"]);
    clock.time += 299_000;
    expect((await call("GET", "/zones")).headers.get("retry-after")).toBe("1");
    clock.time += 1_000;
    expect((await call("GET", "/zones")).status).toBe(200);
  });
});

describe("policies", () => {
  test("only the four decisions are taken, in their spelling", async () => {
    const { call } = openAccount();
    const wrong = await call("POST", `${access}/policies`, { name: "x", decision: "nonIdentity", include: everyone });
    expect(wrong).toMatchObject({ status: 400, codes: [12130] });
    expect(wrong.messages).toContain("decision");
    expect((await call("POST", `${access}/policies`, { name: "x", decision: "non_identity", include: everyone })).status).toBe(
      201,
    );
  });

  test("PUT is the whole document: what it leaves out falls back to the default", async () => {
    const { call } = openAccount();
    const made = await call("POST", `${access}/policies`, {
      name: "x",
      decision: "allow",
      include: everyone,
      require: [{ email_domain: { domain: "example.com" } }],
      session_duration: "1h",
      approval_required: true,
    });
    const { result } = await call("PUT", `${access}/policies/${made.id}`, { name: "x", decision: "allow", include: everyone });
    expect(result).toMatchObject({ id: made.id, require: [], exclude: [], session_duration: "24h", reusable: true });
    expect(result).not.toHaveProperty("approval_required");
  });

  test("the order of rules stays as it was sent, and a duration as it was written", async () => {
    const { call } = openAccount();
    const include = ["b", "a", "c"].map((name) => ({ email: { email: `${name}@example.com` } }));
    const made = await call("POST", `${access}/policies`, { name: "x", decision: "allow", include, session_duration: "730h" });
    expect((await call("GET", `${access}/policies/${made.id}`)).result).toMatchObject({ include, session_duration: "730h" });
  });

  test("a rule with two selectors, an unknown selector or an unknown group is refused with all that is wrong", async () => {
    const { call } = openAccount();
    const include = [{ everyone: {}, email: { email: "a@example.com" } }, { emails: {} }];
    const wrong = await call("POST", `${access}/policies`, { name: "x", decision: "allow", include });
    expect(wrong.messages).toContain("include.0");
    expect(wrong.messages).toContain("include.1");
    const group = await call("POST", `${access}/policies`, {
      name: "x",
      decision: "allow",
      include: [{ group: { id: "gone" } }],
    });
    expect(group.status).toBe(400);
  });

  test("a policy in use is not deleted; detached, it is", async () => {
    const { call } = openAccount();
    const edge = await openTenant(call, everyone);
    expect((await call("GET", `${access}/policies/${edge.policyId}`)).result.app_count).toBe(1);
    expect((await call("DELETE", `${access}/policies/${edge.policyId}`)).status).toBe(400);
    await call("PUT", `${access}/apps/${edge.appId}`, { type: "self_hosted", domain: edge.hostname, policies: [] });
    expect((await call("GET", `${access}/policies/${edge.policyId}`)).result.app_count).toBe(0);
    expect((await call("DELETE", `${access}/policies/${edge.policyId}`)).status).toBe(202);
    expect((await call("DELETE", `${access}/policies/${edge.policyId}`)).status).toBe(404);
  });
});

describe("applications", () => {
  test("an audience is 64 hexadecimal digits, lives as long as the application, and is new for a new one", async () => {
    const { call } = openAccount();
    const one = await openTenant(call, everyone);
    const two = await openTenant(call, everyone, "other.ai-diy.example");
    expect(one.aud).toMatch(/^[0-9a-f]{64}$/);
    expect(two.aud).not.toBe(one.aud);
    const renamed = await call("PUT", `${access}/apps/${one.appId}`, { type: "self_hosted", domain: "new.ai-diy.example" });
    expect(renamed.result).toMatchObject({ id: one.appId, aud: one.aud });
  });

  test("policies: a plain id, a link with a place, one of its own; places are unique and filled in list order", async () => {
    const { call } = openAccount();
    const policy = async (name: string) =>
      (await call("POST", `${access}/policies`, { name, decision: "allow", include: everyone })).id;
    const [a, b] = [await policy("a"), await policy("b")];
    const app = await call("POST", `${access}/apps`, {
      type: "self_hosted",
      domain: "x.ai-diy.example",
      policies: [a, { id: b, precedence: 2 }, { name: "own", decision: "deny", include: everyone }],
    });
    expect(app.result.policies).toMatchObject([
      { id: a, name: "a", precedence: 1, reusable: true },
      { id: b, name: "b", precedence: 2 },
      { name: "own", precedence: 3, reusable: false },
    ]);
    const twice = await call("PUT", `${access}/apps/${app.id}`, {
      type: "self_hosted",
      domain: "x.ai-diy.example",
      policies: [
        { id: a, precedence: 1 },
        { id: b, precedence: 1 },
      ],
    });
    expect(twice.messages).toContain("precedence is unique");
  });

  test("policies left out or null stay attached, an empty list detaches all", async () => {
    const { call } = openAccount();
    const edge = await openTenant(call, everyone);
    const put = (policies: unknown) =>
      call("PUT", `${access}/apps/${edge.appId}`, { type: "self_hosted", domain: edge.hostname, policies });
    expect((await put(undefined)).result.policies).toHaveLength(1);
    expect((await put(null)).result.policies).toHaveLength(1);
    expect((await put([])).result.policies).toEqual([]);
  });

  test("defaults are filled in, also where null is sent; tags come back sorted; deny message and colours are never made up", async () => {
    const { call } = openAccount();
    for (const name of ["b", "a"]) await call("POST", `${access}/tags`, { name });
    const app = await call("POST", `${access}/apps`, {
      type: "self_hosted",
      domain: "x.ai-diy.example",
      tags: ["b", "a"],
      enable_binding_cookie: null,
    });
    expect(app.result).toMatchObject({
      tags: ["a", "b"],
      http_only_cookie_attribute: true,
      app_launcher_visible: true,
      session_duration: "24h",
      enable_binding_cookie: false,
      self_hosted_domains: ["x.ai-diy.example"],
      destinations: [{ type: "public", uri: "x.ai-diy.example" }],
    });
    for (const field of ["logo_url", "custom_deny_message", "custom_deny_url", "same_site_cookie_attribute"])
      expect(app.result).not.toHaveProperty(field);
  });

  test("a domain alone replaces the destinations; destinations beat the old list; foreign domains and ports are refused", async () => {
    const { call } = openAccount();
    const uris = (names: string[]) => names.map((uri) => ({ type: "public", uri }));
    const app = await call("POST", `${access}/apps`, {
      type: "self_hosted",
      domain: "a.ai-diy.example",
      destinations: uris(["a.ai-diy.example", "b.ai-diy.example"]),
      self_hosted_domains: ["ignored.ai-diy.example"],
    });
    expect(app.result.self_hosted_domains).toEqual(["a.ai-diy.example", "b.ai-diy.example"]);
    const moved = await call("PUT", `${access}/apps/${app.id}`, { type: "self_hosted", domain: "c.ai-diy.example" });
    expect(moved.result.destinations).toEqual(uris(["c.ai-diy.example"]));
    const wrong = await call("POST", `${access}/apps`, { type: "self_hosted", domain: "a.elsewhere.example:8080" });
    expect(wrong.messages).toContain("ports");
    expect(wrong.messages).toContain("no zone");
  });
});

describe("secrets", () => {
  test("an identity provider's secret is never read back, and survives an update that omits it", async () => {
    const { call, cloudflare } = openAccount();
    const config = { client_id: "cid", client_secret: "very-secret" };
    const made = await call("POST", `${access}/identity_providers`, { name: "GitHub", type: "github", config });
    const read = await call("GET", `${access}/identity_providers/${made.id}`);
    await call("PUT", `${access}/identity_providers/${made.id}`, { name: "GH", type: "github", config: { client_id: "cid" } });
    expect(JSON.stringify([made.body, read.body, cloudflare.state()])).not.toContain("very-secret");
    expect(cloudflare.core.state.identityProviders[0]?.config.client_secret).toBe("very-secret");
  });

  test("a service token's secret is told once; raising its version rotates it and the old one ends when it was said to", async () => {
    const { call } = openAccount();
    const made = await call("POST", `${access}/service_tokens`, { name: "ci" });
    expect(String(made.result.client_secret)).toMatch(/^cfast_/);
    expect((await call("GET", `${access}/service_tokens/${made.id}`)).result).not.toHaveProperty("client_secret");
    const alone = await call("PUT", `${access}/service_tokens/${made.id}`, { name: "ci", client_secret_version: 2 });
    expect(alone.status).toBe(400);
    const rotated = await call("PUT", `${access}/service_tokens/${made.id}`, {
      name: "ci",
      client_secret_version: 2,
      previous_client_secret_expires_at: "2026-12-01T00:00:00Z",
    });
    expect(rotated.result.client_secret).not.toBe(made.result.client_secret);
  });

  test("a tunnel's secret stands in no answer but its token, and the token changes with it", async () => {
    const { call, cloudflare } = openAccount();
    const edge = await openTenant(call, everyone);
    const path = `${account}/cfd_tunnel/${edge.tunnelId}`;
    const token = async () => {
      const { body } = await call("GET", `${path}/token`);
      return body !== null && typeof body === "object" && "result" in body ? String(body.result) : "";
    };
    const secret = Buffer.alloc(32, 7).toString("base64");
    expect(JSON.stringify([(await call("GET", path)).body, cloudflare.state()])).not.toContain(secret);
    const before = await token();
    expect(JSON.parse(Buffer.from(before, "base64").toString())).toEqual({ a: account.slice(10), t: edge.tunnelId, s: secret });
    expect(cloudflare.tunnelOfToken(before)).toBe(edge.tunnelId);
    await call("PATCH", path, { tunnel_secret: Buffer.alloc(32, 8).toString("base64") });
    expect(await token()).not.toBe(before);
    expect(cloudflare.tunnelOfToken(before)).toBeUndefined();
    expect(cloudflare.tunnelOfToken("not a token")).toBeUndefined();
  });
});

describe("tunnels", () => {
  test("source is local unless said, status follows the connector, a second one of the name is refused", async () => {
    const { call, cloudflare } = openAccount();
    const made = await call("POST", `${account}/cfd_tunnel`, { name: "acme" });
    expect(made).toMatchObject({
      status: 200,
      result: { config_src: "local", status: "inactive", deleted_at: null, connections: [] },
    });
    expect(await call("POST", `${account}/cfd_tunnel`, { name: "acme" })).toMatchObject({ status: 409, codes: [1013] });
    const path = `${account}/cfd_tunnel/${made.id}`;
    cloudflare.connectTunnel(made.id);
    expect((await call("GET", path)).result).toMatchObject({ status: "healthy" });
    expect(await call("DELETE", path)).toMatchObject({ status: 400, codes: [1022] });
    cloudflare.disconnectTunnel(made.id);
    expect((await call("GET", path)).result).toMatchObject({ status: "down" });
    expect((await call("DELETE", path)).result.deleted_at).toBe("2026-11-30T00:00:00Z");
    expect((await call("GET", path)).result.deleted_at).toBe("2026-11-30T00:00:00Z");
    expect((await call("DELETE", path)).status).toBe(404);
    expect((await call("POST", `${account}/cfd_tunnel`, { name: "acme" })).status).toBe(200);
    expect((await call("GET", `${account}/cfd_tunnel?is_deleted=false&name=acme`)).rows).toHaveLength(1);
  });

  test("each write of a configuration raises its version and keeps exactly what was sent", async () => {
    const { call } = openAccount();
    const { id } = await call("POST", `${account}/cfd_tunnel`, { name: "acme", config_src: "cloudflare" });
    const path = `${account}/cfd_tunnel/${id}/configurations`;
    const ingress = [{ hostname: "a.ai-diy.example", service: "http://app:1" }, { service: "http_status:404" }];
    expect((await call("PUT", path, { config: { ingress } })).result.version).toBe(1);
    expect((await call("PUT", path, { config: { ingress } })).result.version).toBe(2);
    const { config } = (await call("GET", path)).result;
    expect(config).toEqual({ ingress, "warp-routing": { enabled: false } });
  });
});

describe("records", () => {
  const cname = { name: "acme.ai-diy.example", type: "CNAME", content: "t.cfargotunnel.com", proxied: true, ttl: 1 };

  test("names come back in full, a comment as null where none is, a proxied ttl as 1", async () => {
    const { call } = openAccount();
    const made = await call("POST", `${zone}/dns_records`, { ...cname, name: "acme", ttl: 300 });
    expect(made.result).toMatchObject({ name: "acme.ai-diy.example", comment: null, ttl: 1, tags: [] });
  });

  test("a host that is taken, a record that is there already and an address that is none are refused", async () => {
    const { call } = openAccount();
    await call("POST", `${zone}/dns_records`, cname);
    expect(await call("POST", `${zone}/dns_records`, cname)).toMatchObject({ status: 400, codes: [81053] });
    const address = (type: string, content: string) =>
      call("POST", `${zone}/dns_records`, { name: `${type}.test`, type, content });
    expect(await address("A", "not-an-address")).toMatchObject({ status: 400, codes: [9005] });
    expect(await address("AAAA", "192.0.2.1")).toMatchObject({ status: 400, codes: [9006] });
    expect(await address("AAAA", "2001:db8::1")).toMatchObject({ status: 200 });
    const text = { name: "x", type: "TXT", content: '"v"', ttl: 300 };
    await call("POST", `${zone}/dns_records`, text);
    expect(await call("POST", `${zone}/dns_records`, text)).toMatchObject({ status: 400, codes: [81057] });
  });

  test("the 201st record, a tag and a ttl out of range are refused; usage says how full the zone is", async () => {
    const { call } = openAccount();
    for (let index = 0; index < 200; index += 1)
      await call("POST", `${zone}/dns_records`, { name: `h${index}`, type: "A", content: "192.0.2.1", ttl: 1 });
    expect(await call("POST", `${zone}/dns_records`, cname)).toMatchObject({ status: 400, codes: [81045] });
    expect((await call("GET", `${zone}/dns_records/usage`)).result).toEqual({ record_quota: 200, record_usage: 200 });
    expect((await call("GET", `${zone}/dns_records?page=2`)).info).toMatchObject({
      count: 100,
      total_count: 200,
      total_pages: 2,
    });
    const fresh = openAccount();
    expect(await fresh.call("POST", `${zone}/dns_records`, { ...cname, tags: ["a:b"] })).toMatchObject({ codes: [9300] });
    expect((await fresh.call("POST", `${zone}/dns_records`, { ...cname, proxied: false, ttl: 30 })).status).toBe(400);
  });
});

describe("organization", () => {
  test("PUT writes over what is there, an option that was not sent is not answered, the log-in domain stays", async () => {
    const { call } = openAccount();
    const written = await call("PUT", `${access}/organizations`, { name: "acme", deny_unmatched_requests: true });
    expect(written.result).toMatchObject({ name: "acme", auth_domain: defaultTeamDomain, deny_unmatched_requests: true });
    const again = await call("PUT", `${access}/organizations`, { name: "acme" });
    for (const field of ["deny_unmatched_requests", "user_seat_expiration_inactive_time", "warp_auth_session_duration"])
      expect(again.result).not.toHaveProperty(field);
    expect((await call("PUT", `${access}/organizations`, { user_seat_expiration_inactive_time: "24h" })).status).toBe(400);
  });
});

describe("the emulator itself", () => {
  test("a snapshot brought back gives the same state and goes on with the same answers", async () => {
    const { call, cloudflare, clock } = openAccount();
    const edge = await openTenant(call, [{ email: { email: "ann@example.com" } }]);
    cloudflare.connectTunnel(edge.tunnelId, "p");
    cloudflare.visit({ hostname: edge.hostname, email: "ann@example.com", atMs: startMs });
    await call("GET", `${access}/keys`);
    const saved: unknown = JSON.parse(JSON.stringify(cloudflare.snapshot()));
    const other = createCloudflare({ clock, random: chance(2) });
    other.restore(saved);
    expect(other.state()).toEqual(cloudflare.state());
    expect(JSON.parse(JSON.stringify(other.snapshot()))).toEqual(saved);
    expect(other.visit({ hostname: edge.hostname, email: "ann@example.com", atMs: startMs + 1_000 })).toMatchObject({
      outcome: "origin",
      loggedIn: false,
    });
  });

  test("the same chance gives the same ids", async () => {
    const [one, two] = [openAccount(), openAccount()];
    expect(await openTenant(one.call, everyone)).toEqual(await openTenant(two.call, everyone));
  });

  test("seeds take objects with given ids, fill in what the API would, and refuse wrong ones with all that is wrong", async () => {
    const { call, cloudflare } = openAccount();
    cloudflare.seed({
      policies: [{ id: "p1", name: "members", decision: "allow", include: [{ email_domain: { domain: "acme.example" } }] }],
      apps: [{ id: "a1", name: "acme", domain: "acme.ai-diy.example", policies: [{ id: "p1", precedence: 1 }] }],
      zones: [{ id: "f".repeat(32), name: "second.example" }],
    });
    expect((await call("GET", `${access}/apps/a1`)).result).toMatchObject({
      session_duration: "24h",
      policies: [{ name: "members" }],
    });
    expect((await call("GET", "/zones?name=second.example")).rows).toHaveLength(1);
    const before = cloudflare.state();
    expect(() => cloudflare.seed({ policies: [{ id: "p2", decision: "perhaps" }], nonsense: [] })).toThrow(/nonsense.*policies/s);
    expect(cloudflare.state()).toEqual(before);
  });

  test("what the state shows can be sent back as a seed, sessions, connectors and counted requests with it", async () => {
    const { call, cloudflare } = openAccount();
    const { hostname, tunnelId } = await openTenant(call, everyone);
    cloudflare.connectTunnel(tunnelId, "here");
    cloudflare.visit({ hostname, email: "ada@acme.example", atMs: startMs });
    const { signingKeys: _, ...shown } = cloudflare.state();
    const other = openAccount();
    other.cloudflare.seed(shown);
    expect(other.cloudflare.state()).toMatchObject(shown);
  });

  test("a reset takes the switches back too", () => {
    const { cloudflare } = openAccount({ settings: { seats: 7 } });
    cloudflare.configure?.({ seats: 3 });
    cloudflare.reset();
    expect(cloudflare.settings?.()).toMatchObject({ seats: 7 });
  });

  test("operations are named with ids as :id, GraphQL by its operation", () => {
    const { cloudflare } = openAccount();
    const name = (method: string, path: string, body = "") => cloudflare.operation({ method, path, body });
    expect(name("GET", `/client/v4${access}/apps/6f3f5f3e-0000-4000-8000-000000000000?page=2`)).toBe(
      "GET /client/v4/accounts/:id/access/apps/:id",
    );
    expect(name("DELETE", `/client/v4${access}/policies/mine`)).toBe("DELETE /client/v4/accounts/:id/access/policies/:id");
    expect(name("GET", `/client/v4${zone}/dns_records/usage`)).toBe("GET /client/v4/zones/:id/dns_records/usage");
    expect(name("PATCH", `/client/v4${zone}/settings/ssl`)).toBe("PATCH /client/v4/zones/:id/settings/ssl");
    expect(name("POST", "/client/v4/graphql", '{"query":"query Logins { viewer { __typename } }"}')).toBe("Logins");
  });

  test("switches are checked, and a wrong one changes nothing", () => {
    const { cloudflare } = openAccount();
    expect(() => cloudflare.configure?.({ plan: "gold" })).toThrow(/plan/);
    expect(() => cloudflare.configure?.({ nothing: true })).toThrow(/nothing/);
    cloudflare.configure?.({ plan: "paid" });
    expect(cloudflare.settings?.()).toMatchObject({ plan: "paid", seats: 50 });
  });
});
