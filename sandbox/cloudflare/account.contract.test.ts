/** Every operation that the emulator serves answers in the published shape. */
import { describe, expect, test } from "vitest";
import { type Answer, account, openAccount, openTenant, zone } from "./bench.ts";
import { judgeAnswers, specsPresent } from "./published-answers.ts";

describe.skipIf(!specsPresent)("answers in the shape of the published API", () => {
  const judge = specsPresent ? judgeAnswers() : () => "no published extracts";
  const { cloudflare, call: plain } = openAccount();
  /** Where the published definition is known to be stricter than real (and recorded) answers: a tunnel's moments and a record's comment that are null, the last
   *  ingress rule without hostname, `data` of a record that has none, a tunnel in the answer of a refusal. */
  const published = (body: unknown): unknown =>
    JSON.parse(
      JSON.stringify(body, (key, value) => {
        if (value === null && ["deleted_at", "conns_active_at", "conns_inactive_at"].includes(key)) return undefined;
        if (value === null && key === "comment") return "";
        if (value?.service === "http_status:404") return { hostname: "", ...value };
        return value?.proxiable === undefined ? value : { data: {}, ...value };
      }),
    );
  const judged = new Set<string>();
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await plain(method, path, body);
    expect(judge(method, path, answer.status, published(answer.body))).toBeUndefined();
    judged.add(cloudflare.operation({ method, path, body: "" }));
    return answer;
  };

  test("create, read, list, replace and delete of everything the fleet makes", async () => {
    const edge = await openTenant(call, [{ email: { email: "ann@example.com" } }]);
    const access = `${account}/access`;
    for (const path of [
      "apps",
      `apps/${edge.appId}`,
      "policies",
      `policies/${edge.policyId}`,
      "identity_providers",
      `identity_providers/${edge.githubId}`,
      "organizations",
      "tags",
      "keys",
      "service_tokens",
      "groups",
      "users",
      "logs/access_requests",
    ])
      expect((await call("GET", `${access}/${path}`)).status).toBe(200);
    await call("PUT", `${access}/policies/${edge.policyId}`, { name: "acme", decision: "deny", include: [{ everyone: {} }] });
    await call("PUT", `${access}/apps/${edge.appId}`, { type: "self_hosted", domain: edge.hostname });
    await call("PUT", `${access}/apps/${edge.appId}/settings`, { allow_iframe: false });
    await call("POST", `${access}/apps/${edge.appId}/revoke_tokens`);
    await call("PUT", `${access}/organizations`, { name: "acme", user_seat_expiration_inactive_time: "730h" });
    await call("POST", `${access}/organizations/revoke_user`, { email: "ann@example.com" });
    const group = await call("POST", `${access}/groups`, {
      name: "admins",
      include: [{ email_domain: { domain: "example.com" } }],
    });
    await call("PUT", `${access}/groups/${group.id}`, { name: "admins", include: [{ everyone: {} }] });
    await call("GET", `${access}/groups/${group.id}`);
    await call("DELETE", `${access}/groups/${group.id}`);
    const token = await call("POST", `${access}/service_tokens`, { name: "ci" });
    await call("GET", `${access}/service_tokens/${token.id}`);
    await call("PUT", `${access}/service_tokens/${token.id}`, { name: "ci2" });
    await call("POST", `${access}/service_tokens/${token.id}/rotate`);
    await call("POST", `${access}/service_tokens/${token.id}/refresh`);
    await call("DELETE", `${access}/service_tokens/${token.id}`);
    await call("POST", `${access}/tags`, { name: "tenant" });
    await call("GET", `${access}/tags/tenant`);
    await call("DELETE", `${access}/tags/tenant`);
    await call("POST", `${access}/keys/rotate`);
    await call("PUT", `${access}/keys`, { key_rotation_interval_days: 30 });

    const tunnel = `${account}/cfd_tunnel/${edge.tunnelId}`;
    cloudflare.connectTunnel(edge.tunnelId);
    for (const path of [`${account}/cfd_tunnel`, tunnel, `${tunnel}/configurations`, `${tunnel}/token`, `${tunnel}/connections`])
      expect((await call("GET", path)).status).toBe(200);
    await call("PATCH", tunnel, { name: "renamed" });
    await call("DELETE", `${tunnel}/connections`);
    const record = `${zone}/dns_records/${edge.dnsId}`;
    for (const path of [
      `${zone}/dns_records`,
      record,
      `${zone}/dns_records/usage`,
      "/zones",
      zone,
      `${zone}/settings/ssl`,
      account,
    ])
      expect((await call("GET", path)).status).toBe(200);
    await call("PATCH", record, { comment: "changed" });
    await call("PUT", record, { name: edge.hostname, type: "CNAME", content: "target.example.net", ttl: 1, proxied: true });
    await call("PATCH", `${zone}/settings/ssl`, { value: "strict" });
    await call("GET", "/user/tokens/verify");
    await call("GET", `${account}/tokens/verify`);
    await call("GET", "/accounts");
    for (const path of [
      record,
      `${access}/apps/${edge.appId}`,
      `${access}/policies/${edge.policyId}`,
      tunnel,
      `${access}/identity_providers/${edge.githubId}`,
    ])
      expect((await call("DELETE", path)).status).toBeLessThan(300);
    expect(judged.size).toBeGreaterThan(55);
  });

  test("people, their seats, sessions, failures and rows", async () => {
    const edge = await openTenant(call, [{ email: { email: "ann@example.com" } }], "people.ai-diy.example");
    cloudflare.connectTunnel(edge.tunnelId);
    const atMs = Date.parse("2026-11-29T23:00:00Z");
    expect(cloudflare.visit({ hostname: edge.hostname, email: "ann@example.com", atMs }).outcome).toBe("origin");
    expect(cloudflare.visit({ hostname: edge.hostname, email: "eve@example.com", atMs }).outcome).toBe("denied");
    const rows = await call("GET", `${account}/access/logs/access_requests`);
    expect(rows.rows).toHaveLength(2);
    const [ann] = (await call("GET", `${account}/access/users`)).rows;
    const user = `${account}/access/users/${String(ann?.id)}`;
    await call("GET", user);
    await call("PUT", user, { name: "Ann" });
    expect((await call("GET", `${user}/active_sessions`)).rows).toHaveLength(1);
    await call("GET", `${user}/failed_logins`);
    await call("GET", `${user}/last_seen_identity`);
    await call("PATCH", `${account}/access/seats`, [{ seat_uid: ann?.seat_uid, access_seat: false, gateway_seat: false }]);
    await call("POST", `${account}/access/users`, { email: "bob@example.com" });
    await call("DELETE", user);
  });

  test("refusals too", async () => {
    const missing = "00000000-0000-4000-8000-000000000000";
    expect((await call("GET", `${account}/access/apps/${missing}`)).status).toBe(404);
    expect((await call("POST", `${account}/access/policies`, { name: "x", decision: "nonIdentity", include: [] })).status).toBe(
      400,
    );
    expect((await call("GET", "/user/tokens/verify")).status).toBe(200);
    // The published refusals of tunnels, records and settings want `result` to be an object and null at once: no answer can be both.
    for (const [method, path, body] of [
      ["GET", `${account}/cfd_tunnel/${missing}`, undefined],
      ["POST", `${zone}/dns_records`, { name: "x", type: "CNAME" }],
      ["GET", `${zone}/settings/nothing`, undefined],
    ] as const)
      expect((await plain(method, path, body)).body).toMatchObject({
        success: false,
        result: null,
        errors: [{ code: expect.any(Number) }],
      });
  });
});
