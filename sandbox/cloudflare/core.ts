/** What every route of the emulated account works on: its state, its switches, its time and its chance. */
import { z } from "zod";
import type { EmulatorContext } from "../emulator.ts";
import {
  AccessRequest,
  Account,
  App,
  AppSession,
  Connector,
  DnsRecord,
  Group,
  HttpRequests,
  IdentityProvider,
  IdentitySession,
  Organization,
  Policy,
  ServiceToken,
  SigningKey,
  Tag,
  Tunnel,
  TunnelConfiguration,
  User,
  Zone,
  ZoneSetting,
} from "./objects.ts";

export const CloudflareState = z.object({
  accounts: z.array(Account).length(1, "exactly one account"),
  zones: z.array(Zone),
  zoneSettings: z.array(ZoneSetting),
  dnsRecords: z.array(DnsRecord),
  organization: Organization,
  identityProviders: z.array(IdentityProvider),
  groups: z.array(Group),
  policies: z.array(Policy),
  apps: z.array(App),
  serviceTokens: z.array(ServiceToken),
  tags: z.array(Tag),
  users: z.array(User),
  accessRequests: z.array(AccessRequest),
  failedLogins: z.array(
    z.looseObject({ email: z.string(), app_uid: z.string(), app_name: z.string(), ray_id: z.string(), at: z.number() }),
  ),
  identitySessions: z.array(IdentitySession),
  appSessions: z.array(AppSession),
  /** When the tokens of an application were last revoked, epoch milliseconds, by the application's id. */
  revocations: z.record(z.string(), z.number()),
  tunnels: z.array(Tunnel),
  tunnelConfigurations: z.array(TunnelConfiguration),
  connectors: z.array(Connector),
  httpRequests: z.array(HttpRequests),
  signingKeys: z.array(SigningKey),
  keyRotationIntervalDays: z.number(),
});
export type CloudflareState = z.infer<typeof CloudflareState>;

/** Switches: the vendor's limits, and behaviours that nobody verified (reference: cloudflare 9). */
export const CloudflareSettings = z.strictObject({
  /** Zero Trust plan: rows of the log-in log are kept 24 hours on free, 30 days on paid. */
  plan: z.enum(["free", "paid"]),
  /** People in all; further ones are refused at log-in. */
  seats: z.number().int().min(0),
  recordQuota: z.number().int().min(0),
  /** DNS tags per record: 0 on plans without them. */
  tagQuota: z.number().int().min(0),
  requestsPerFiveMinutes: z.number().int().min(1),
  /** An application token that expires while the person's global session lives is renewed silently: does that write a row? (open question 1) */
  silentRenewalWritesRow: z.boolean(),
  /** After `revoke_tokens` people can be refused a new log-in for up to a minute. */
  refuseLoginAfterRevokeSeconds: z.number().min(0),
  /** Deleting a tunnel whose connector still runs (open question 4). */
  deleteConnectedTunnel: z.enum(["refuse", "allow"]),
  /** Deleting a policy that an application uses (open question 9). */
  deleteAttachedPolicy: z.enum(["refuse", "detach"]),
  /** A proxied record with a ttl other than 1 (open question 10). */
  proxiedTtl: z.enum(["normalise", "refuse"]),
  /** A rule that names an identity provider, group or service token that does not exist. */
  unknownReferences: z.enum(["refuse", "accept"]),
  /** A second application on one hostname and path. */
  duplicateAppDomain: z.enum(["allow", "refuse"]),
  /** Organizations made since 2026-10-05: a request with a service token is answered 401/403, never by a redirect. */
  strictServiceTokens: z.boolean(),
  /** How late the GraphQL groups learn of an event. */
  analyticsDelaySeconds: z.number().min(0),
});
export type CloudflareSettings = z.infer<typeof CloudflareSettings>;

export const defaultSettings: CloudflareSettings = {
  plan: "free",
  seats: 50,
  recordQuota: 200,
  tagQuota: 0,
  requestsPerFiveMinutes: 1_200,
  silentRenewalWritesRow: true,
  refuseLoginAfterRevokeSeconds: 0,
  deleteConnectedTunnel: "refuse",
  deleteAttachedPolicy: "refuse",
  proxiedTtl: "normalise",
  unknownReferences: "refuse",
  duplicateAppDomain: "allow",
  strictServiceTokens: true,
  analyticsDelaySeconds: 900,
};

export interface Core {
  state: CloudflareState;
  settings: CloudflareSettings;
  readonly now: () => number;
  readonly uuid: () => string;
  /** That many random bytes in hexadecimal digits. */
  readonly hex: (bytes: number) => string;
  readonly bytes: (count: number) => Uint8Array;
}

export function makeCore(context: EmulatorContext, state: CloudflareState, settings: CloudflareSettings): Core {
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(context.random() * 256));
  const hex = (count: number) => Buffer.from(bytes(count)).toString("hex");
  const uuid = () => {
    const raw = bytes(16);
    raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
    raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
    return Buffer.from(raw)
      .toString("hex")
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  return { state, settings, now: () => context.clock.now(), uuid, hex, bytes };
}

/** Cloudflare's way to write a time: whole seconds, UTC. */
export function isoSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
