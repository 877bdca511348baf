import { describe, expect, test } from "vitest";
import { account, hours, openAccount, openTenant, startMs, zone } from "./bench.ts";
import type { Visit } from "./emulator.ts";

const access = `${account}/access`;
const ann = { email: { email: "ann@example.com" } };

async function open(members: readonly unknown[] = [ann], connected = true) {
  const bench = openAccount();
  const tenant = await openTenant(bench.call, members);
  if (connected) bench.cloudflare.connectTunnel(tenant.tunnelId, "project-1");
  const visit = (more: Partial<Visit> = {}) =>
    bench.cloudflare.visit({ hostname: tenant.hostname, email: "ann@example.com", atMs: bench.clock.time, ...more });
  const rows = async (query = "") => (await bench.call("GET", `${access}/logs/access_requests?${query}`)).rows;
  return { ...bench, tenant, visit, rows };
}

describe("a visit", () => {
  test("logs in once, uses the session until it ends, then logs in again; rows carry the time of the visit", async () => {
    const { visit, rows, tenant } = await open();
    const at = startMs - 20 * hours;
    expect(visit({ atMs: at })).toEqual({
      outcome: "origin",
      loggedIn: true,
      appUid: tenant.appId,
      tunnelId: tenant.tunnelId,
      serviceUrl: "http://app.railway.internal:8000",
      connectorHint: "project-1",
    });
    expect(visit({ atMs: at + hours }).loggedIn).toBe(false);
    expect(visit({ atMs: at + 24 * hours - 1 }).loggedIn).toBe(false);
    expect((await rows()).map((row) => row.created_at)).toEqual(["2026-11-29T04:00:00Z"]);
    expect(visit({ atMs: at + 24 * hours }).loggedIn).toBe(true);
  });

  test("ends where the wiring ends", async () => {
    const { visit, cloudflare, call, tenant } = await open([ann], false);
    expect(visit({ hostname: "nobody.ai-diy.example" }).outcome).toBe("no such host");
    expect(visit({ email: undefined }).outcome).toBe("login required");
    expect(visit({ email: "eve@example.com" })).toMatchObject({ outcome: "denied", loggedIn: false, reason: "policy" });
    expect(visit().outcome).toBe("no connector");
    cloudflare.connectTunnel(tenant.tunnelId);
    expect(visit().outcome).toBe("origin");
    await call("PUT", `${account}/cfd_tunnel/${tenant.tunnelId}/configurations`, {
      config: { ingress: [{ service: "http_status:404" }] },
    });
    expect(visit().outcome).toBe("no ingress");
    await call("PUT", `${account}/cfd_tunnel/${tenant.tunnelId}/configurations`, {
      config: {
        ingress: [{ service: "http://app:1", originRequest: { access: { required: true, teamName: "ai-diy", audTag: ["0"] } } }],
      },
    });
    expect(visit().outcome).toBe("refused by connector");
    cloudflare.disconnectTunnel(tenant.tunnelId);
    await call("DELETE", `${account}/cfd_tunnel/${tenant.tunnelId}`);
    expect(visit().outcome).toBe("no tunnel");
    await call("PATCH", `${zone}/dns_records/${tenant.dnsId}`, { proxied: false });
    expect(visit().outcome).toBe("not proxied");
  });

  test("a person who lost access keeps the session until tokens are revoked", async () => {
    const { visit, call, tenant } = await open();
    visit();
    await call("PUT", `${access}/policies/${tenant.policyId}`, { name: "x", decision: "deny", include: [ann] });
    expect(visit({ atMs: startMs + 1_000 }).outcome).toBe("origin");
    await call("POST", `${access}/apps/${tenant.appId}/revoke_tokens`);
    expect(visit({ atMs: startMs + 2_000 }).outcome).toBe("denied");
  });

  test("right after a revocation a log-in can be refused, where the switch says so", async () => {
    const { visit, call, tenant, cloudflare } = await open();
    cloudflare.configure?.({ refuseLoginAfterRevokeSeconds: 60 });
    await call("POST", `${access}/apps/${tenant.appId}/revoke_tokens`);
    expect(visit({ atMs: startMs + 59_000 }).reason).toBe("revoked just now");
    expect(visit({ atMs: startMs + 60_000 }).outcome).toBe("origin");
  });

  test("a silent renewal writes a row or not, by the switch", async () => {
    for (const [silentRenewalWritesRow, expected] of [
      [true, 2],
      [false, 1],
    ] as const) {
      const { visit, rows, call, tenant, cloudflare } = await open();
      cloudflare.configure?.({ silentRenewalWritesRow });
      await call("PUT", `${access}/policies/${tenant.policyId}`, {
        name: "x",
        decision: "allow",
        include: [ann],
        session_duration: "1h",
      });
      visit({ atMs: startMs - 3 * hours });
      expect(visit({ atMs: startMs - 2 * hours })).toMatchObject({ outcome: "origin", loggedIn: true });
      expect(await rows()).toHaveLength(expected);
    }
  });

  test("only the application's log-in methods are taken, and nothing is logged for others", async () => {
    const { visit, rows, call } = await open();
    await call("POST", `${access}/identity_providers`, { name: "PIN", type: "onetimepin", config: {} });
    expect(visit({ loginMethod: "onetimepin" })).toMatchObject({ outcome: "denied", reason: "login method" });
    expect(await rows()).toEqual([]);
    expect(visit({ loginMethod: "github" }).outcome).toBe("origin");
  });
});

describe("policies", () => {
  const judged = async (members: unknown[], person: Partial<Visit>, more: Record<string, unknown> = {}) => {
    const { visit, call, tenant } = await open([{ email: { email: "nobody@example.com" } }]);
    const fill = JSON.parse(JSON.stringify({ include: members, ...more }).replaceAll("GITHUB", tenant.githubId));
    const written = await call("PUT", `${access}/policies/${tenant.policyId}`, { name: "x", decision: "allow", ...fill });
    expect(written.messages).toBe("");
    return visit(person).outcome;
  };
  const organization = { "github-organization": { identity_provider_id: "GITHUB", name: "Acme", team: "platform" } };

  test("an address and a domain, in any case of letters", async () => {
    expect(await judged([{ email: { email: "ANN@example.com" } }], { email: "Ann@Example.com" })).toBe("origin");
    expect(await judged([{ email_domain: { domain: "example.com" } }], {})).toBe("origin");
    expect(await judged([{ email_domain: { domain: "example.com" } }], { email: "ann@evil-example.com" })).toBe("denied");
    expect(await judged([{ email_domain: { domain: "example.com" } }], { email: "ann@sub.example.com" })).toBe("denied");
  });

  test("a GitHub organization with its team", async () => {
    expect(await judged([organization], { githubOrganizations: [{ name: "acme", team: "platform" }] })).toBe("origin");
    expect(await judged([organization], { githubOrganizations: [{ name: "acme", team: "sales" }] })).toBe("denied");
    expect(await judged([organization], { githubOrganizations: [{ name: "acme" }] })).toBe("denied");
  });

  test("a Google group is met only through its own provider", async () => {
    const group = { gsuite: { identity_provider_id: "GITHUB", email: "team@example.com" } };
    expect(await judged([group], { groups: ["team@example.com"] })).toBe("origin");
    expect(await judged([group], { groups: ["others@example.com"] })).toBe("denied");
  });

  test("include is one of, require all of, exclude none of", async () => {
    const include = [{ everyone: {} }];
    expect(
      await judged(include, {}, { require: [{ email_domain: { domain: "example.com" } }, { login_method: { id: "GITHUB" } }] }),
    ).toBe("origin");
    expect(await judged(include, {}, { require: [ann, { email_domain: { domain: "other.example" } }] })).toBe("denied");
    expect(await judged(include, {}, { exclude: [ann] })).toBe("denied");
  });

  test("the first match of allow and deny by precedence ends; none lets nobody in", async () => {
    const { visit, call, tenant } = await open([{ everyone: {} }]);
    const deny = await call("POST", `${access}/policies`, { name: "no", decision: "deny", include: [ann] });
    const put = (policies: unknown[]) =>
      call("PUT", `${access}/apps/${tenant.appId}`, { type: "self_hosted", domain: tenant.hostname, policies });
    await put([deny.id, tenant.policyId]);
    expect(visit().outcome).toBe("denied");
    await put([tenant.policyId, deny.id]);
    expect(visit().outcome).toBe("origin");
    await put([]);
    expect(visit({ email: "cid@example.com" }).outcome).toBe("denied");
  });

  test("a group stands for its rules", async () => {
    const { visit, call, tenant } = await open([{ email: { email: "nobody@example.com" } }]);
    const group = await call("POST", `${access}/groups`, {
      name: "team",
      include: [{ email_domain: { domain: "example.com" } }],
      exclude: [ann],
    });
    await call("PUT", `${access}/policies/${tenant.policyId}`, {
      name: "x",
      decision: "allow",
      include: [{ group: { id: group.id } }],
    });
    expect(visit({ email: "bob@example.com" }).outcome).toBe("origin");
    expect(visit().outcome).toBe("denied");
  });
});

describe("which application", () => {
  test("the longer path wins and inherits nothing; /alpha/* leaves /alpha open", async () => {
    const { visit, call } = await open();
    const open_ = await call("POST", `${access}/policies`, { name: "open", decision: "bypass", include: [{ everyone: {} }] });
    const app = (domain: string) => call("POST", `${access}/apps`, { type: "self_hosted", domain, policies: [open_.id] });
    const alpha = await app("acme.ai-diy.example/alpha");
    const below = await app("acme.ai-diy.example/beta/*");
    const whom = (path: string) => visit({ path, email: undefined }).appUid;
    expect([whom("/alpha"), whom("/alpha/x"), whom("/beta/x")]).toEqual([alpha.id, alpha.id, below.id]);
    const main = whom("/");
    expect([whom("/alphabet"), whom("/beta")]).toEqual([main, main]);
    expect([alpha.id, below.id]).not.toContain(main);
  });

  test("an exact host beats a wildcard", async () => {
    const { visit, call, tenant } = await open();
    await call("POST", `${access}/apps`, { type: "self_hosted", domain: "*.ai-diy.example", policies: [] });
    expect(visit().appUid).toBe(tenant.appId);
  });
});

describe("seats", () => {
  test("the 51st person is refused; a removed one makes room, may return, and is somebody new", async () => {
    const { visit, call } = await open([{ everyone: {} }]);
    for (let index = 0; index < 50; index += 1) expect(visit({ email: `p${index}@example.com` }).outcome).toBe("origin");
    expect(visit({ email: "late@example.com" })).toMatchObject({ outcome: "denied", reason: "seats" });
    const users = (await call("GET", `${access}/users`)).rows;
    const first = users.find((user) => user.email === "p0@example.com");
    await call("DELETE", `${access}/users/${String(first?.id)}`);
    expect(visit({ email: "late@example.com" }).outcome).toBe("origin");
    const [second] = users.filter((user) => user.email === "p1@example.com");
    await call("PATCH", `${access}/seats`, [{ seat_uid: second?.seat_uid, access_seat: false, gateway_seat: false }]);
    expect(visit({ email: "p0@example.com" }).outcome).toBe("origin");
    const again = (await call("GET", `${access}/users?email=p0@example.com`)).rows[0];
    expect(again?.id).not.toBe(first?.id);
  });

  test("inactive people give their seat back after the organization's time", async () => {
    const { visit, call, clock } = await open();
    await call("PUT", `${access}/organizations`, { user_seat_expiration_inactive_time: "730h" });
    visit();
    clock.time += 729 * hours;
    expect((await call("GET", `${access}/users`)).rows).toMatchObject([{ access_seat: true }]);
    clock.time += 30 * hours;
    expect((await call("GET", `${access}/users`)).rows).toMatchObject([{ access_seat: false }]);
  });
});

describe("the log of log-ins", () => {
  test("rows are readable for 24 hours on the free plan and for 30 days on a paid one", async () => {
    const { visit, rows, cloudflare } = await open();
    visit({ atMs: startMs - 25 * hours });
    expect(await rows()).toEqual([]);
    cloudflare.configure?.({ plan: "paid" });
    expect(await rows()).toHaveLength(1);
  });

  test("pages of 25, newest first, total 0: a reader pages until a page is empty", async () => {
    const { visit, call } = await open([{ everyone: {} }]);
    for (let index = 0; index < 30; index += 1) visit({ email: `p${index}@example.com`, atMs: startMs - index * 60_000 });
    const page = (number: number) => call("GET", `${access}/logs/access_requests?page=${number}`);
    const [one, two, three] = [await page(1), await page(2), await page(3)];
    expect([one.rows.length, two.rows.length, three.rows.length]).toEqual([25, 5, 0]);
    expect(one.info).toMatchObject({ total_count: 0 });
    expect(one.rows[0]?.user_email).toBe("p0@example.com");
    const oldest = await call("GET", `${access}/logs/access_requests?direction=asc&per_page=1`);
    expect(oldest.rows[0]?.user_email).toBe("p29@example.com");
  });

  test("filters: since, until, application, allowed, e-mail; the one by user does nothing; rows of the future are not there yet", async () => {
    const { visit, rows, tenant } = await open();
    visit({ atMs: startMs - 2 * hours });
    visit({ email: "eve@example.com", atMs: startMs - hours });
    visit({ email: "eve@example.com", atMs: startMs + hours });
    expect(await rows()).toHaveLength(2);
    expect(await rows("since=2026-11-29T22:30:00Z")).toHaveLength(1);
    expect(await rows("until=2026-11-29T22:30:00Z")).toHaveLength(1);
    expect(await rows("allowed=false")).toHaveLength(1);
    expect(await rows("allowed=false&allowedOp=neq")).toHaveLength(1);
    expect(await rows(`app_uid=${tenant.appId}`)).toHaveLength(2);
    expect(await rows("app_uid=other")).toHaveLength(0);
    expect(await rows("email=ann&emailOp=contains")).toHaveLength(1);
    expect(await rows("user_id=nobody")).toHaveLength(2);
    expect(Object.keys((await rows("fields=created_at,ray_id"))[0] ?? {})).toEqual(["created_at", "ray_id"]);
  });
});

describe("somebody admitted", () => {
  test("is found for each kind of member, and gets in", async () => {
    for (const member of [
      ann,
      { email_domain: { domain: "acme.example" } },
      { "github-organization": { identity_provider_id: "GITHUB", name: "acme", team: "platform" } },
      { gsuite: { identity_provider_id: "GITHUB", email: "team@acme.example" } },
    ]) {
      const { visit, cloudflare, tenant, call } = await open([{ everyone: {} }]);
      const include = JSON.parse(JSON.stringify([member]).replaceAll("GITHUB", tenant.githubId));
      await call("PUT", `${access}/policies/${tenant.policyId}`, { name: "x", decision: "allow", include });
      const person = cloudflare.someoneAdmitted(tenant.hostname);
      expect(person).toBeDefined();
      expect(visit({ ...person }).outcome).toBe("origin");
      await call("PUT", `${access}/policies/${tenant.policyId}`, { name: "x", decision: "deny", include });
      expect(cloudflare.someoneAdmitted(tenant.hostname)).toBeUndefined();
      expect(cloudflare.hostnames()).toEqual([tenant.hostname]);
    }
  });
});

describe("GraphQL analytics", () => {
  const ask = async (bench: Awaited<ReturnType<typeof open>>, query: string) =>
    (await bench.call("POST", "/graphql", { query })).body;

  test("log-ins by hour, known after a delay", async () => {
    const bench = await open();
    bench.visit({ atMs: startMs - 10 * 60_000 });
    const query = `{ viewer { accounts(filter: {accountTag: "${account.slice(10)}"}) { cf1AccessLogins1hGroups(limit: 10, filter: {datetimeHour_geq: "2026-11-29T00:00:00Z"}) { sum { logins } dimensions { appName allowed datetimeHour } } } } }`;
    expect(await ask(bench, query)).toMatchObject({ data: { viewer: { accounts: [{ cf1AccessLogins1hGroups: [] }] } } });
    bench.clock.time += 10 * 60_000;
    expect(await ask(bench, query)).toEqual({
      errors: null,
      data: {
        viewer: {
          accounts: [
            {
              cf1AccessLogins1hGroups: [
                {
                  sum: { logins: 1 },
                  dimensions: { appName: bench.tenant.hostname, allowed: 1, datetimeHour: "2026-11-29T23:00:00Z" },
                },
              ],
            },
          ],
        },
      },
    });
  });

  test("requests by host; reach and unknown fields are refused for the whole query", async () => {
    const bench = await open();
    bench.visit({ atMs: startMs - hours });
    bench.visit({ atMs: startMs - hours + 1_000 });
    const zones = (inner: string) => `{ viewer { zones { ${inner} } } }`;
    const groups = (filter: string) =>
      zones(
        `httpRequestsAdaptiveGroups(limit: 5, filter: {${filter}}) { count dimensions { clientRequestHTTPHost edgeResponseStatus } }`,
      );
    expect(await ask(bench, groups('datetime_geq: "2026-11-29T00:00:00Z"'))).toMatchObject({
      data: { viewer: { zones: [{ httpRequestsAdaptiveGroups: [{ count: 2, dimensions: { edgeResponseStatus: 200 } }] }] } },
    });
    expect(await ask(bench, groups('datetime_geq: "2026-09-01T00:00:00Z"'))).toMatchObject({
      data: null,
      errors: [{ message: expect.stringContaining("older") }],
    });
    expect(await ask(bench, zones("nothing"))).toMatchObject({
      data: null,
      errors: [{ message: expect.stringContaining("nothing") }],
    });
    expect(
      await ask(bench, zones("settings { httpRequestsAdaptiveGroups { enabled notOlderThan maxDuration availableFields } }")),
    ).toMatchObject({ errors: null });
  });
});
