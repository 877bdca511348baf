/** For tests: the program whose requests were recorded in specs/cloudflare/provider-requests-edge.jsonl, in the SDK's words, and the record itself. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import { root } from "../versions.ts";

const file = join(root, "..", "shared", "specs", "cloudflare", "provider-requests-edge.jsonl");
const Row = z.object({
  type: z.string(),
  phase: z.string(),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  path: z.string(),
  body: z.record(z.string(), z.unknown()).optional(),
  answer: z.unknown().optional(),
  status: z.number().optional(),
  retry: z.number().optional(),
  after_s: z.number().optional(),
  answer_lost: z.boolean().optional(),
});

export type Row = z.infer<typeof Row>;

/** Every recorded request; empty, and said aloud, where the specs are not at hand. */
export function recordedRows(): readonly Row[] {
  if (!existsSync(file)) {
    process.stderr.write("SKIPPED: ../shared/specs/cloudflare is absent, so the stand-in is not held to the recorded requests\n");
    return [];
  }
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => Row.parse(JSON.parse(line)));
}

/** The ids that Cloudflare gave, by the names of the recorded program's resources. */
export interface Ids {
  readonly otp: string;
  readonly google: string;
  readonly github: string;
  readonly workspace: string;
  readonly members: string;
  readonly open: string;
  readonly tunnel: string;
  readonly aud: string;
}

export interface Wish {
  readonly members: readonly string[];
  readonly decision: string;
  readonly denyMessage: string;
  readonly session: string;
  readonly admin: boolean;
  readonly host: string;
}

export const firstWish: Wish = {
  members: ["ann@example.com", "bob@example.com"],
  decision: "allow",
  denyMessage: "You are not a member.",
  session: "24h",
  admin: false,
  host: "acme.example.com",
};

const accountId = "acc";
const zoneId = "0123456789abcdef0123456789abcdef";

/** Inputs by resource name, in an order in which dependencies come first. The ids of what a resource depends on are asked for lazily. */
export function recordedProgram(wish: Wish, ids: Ids): Record<string, { type: string; inputs: () => Properties }> {
  const origin = () => ({
    access: { audTags: [ids.aud], required: true, teamName: "acme" },
    connectTimeout: 30,
    noTlsVerify: false,
  });
  const idp = (name: string, config: Properties) => ({
    type: "ZeroTrustAccessIdentityProvider",
    inputs: () => ({ accountId, name, type: name, config }),
  });
  const client = (name: string) => ({ clientId: `${name}-client`, clientSecret: `${name}-secret` });
  const setting = (settingId: string, value: string) => ({ type: "ZoneSetting", inputs: () => ({ zoneId, settingId, value }) });
  const app = { accountId, type: "self_hosted", appLauncherVisible: false };
  return {
    tunnel: {
      type: "ZeroTrustTunnelCloudflared",
      inputs: () => ({
        ...{ accountId, name: "acme", configSrc: "cloudflare" },
        tunnelSecret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
      }),
    },
    ssl: setting("ssl", "strict"),
    https: setting("always_use_https", "on"),
    tls: setting("min_tls_version", "1.2"),
    workspace: idp("google-apps", { appsDomain: "example.com", ...client("gapps") }),
    google: idp("google", client("google")),
    github: idp("github", client("github")),
    otp: idp("onetimepin", {}),
    open: {
      type: "ZeroTrustAccessPolicy",
      inputs: () => ({ accountId, name: "acme yourapp open", decision: "bypass", includes: [{ everyone: {} }] }),
    },
    organization: {
      type: "ZeroTrustOrganization",
      inputs: () => ({
        ...{ accountId, name: "acme", authDomain: "acme.cloudflareaccess.com", denyUnmatchedRequests: true },
        ...{ sessionDuration: "24h", userSeatExpirationInactiveTime: "730h" },
      }),
    },
    dns: {
      type: "DnsRecord",
      inputs: () => ({
        ...{ zoneId, name: wish.host, type: "CNAME", ttl: 1, proxied: true, comment: "tenant acme" },
        content: `${ids.tunnel}.cfargotunnel.com`,
      }),
    },
    openApp: {
      type: "ZeroTrustAccessApplication",
      inputs: () => ({ ...app, name: "acme yourapp", domain: `${wish.host}/yourapp`, policies: [{ id: ids.open }] }),
    },
    members: {
      type: "ZeroTrustAccessPolicy",
      inputs: () => ({
        ...{ accountId, name: "acme members", decision: wish.decision, sessionDuration: wish.session },
        includes: [
          ...wish.members.map((email) => ({ email: { email } })),
          { emailDomain: { domain: "example.org" } },
          { githubOrganization: { identityProviderId: ids.github, name: "acme-org", team: "platform" } },
          { gsuite: { identityProviderId: ids.workspace, email: "team@example.com" } },
        ],
        requires: [{ loginMethod: { id: ids.github } }],
      }),
    },
    app: {
      type: "ZeroTrustAccessApplication",
      inputs: () => ({
        ...{ ...app, name: "acme", domain: wish.host, sessionDuration: wish.session, sameSiteCookieAttribute: "lax", tags: [] },
        ...{ autoRedirectToIdentity: false, httpOnlyCookieAttribute: true, customDenyMessage: wish.denyMessage },
        customDenyUrl: "https://www.example.com/denied",
        allowedIdps: [ids.otp, ids.google, ids.github, ids.workspace],
        policies: [{ id: ids.members, precedence: 1 }],
      }),
    },
    config: {
      type: "ZeroTrustTunnelCloudflaredConfig",
      inputs: () => {
        const admin = {
          hostname: wish.host,
          path: "^/admin",
          service: "http://admin.railway.internal:8000",
          originRequest: origin(),
        };
        const first = { hostname: wish.host, service: "http://app.railway.internal:8000", originRequest: origin() };
        const ingresses = [first, ...(wish.admin ? [admin] : []), { service: "http_status:404" }];
        return { accountId, tunnelId: ids.tunnel, config: { ingresses } };
      },
    },
  };
}
