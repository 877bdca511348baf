import { decodeJwt } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { account, hours, openAccount, openTenant } from "./bench.ts";
import { createEdge, type OriginRequest } from "./edge.ts";
import { defaultTeamDomain } from "./emulator.ts";

const ann = { email: { email: "ann@example.com" } };
let bench: ReturnType<typeof openAccount>;
let tenant: Awaited<ReturnType<typeof openTenant>>;
let reached: OriginRequest[];
let edge: ReturnType<typeof createEdge>;

beforeEach(async () => {
  bench = openAccount();
  tenant = await openTenant(bench.call, [ann]);
  bench.cloudflare.connectTunnel(tenant.tunnelId, "project-1");
  reached = [];
  edge = createEdge(bench.cloudflare, {
    origin: (request) => {
      reached.push(request);
      return new Response("hello");
    },
  });
});

function ask(host: string, path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> {
  return edge.fetch(
    new Request(`http://127.0.0.1:4000${path}`, { ...init, headers: { "x-fleet-host": host, ...headers }, redirect: "manual" }),
  );
}

/** The way of a browser: refused, sent to the team's hostname, the form, back with a token. */
async function logInOverHttp(email: string, more: Record<string, unknown> = {}) {
  const first = await ask(tenant.hostname, "/start?x=1");
  expect(first.status).toBe(302);
  const login = new URL(first.headers.get("location") ?? "");
  expect(login.host).toBe(defaultTeamDomain);
  const posted = await ask(
    login.host,
    login.pathname + login.search,
    { "content-type": "application/json" },
    {
      method: "POST",
      body: JSON.stringify({ email, ...more }),
    },
  );
  if (posted.status !== 302) return { posted, cookie: "", team: "", back: "" };
  const authorized = new URL(posted.headers.get("location") ?? "");
  const done = await ask(authorized.host, authorized.pathname + authorized.search);
  const cookie = (done.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return {
    posted,
    cookie,
    team: (posted.headers.get("set-cookie") ?? "").split(";")[0] ?? "",
    back: done.headers.get("location"),
  };
}

describe("a person at a tenant's hostname", () => {
  test("without a cookie is sent to the team's log-in; a script gets 401", async () => {
    const page = await ask(tenant.hostname, "/");
    expect(page.status).toBe(302);
    expect(page.headers.get("location")).toContain(
      `https://${defaultTeamDomain}/cdn-cgi/access/login/${tenant.hostname}?kid=${tenant.aud}`,
    );
    expect((await ask(tenant.hostname, "/", { "x-requested-with": "XMLHttpRequest" })).status).toBe(401);
    expect(reached).toEqual([]);
  });

  test("who is let in reaches the origin with a token for this application, and one row is written", async () => {
    const { cookie, back } = await logInOverHttp("Ann@Example.com");
    expect(back).toBe("/start?x=1");
    const answer = await ask(tenant.hostname, "/work?q=2", { cookie });
    expect([answer.status, await answer.text()]).toEqual([200, "hello"]);
    expect(reached).toHaveLength(1);
    const [first] = reached;
    expect(first).toMatchObject({
      serviceUrl: "http://app.railway.internal:8000",
      tunnelId: tenant.tunnelId,
      projectHint: "project-1",
    });
    expect(first?.request.url).toBe(`https://${tenant.hostname}/work?q=2`);
    const claims = decodeJwt(first?.request.headers.get("cf-access-jwt-assertion") ?? "");
    expect(claims).toMatchObject({ iss: `https://${defaultTeamDomain}`, aud: [tenant.aud], email: "ann@example.com" });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(24 * 3_600);
    const rows = (await bench.call("GET", `${account}/access/logs/access_requests`)).rows;
    expect(rows).toMatchObject([
      { allowed: true, action: "login", app_uid: tenant.appId, user_email: "ann@example.com", connection: "github" },
    ]);
    const users = (await bench.call("GET", `${account}/access/users`)).rows;
    expect(users).toMatchObject([{ email: "ann@example.com", access_seat: true, last_successful_login: "2026-11-30T00:00:00Z" }]);
  });

  test("who is not let in sees the application's own words, and the refusal is logged", async () => {
    const { posted } = await logInOverHttp("eve@example.com");
    expect(posted.status).toBe(403);
    expect(await posted.text()).toContain("You are not a member.");
    expect((await bench.call("GET", `${account}/access/logs/access_requests`)).rows).toMatchObject([
      { allowed: false, user_email: "eve@example.com" },
    ]);
    expect((await bench.call("GET", `${account}/access/users`)).rows).toEqual([]);
  });

  test("a forged token, another application's token and a header of one's own open nothing", async () => {
    const other = await openTenant(bench.call, [ann], "other.ai-diy.example");
    bench.cloudflare.connectTunnel(other.tunnelId);
    const { cookie } = await logInOverHttp("ann@example.com");
    expect((await ask("other.ai-diy.example", "/", { cookie })).status).toBe(302);
    expect((await ask(tenant.hostname, "/", { cookie: `${cookie.slice(0, -4)}AAAA` })).status).toBe(302);
    expect((await ask(tenant.hostname, "/", { "cf-access-jwt-assertion": cookie.split("=")[1] ?? "" })).status).toBe(302);
    expect(reached).toEqual([]);
  });

  test("revoked tokens end sessions at once, also the global one", async () => {
    const { cookie, team } = await logInOverHttp("ann@example.com");
    await bench.call("POST", `${account}/access/apps/${tenant.appId}/revoke_tokens`);
    const again = await ask(tenant.hostname, "/", { cookie });
    expect(again.status).toBe(302);
    const login = new URL(again.headers.get("location") ?? "");
    expect((await ask(login.host, login.pathname + login.search, { cookie: team })).status).toBe(200);
  });

  test("a token lasts as long as the policy's session, not the application's; then the team's hostname renews it silently", async () => {
    await bench.call("PUT", `${account}/access/policies/${tenant.policyId}`, {
      name: "acme",
      decision: "allow",
      include: [ann],
      session_duration: "1h",
    });
    const { cookie, team } = await logInOverHttp("ann@example.com");
    bench.clock.time += hours - 1_000;
    expect((await ask(tenant.hostname, "/", { cookie })).status).toBe(200);
    bench.clock.time += 2_000;
    const late = await ask(tenant.hostname, "/", { cookie });
    expect(late.status).toBe(302);
    const login = new URL(late.headers.get("location") ?? "");
    const silent = await ask(login.host, login.pathname + login.search, { cookie: team });
    expect(silent.headers.get("location")).toContain(`https://${tenant.hostname}/cdn-cgi/access/authorized`);
    expect((await bench.call("GET", `${account}/access/logs/access_requests`)).rows).toHaveLength(2);
  });

  test("logging out ends all sessions of the person and writes a row", async () => {
    const { cookie } = await logInOverHttp("ann@example.com");
    expect(await (await ask(tenant.hostname, "/cdn-cgi/access/get-identity", { cookie })).json()).toMatchObject({
      email: "ann@example.com",
    });
    await ask(tenant.hostname, "/cdn-cgi/access/logout", { cookie });
    bench.clock.time += 1_000;
    expect((await ask(tenant.hostname, "/", { cookie })).status).toBe(302);
    const rows = (await bench.call("GET", `${account}/access/logs/access_requests`)).rows;
    expect(rows.map((row) => row.action)).toEqual(expect.arrayContaining(["login", "logout"]));
  });

  test("the redirect after a log-in never leaves the hostname", async () => {
    const { cookie } = await logInOverHttp("ann@example.com");
    const state = cookie.split("=")[1];
    const answer = await ask(
      tenant.hostname,
      `/cdn-cgi/access/authorized?state=${state}&redirect_url=${encodeURIComponent("//evil.example/")}`,
    );
    expect(answer.headers.get("location")).toBe("/");
  });
});

describe("public paths and hostnames", () => {
  test("a bypass application opens exactly its path, without token and without row", async () => {
    const everyone = await bench.call("POST", `${account}/access/policies`, {
      name: "open",
      decision: "bypass",
      include: [{ everyone: {} }],
    });
    await bench.call("POST", `${account}/access/apps`, {
      type: "self_hosted",
      domain: `${tenant.hostname}/yourapp`,
      policies: [everyone.id],
    });
    // The guarded rule wants a token, which a bypass never has: cloudflared refuses until an open rule stands before it.
    expect((await ask(tenant.hostname, "/yourapp/x")).status).toBe(403);
    await bench.call("PUT", `${account}/cfd_tunnel/${tenant.tunnelId}/configurations`, {
      config: {
        ingress: [
          { hostname: tenant.hostname, path: "^/yourapp(/|$)", service: "http://app.railway.internal:9000" },
          { service: "http_status:404" },
        ],
      },
    });
    expect((await ask(tenant.hostname, "/yourapp/x")).status).toBe(200);
    expect(reached[0]?.serviceUrl).toBe("http://app.railway.internal:9000");
    expect(reached[0]?.request.headers.has("cf-access-jwt-assertion")).toBe(false);
    expect((await ask(tenant.hostname, "/yourapple")).status).toBe(302);
    expect((await bench.call("GET", `${account}/access/logs/access_requests`)).rows).toEqual([]);
  });

  test("a hostname without record, without tunnel, without connector", async () => {
    expect((await ask("nobody.ai-diy.example", "/")).status).toBe(530);
    const { cookie } = await logInOverHttp("ann@example.com");
    bench.cloudflare.disconnectTunnel(tenant.tunnelId);
    const answer = await ask(tenant.hostname, "/", { cookie });
    expect([answer.status, await answer.text()]).toEqual([530, "error code: 1033"]);
  });

  test("a hostname that no application covers is public, unless the organization denies unmatched requests", async () => {
    await bench.call("DELETE", `${account}/access/apps/${tenant.appId}`);
    await bench.call("PUT", `${account}/cfd_tunnel/${tenant.tunnelId}/configurations`, {
      config: { ingress: [{ service: "http://app:1" }] },
    });
    expect((await ask(tenant.hostname, "/")).status).toBe(200);
    await bench.call("PUT", `${account}/access/organizations`, { deny_unmatched_requests: true });
    expect((await ask(tenant.hostname, "/")).status).toBe(403);
    await bench.call("PUT", `${account}/access/organizations`, {
      deny_unmatched_requests: true,
      deny_unmatched_requests_exempted_zone_names: ["ai-diy.example"],
    });
    expect((await ask(tenant.hostname, "/")).status).toBe(200);
  });
});

describe("the connector's own check", () => {
  const rule = (access: Record<string, unknown>) => ({
    config: {
      ingress: [
        { hostname: tenant.hostname, service: "http://app:1", originRequest: { access } },
        { service: "http_status:404" },
      ],
    },
  });
  const configure = (body: unknown) => bench.call("PUT", `${account}/cfd_tunnel/${tenant.tunnelId}/configurations`, body);

  test("a wrong audience is 403, keys of another team make the signature bad: 502", async () => {
    const { cookie } = await logInOverHttp("ann@example.com");
    await configure(rule({ required: true, teamName: "ai-diy", audTag: ["0".repeat(64)] }));
    expect((await ask(tenant.hostname, "/", { cookie })).status).toBe(403);
    await configure(rule({ required: true, teamName: "another", audTag: [tenant.aud] }));
    expect((await ask(tenant.hostname, "/", { cookie })).status).toBe(502);
    expect(reached).toEqual([]);
  });

  test("a block at the top of the configuration is silently ignored", async () => {
    await bench.call("DELETE", `${account}/access/apps/${tenant.appId}`);
    await configure({
      config: {
        ingress: [{ hostname: tenant.hostname, service: "http://app:1" }, { service: "http_status:404" }],
        originRequest: { access: { required: true, teamName: "ai-diy", audTag: [tenant.aud] } },
      },
    });
    expect((await ask(tenant.hostname, "/")).status).toBe(200);
  });

  test("rules are tried in order, the last one answers for all others", async () => {
    const { cookie } = await logInOverHttp("ann@example.com");
    await configure({
      config: { ingress: [{ hostname: "else.ai-diy.example", service: "http://app:1" }, { service: "http_status:404" }] },
    });
    expect((await ask(tenant.hostname, "/", { cookie })).status).toBe(404);
  });
});

describe("service tokens", () => {
  test("pass with a token that has a common name and no subject, without row; a wrong secret is 401, a missing policy 403", async () => {
    const token = await bench.call("POST", `${account}/access/service_tokens`, { name: "probe" });
    const credentials = {
      "cf-access-client-id": String(token.result.client_id),
      "cf-access-client-secret": String(token.result.client_secret),
    };
    expect((await ask(tenant.hostname, "/", credentials)).status).toBe(403);
    const policy = await bench.call("POST", `${account}/access/policies`, {
      name: "probe",
      decision: "non_identity",
      include: [{ service_token: { token_id: token.id } }],
    });
    await bench.call("PUT", `${account}/access/apps/${tenant.appId}`, {
      type: "self_hosted",
      domain: tenant.hostname,
      policies: [policy.id, tenant.policyId],
    });
    expect((await ask(tenant.hostname, "/", credentials)).status).toBe(200);
    expect(decodeJwt(reached[0]?.request.headers.get("cf-access-jwt-assertion") ?? "")).toMatchObject({
      common_name: token.result.client_id,
      sub: "",
    });
    expect(reached[0]?.request.headers.has("cf-access-client-secret")).toBe(false);
    expect((await ask(tenant.hostname, "/", { ...credentials, "cf-access-client-secret": "cfast_wrong" })).status).toBe(401);
    expect((await bench.call("GET", `${account}/access/logs/access_requests`)).rows).toEqual([]);
  });
});

describe("signing keys", () => {
  test("are published at the team's hostname; after a rotation the old one stays seven days", async () => {
    const kids = async () => {
      const published: unknown = await (await ask(defaultTeamDomain, "/cdn-cgi/access/certs")).json();
      return JSON.stringify(published).match(/"kid":"\w+"/g) ?? [];
    };
    const { cookie } = await logInOverHttp("ann@example.com");
    const [first] = await kids();
    await bench.call("POST", `${account}/access/keys/rotate`);
    expect(await kids()).toHaveLength(2);
    expect(await kids()).toContain(first);
    expect((await ask(tenant.hostname, "/", { cookie })).status).toBe(200);
    bench.clock.time += 8 * 24 * hours;
    expect(await kids()).toHaveLength(1);
  });
});
