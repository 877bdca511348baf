/** The objects that the emulated account holds: Cloudflare's own field names, everything beyond the named fields passed through as it was sent. */
import { z } from "zod";

/** Keys of rule selectors as they stand on the wire (reference: cloudflare 1.3). */
export const selectorKeys = [
  "email",
  "email_domain",
  "email_list",
  "group",
  "github-organization",
  "gsuite",
  "azureAD",
  "okta",
  "saml",
  "oidc",
  "auth_context",
  "login_method",
  "auth_method",
  "service_token",
  "any_valid_service_token",
  "certificate",
  "common_name",
  "everyone",
  "ip",
  "ip_list",
  "geo",
  "device_posture",
  "external_evaluation",
  "linked_app_token",
  "user_risk_score",
  "cloudflare_account_member",
] as const;

/** One selector: an object with exactly one known key. */
export const Rule = z.record(z.string(), z.record(z.string(), z.unknown())).superRefine((rule, context) => {
  const [key, ...more] = Object.keys(rule);
  if (key === undefined || more.length > 0) context.addIssue("a rule holds exactly one selector");
  else if (!selectorKeys.some((known) => known === key)) context.addIssue(`unknown selector "${key}"`);
});
export type Rule = z.infer<typeof Rule>;

/** Go's duration notation (`30m`, `1h30m`, `730h`), kept as it was written: `730h0m0s` for `730h` would be a diff. */
export const Duration = z.string().regex(/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/, "not a duration; write 30m, 24h, 730h");

/** Milliseconds of a Go duration; 0 for what is not one. */
export function durationMs(text: string): number {
  const units: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    sum += Number(amount) * (units[unit ?? ""] ?? 0);
  return sum;
}

const id = z.string().min(1);
const when = z.string();

export const Account = z.looseObject({ id, name: z.string(), type: z.string(), created_on: when });
export const Zone = z.looseObject({ id, name: z.string(), account: z.looseObject({ id }) });
export const ZoneSetting = z.looseObject({
  zone_id: id,
  id,
  value: z.unknown(),
  editable: z.boolean(),
  modified_on: when.nullable(),
});
export const DnsRecord = z.looseObject({
  id,
  zone_id: id,
  name: z.string(),
  type: z.string(),
  content: z.string(),
  ttl: z.number(),
  proxied: z.boolean(),
  comment: z.string().nullable(),
  tags: z.array(z.string()),
});
const RuleSets = { include: z.array(Rule), require: z.array(Rule), exclude: z.array(Rule) };
export const Decision = z.enum(["allow", "deny", "non_identity", "bypass"]);
export const Policy = z.looseObject({
  id,
  name: z.string(),
  decision: Decision,
  ...RuleSets,
  session_duration: Duration.optional(),
});
export const Group = z.looseObject({ id, name: z.string(), ...RuleSets });
/** What an application keeps of a policy: the link to a reusable one, or the whole of one of its own. */
export const AppPolicy = z.union([
  z.looseObject({ ...Policy.shape, precedence: z.number().int().min(1), reusable: z.literal(false) }),
  z.strictObject({ id, precedence: z.number().int().min(1) }),
]);
export const Destination = z.looseObject({ type: z.string(), uri: z.string().optional() });
export const App = z.looseObject({
  id,
  aud: z.string().regex(/^[0-9a-f]{64}$/, "64 hex characters"),
  type: z.string(),
  domain: z.string().optional(),
  name: z.string().optional(),
  destinations: z.array(Destination),
  policies: z.array(AppPolicy),
  allowed_idps: z.array(z.string()),
  tags: z.array(z.string()),
  session_duration: Duration.optional(),
  custom_deny_message: z.string().optional(),
});
export const IdentityProvider = z.looseObject({
  id,
  name: z.string(),
  type: z.string(),
  config: z.record(z.string(), z.unknown()),
});
export const ServiceToken = z.looseObject({
  id,
  name: z.string(),
  client_id: z.string(),
  client_secret: z.string(),
  client_secret_version: z.number(),
  duration: z.string(),
  expires_at: when,
  previous_client_secret: z.string().optional(),
  previous_client_secret_expires_at: when.optional(),
});
export const Tag = z.looseObject({ name: z.string() });
export const Organization = z.looseObject({ auth_domain: z.string(), name: z.string(), session_duration: Duration.optional() });
export const User = z.looseObject({
  id,
  email: z.string(),
  access_seat: z.boolean(),
  gateway_seat: z.boolean(),
  seat_uid: z.string(),
  last_successful_login: when.optional(),
});
/** A row of the log of log-ins (reference: cloudflare 4.1; columns beyond the published ones were seen live by others). */
export const AccessRequest = z.looseObject({
  action: z.enum(["login", "logout"]),
  allowed: z.boolean(),
  app_uid: z.string(),
  app_domain: z.string(),
  connection: z.string(),
  created_at: when,
  ip_address: z.string(),
  ray_id: z.string(),
  user_email: z.string(),
});
/** What the provider of an identity said at the last log-in. Times are epoch milliseconds. */
export const IdentitySession = z.looseObject({
  nonce: id,
  user_id: id,
  email: z.string(),
  idp: z.looseObject({ id: z.string(), type: z.string() }),
  github_organizations: z.array(z.looseObject({ name: z.string(), team: z.string().optional() })),
  groups: z.array(z.string()),
  ip: z.string(),
  country: z.string(),
  iat: z.number(),
  exp: z.number(),
  revoked_at: z.number().optional(),
});
/** One person's token for one application. Times are epoch milliseconds. */
export const AppSession = z.looseObject({
  nonce: id,
  identity_nonce: id,
  user_id: id,
  email: z.string(),
  app_uid: id,
  iat: z.number(),
  exp: z.number(),
  revoked_at: z.number().optional(),
});
export const Tunnel = z.looseObject({
  id,
  name: z.string(),
  config_src: z.enum(["local", "cloudflare"]),
  tunnel_secret: z.string(),
  created_at: when,
  deleted_at: when.nullable(),
  conns_active_at: when.nullable(),
  conns_inactive_at: when.nullable(),
});
export const IngressRule = z.looseObject({
  hostname: z.string().optional(),
  path: z.string().optional(),
  service: z.string(),
  originRequest: z
    .looseObject({
      access: z
        .looseObject({
          required: z.boolean().optional(),
          teamName: z.string().optional(),
          audTag: z.array(z.string()).optional(),
        })
        .optional(),
    })
    .optional(),
});
export const TunnelConfiguration = z.looseObject({
  tunnel_id: id,
  version: z.number(),
  config: z.looseObject({ ingress: z.array(IngressRule).optional() }),
  source: z.string(),
  created_at: when,
});
/** A running cloudflared. `hint` is the sandbox's own: whatever whoever connected it wants to be told again. */
export const Connector = z.looseObject({ tunnel_id: id, client_id: id, run_at: when, hint: z.string().optional() });
/** Requests that passed the edge, in buckets of five minutes. */
export const HttpRequests = z.looseObject({
  zone_id: id,
  clientRequestHTTPHost: z.string(),
  datetimeFiveMinutes: when,
  edgeResponseStatus: z.number(),
  requestSource: z.string(),
  count: z.number(),
});
export const SigningKey = z.looseObject({ kid: id, created_at: z.number(), private_jwk: z.record(z.string(), z.unknown()) });

export type Account = z.infer<typeof Account>;
export type Zone = z.infer<typeof Zone>;
export type ZoneSetting = z.infer<typeof ZoneSetting>;
export type DnsRecord = z.infer<typeof DnsRecord>;
export type Policy = z.infer<typeof Policy>;
export type Group = z.infer<typeof Group>;
export type AppPolicy = z.infer<typeof AppPolicy>;
export type App = z.infer<typeof App>;
export type IdentityProvider = z.infer<typeof IdentityProvider>;
export type ServiceToken = z.infer<typeof ServiceToken>;
export type User = z.infer<typeof User>;
export type AccessRequest = z.infer<typeof AccessRequest>;
export type IdentitySession = z.infer<typeof IdentitySession>;
export type AppSession = z.infer<typeof AppSession>;
export type Tunnel = z.infer<typeof Tunnel>;
export type TunnelConfiguration = z.infer<typeof TunnelConfiguration>;
export type IngressRule = z.infer<typeof IngressRule>;
export type Connector = z.infer<typeof Connector>;
export type SigningKey = z.infer<typeof SigningKey>;
