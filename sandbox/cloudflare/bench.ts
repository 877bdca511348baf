/** For the tests of this room: an account with a clock and a chance of its own, asked as a client asks it. */
import { z } from "zod";
import { type CloudflareOptions, createCloudflare, defaultAccountId, defaultToken, defaultZoneId } from "./emulator.ts";

type Fields = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** Codes of the envelope's errors. */
  readonly codes: readonly number[];
  readonly messages: string;
  /** `result` where it is one object, else empty. */
  readonly result: Fields;
  /** `result` where it is a list, else empty. */
  readonly rows: readonly Fields[];
  readonly info: Fields;
  readonly id: string;
}

export const startMs = Date.parse("2026-11-30T00:00:00Z");
export const account = `/accounts/${defaultAccountId}`;
export const zone = `/zones/${defaultZoneId}`;
export const hours = 3_600_000;

const Body = z.looseObject({
  errors: z.array(z.looseObject({ code: z.number(), message: z.string() })).nullish(),
  result: z.unknown(),
  result_info: z.looseObject({}).optional(),
});
const One = z.looseObject({}).catch({});
const Many = z.array(z.looseObject({})).catch([]);

/** An account whose time stands at `startMs` until `clock.time` is moved; `call` speaks with the default token. */
export function openAccount(options: CloudflareOptions = {}) {
  const clock = { time: startMs, now: () => clock.time };
  const cloudflare = createCloudflare({ clock, random: chance(1) }, options);
  const call = async (method: string, path: string, body?: unknown, token = defaultToken): Promise<Answer> => {
    const response = await cloudflare.fetch(
      new Request(`http://127.0.0.1/client/v4${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    const raw: unknown = await response.json();
    const { errors, result, result_info: info } = Body.catch({ errors: null, result: undefined }).parse(raw);
    return {
      status: response.status,
      headers: response.headers,
      body: raw,
      codes: (errors ?? []).map((error) => error.code),
      messages: (errors ?? []).map((error) => error.message).join("; "),
      result: One.parse(result),
      rows: Many.parse(result),
      info: info ?? {},
      id: String(One.parse(result).id ?? ""),
    };
  };
  return { cloudflare, clock, call };
}

/** The small generator of Park and Miller: the same numbers for the same seed. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A tenant's whole edge by the API: provider, policy, application, tunnel, configuration and record of `acme.ai-diy.example`. */
export async function openTenant(
  call: ReturnType<typeof openAccount>["call"],
  members: readonly unknown[],
  hostname = "acme.ai-diy.example",
) {
  const github = await call("POST", `${account}/access/identity_providers`, {
    name: "GitHub",
    type: "github",
    config: { client_id: "cid", client_secret: "csecret" },
  });
  const policy = await call("POST", `${account}/access/policies`, {
    name: hostname,
    decision: "allow",
    include: members,
    session_duration: "24h",
  });
  const app = await call("POST", `${account}/access/apps`, {
    name: hostname,
    type: "self_hosted",
    domain: hostname,
    session_duration: "24h",
    allowed_idps: [github.id],
    custom_deny_message: "You are not a member.",
    policies: [{ id: policy.id, precedence: 1 }],
  });
  const tunnel = await call("POST", `${account}/cfd_tunnel`, {
    name: hostname,
    config_src: "cloudflare",
    tunnel_secret: Buffer.alloc(32, 7).toString("base64"),
  });
  const aud = String(app.result.aud);
  const access = { required: true, teamName: "ai-diy", audTag: [aud] };
  await call("PUT", `${account}/cfd_tunnel/${tunnel.id}/configurations`, {
    config: {
      ingress: [
        { hostname, service: "http://app.railway.internal:8000", originRequest: { access } },
        { service: "http_status:404" },
      ],
    },
  });
  const dns = await call("POST", `${zone}/dns_records`, {
    name: hostname,
    type: "CNAME",
    content: `${tunnel.id}.cfargotunnel.com`,
    proxied: true,
    ttl: 1,
    comment: "fleet:sandbox:tn_0000000000",
  });
  return { hostname, githubId: github.id, policyId: policy.id, appId: app.id, aud, tunnelId: tunnel.id, dnsId: dns.id };
}
