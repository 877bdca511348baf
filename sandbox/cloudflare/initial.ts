/** What an account holds at first, what a seed adds to it, and what of it is shown. */
import type { z } from "zod";
import { type CloudflareSettings, CloudflareState, type Core, isoSeconds } from "./core.ts";
import { problems } from "./envelope.ts";
import { withoutClientSecret } from "./identity-providers.ts";
import { withoutSecret } from "./service-tokens.ts";
import { shown as shownTunnel } from "./tunnels.ts";

export const defaultAccountId = "5a4db0ccf1a0000000000000000a0001";
export const defaultZoneId = "5a4db0cc2020000000000000000b0001";
export const defaultZoneName = "ai-diy.example";
export const defaultTeamDomain = "ai-diy.cloudflareaccess.com";
/** The API token that is let in unless the options name others. */
export const defaultToken = "sandbox-cloudflare-token-0000000000000000000000";

export interface CloudflareOptions {
  readonly accountId?: string;
  readonly zoneId?: string;
  readonly zoneName?: string;
  readonly teamDomain?: string;
  /** API tokens that are let in; each must be 40 to 80 of `0-9A-Za-z-_`. */
  readonly tokens?: readonly string[];
  readonly settings?: Partial<CloudflareSettings>;
}

export function emptyState(options: CloudflareOptions, nowMs: number): CloudflareState {
  const now = isoSeconds(nowMs);
  const account = { id: options.accountId ?? defaultAccountId, name: "AI-DIY sandbox", type: "standard", created_on: now };
  return {
    accounts: [account],
    zones: [zone(options.zoneId ?? defaultZoneId, options.zoneName ?? defaultZoneName, account, now)],
    zoneSettings: [],
    dnsRecords: [],
    organization: {
      auth_domain: options.teamDomain ?? defaultTeamDomain,
      name: "AI-DIY sandbox",
      session_duration: "24h",
      is_ui_read_only: false,
      auto_redirect_to_identity: false,
      allow_authenticate_via_warp: false,
      login_design: {},
      created_at: now,
      updated_at: now,
    },
    identityProviders: [],
    groups: [],
    policies: [],
    apps: [],
    serviceTokens: [],
    tags: [],
    users: [],
    accessRequests: [],
    failedLogins: [],
    identitySessions: [],
    appSessions: [],
    revocations: {},
    tunnels: [],
    tunnelConfigurations: [],
    connectors: [],
    httpRequests: [],
    signingKeys: [],
    keyRotationIntervalDays: 42,
  };
}

/** All it holds, without secrets: no client secrets, no tunnel secrets, no private keys. */
export function publicState(core: Core): Record<string, unknown> {
  const { identityProviders, serviceTokens, tunnels, signingKeys, ...rest } = core.state;
  return structuredClone({
    ...rest,
    identityProviders: identityProviders.map(withoutClientSecret),
    serviceTokens: serviceTokens.map(withoutSecret),
    tunnels: tunnels.map((tunnel) => shownTunnel(core, tunnel)),
    signingKeys: signingKeys.map(({ kid, created_at }) => ({ kid, created_at })),
  });
}

type Given = Record<string, unknown>;

/** The state with these objects in it. An object with an id that is there already takes the old one's place; what it leaves out gets the default that the API would give. */
export function seeded(core: Core, objects: Record<string, unknown>): CloudflareState {
  const next: Record<string, unknown> = structuredClone(core.state);
  const wrong: string[] = [];
  for (const [kind, given] of Object.entries(structuredClone(objects))) {
    const fill = Object.hasOwn(fillers, kind) ? fillers[kind] : undefined;
    const held = next[kind];
    if (kind === "organization" && isObject(given)) next[kind] = { ...core.state.organization, ...given };
    else if (kind === "revocations" && isObject(given)) next[kind] = { ...core.state.revocations, ...given };
    else if (kind === "keyRotationIntervalDays") next[kind] = given;
    else if (fill === undefined || !Array.isArray(held))
      wrong.push(`${kind}: cannot be seeded; known: ${Object.keys(fillers).join(", ")}`);
    else if (!Array.isArray(given) || !given.every(isObject)) wrong.push(`${kind}: not a list of objects`);
    else {
      const filled = given.map((object) => ({ ...fill(core, object), ...object }));
      next[kind] = kind === "accounts" ? filled : merge(held, filled);
    }
  }
  const parsed = CloudflareState.safeParse(next);
  if (!parsed.success) wrong.push(problems(parsed.error));
  if (wrong.length > 0 || !parsed.success) throw new Error(`cloudflare seed: ${wrong.join("; ")}`);
  return parsed.data;
}

const fillers: Readonly<Record<string, (core: Core, given: Given) => Given>> = {
  accounts: (core: Core) => ({ type: "standard", created_on: isoSeconds(core.now()) }),
  zones: (core: Core, given: Given) => {
    const account = core.state.accounts[0] ?? { id: defaultAccountId, name: "" };
    return zone(String(given.id), String(given.name), account, isoSeconds(core.now()));
  },
  zoneSettings: (core: Core) => ({ zone_id: core.state.zones[0]?.id, editable: true, modified_on: isoSeconds(core.now()) }),
  dnsRecords: (core: Core) => ({
    zone_id: core.state.zones[0]?.id,
    content: "",
    ttl: 1,
    proxied: false,
    comment: null,
    tags: [],
    settings: {},
    meta: {},
    proxiable: true,
    created_on: isoSeconds(core.now()),
    modified_on: isoSeconds(core.now()),
  }),
  identityProviders: (_core: Core, given: Given) => ({ uid: given.id, config: {}, scim_config: {} }),
  groups: (core: Core, given: Given) => ({ uid: given.id, require: [], exclude: [], is_default: [], ...stamps(core) }),
  policies: (core: Core, given: Given) => ({
    uid: given.id,
    require: [],
    exclude: [],
    session_duration: "24h",
    reusable: true,
    ...stamps(core),
  }),
  apps: (core: Core, given: Given) => {
    const uris = typeof given.domain === "string" ? [given.domain] : [];
    return {
      uid: given.id,
      aud: core.hex(32),
      type: "self_hosted",
      destinations: uris.map((uri) => ({ type: "public", uri })),
      self_hosted_domains: uris,
      policies: [],
      allowed_idps: [],
      tags: [],
      session_duration: "24h",
      app_launcher_visible: true,
      http_only_cookie_attribute: true,
      auto_redirect_to_identity: false,
      enable_binding_cookie: false,
      options_preflight_bypass: false,
      path_cookie_attribute: false,
      domain_type: "public",
      ...stamps(core),
    };
  },
  serviceTokens: (core: Core) => ({
    client_id: `${core.hex(16)}.access`,
    client_secret: `cfast_${core.hex(32)}`,
    client_secret_version: 1,
    duration: "8760h",
    expires_at: isoSeconds(core.now() + 8_760 * 3_600_000),
    ...stamps(core),
  }),
  tags: stamps,
  users: (core: Core, given: Given) => ({
    uid: given.id,
    name: "",
    access_seat: false,
    gateway_seat: false,
    seat_uid: core.uuid(),
    active_device_count: 0,
    ...stamps(core),
  }),
  accessRequests: (core: Core) => ({
    action: "login",
    allowed: true,
    app_domain: "",
    connection: "onetimepin",
    created_at: isoSeconds(core.now()),
    ip_address: "198.51.100.7",
    ray_id: core.hex(8),
  }),
  failedLogins: (core: Core) => ({ app_name: "", ray_id: core.hex(8), at: core.now() }),
  identitySessions: (core: Core) => ({
    nonce: core.hex(8),
    github_organizations: [],
    groups: [],
    ip: "198.51.100.7",
    country: "US",
    iat: core.now(),
    exp: core.now() + 86_400_000,
  }),
  appSessions: (core: Core) => ({ nonce: core.hex(8), iat: core.now(), exp: core.now() + 86_400_000 }),
  connectors: (core: Core) => ({ client_id: core.uuid(), run_at: isoSeconds(core.now()) }),
  httpRequests: (core: Core) => ({
    zone_id: core.state.zones[0]?.id,
    edgeResponseStatus: 200,
    requestSource: "eyeball",
    count: 1,
  }),
  tunnels: (core: Core) => ({
    account_tag: core.state.accounts[0]?.id,
    config_src: "cloudflare",
    remote_config: true,
    tun_type: "cfd_tunnel",
    tunnel_secret: Buffer.from(core.bytes(32)).toString("base64"),
    metadata: {},
    created_at: isoSeconds(core.now()),
    deleted_at: null,
    conns_active_at: null,
    conns_inactive_at: isoSeconds(core.now()),
  }),
  tunnelConfigurations: (core: Core) => ({
    account_id: core.state.accounts[0]?.id,
    version: 1,
    source: "cloudflare",
    created_at: isoSeconds(core.now()),
  }),
};

function stamps(core: Core): Given {
  const now = isoSeconds(core.now());
  return { created_at: now, updated_at: now };
}

function merge(held: readonly unknown[], added: readonly Given[]): unknown[] {
  const key = (object: unknown) => (isObject(object) ? (object.tunnel_id ?? object.id ?? object.name) : undefined);
  const taken = new Set<unknown>(added.map(key).filter((id) => id !== undefined));
  return [...held.filter((object) => !taken.has(key(object))), ...added];
}

function isObject(value: unknown): value is Given {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function zone(
  id: string,
  name: string,
  account: { id: string; name: string },
  now: string,
): z.infer<typeof CloudflareState>["zones"][number] {
  return {
    id,
    name,
    account: { id: account.id, name: account.name },
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    owner: { id: account.id, name: account.name, type: "organization" },
    plan: { id: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", name: "Free Website", price: 0, currency: "USD", legacy_id: "free" },
    meta: { step: 2, custom_certificate_quota: 0, page_rule_quota: 3, phishing_detected: false },
    permissions: ["#zone:read", "#dns_records:edit"],
    activated_on: now,
    created_on: now,
    modified_on: now,
  };
}
