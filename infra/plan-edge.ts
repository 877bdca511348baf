/** A tenant's edge at Cloudflare: who may log in, one tunnel, and the hostname, which comes last and goes first (DESIGN 4). */
import { marker } from "../domain/marker.ts";
import type { OpenTenant } from "../tenants/open.ts";
import type { Member } from "../tenants/resolve.ts";
import type { LoginMethod } from "../tenants/schema.ts";
import { applicationName, policyName, tunnelName } from "./edge-names.ts";
import { appPort, appServiceName } from "./plan-railway.ts";
import type { Expression, Plain, PlannedResource } from "./planned.ts";
import type { Settings } from "./settings.ts";
import { meaningOf } from "./states.ts";

/** Also those who are logged in already: their sessions end with the change. */
const nobody = { decision: "deny", includes: [{ everyone: {} }] } as const;

type Rule = Extract<PlannedResource, { kind: "cloudflare:AccessPolicy" }>["arguments"]["includes"];

/** Everything up to the tunnel's configuration, in an order in which it can be made. */
export function planEdge(tenant: OpenTenant, settings: Settings): readonly PlannedResource[] {
  const { uid, slug, access } = tenant;
  const mark = marker(settings.stack, uid);
  const hostname = hostnameOf(tenant, settings);
  const { accountId } = settings;
  const { open, denial } = meaningOf(tenant.state);
  const session = { sessionDuration: access.sessionDuration };
  const identityProviders = access.loginMethods.map(identityProvider);
  const cookies = { httpOnlyCookieAttribute: true, sameSiteCookieAttribute: "lax" } as const;
  const resources: PlannedResource[] = [
    {
      kind: "cloudflare:AccessPolicy",
      key: "policy",
      name: `${uid}-policy`,
      part: "edge",
      // The policy's session beats the application's, so both are always written, and equal.
      arguments: {
        accountId,
        name: policyName(slug, "members", mark),
        ...(open ? { decision: "allow", includes: includes(access.members) } : nobody),
        ...session,
      },
    },
    {
      kind: "cloudflare:AccessApplication",
      key: "app",
      name: `${uid}-app`,
      part: "edge",
      arguments: {
        accountId,
        name: applicationName(slug, "", mark),
        type: "self_hosted",
        domain: hostname,
        policies: [{ id: { ref: "policy.id" }, precedence: 1 }],
        // Left out, every identity provider of the account would do.
        allowedIdps: identityProviders,
        autoRedirectToIdentity: access.loginMethods.length === 1,
        appLauncherVisible: false,
        customDenyMessage:
          denial === undefined
            ? `You are not among the people who may open ${hostname}. Ask the person who runs it to add your address.`
            : `${hostname} ${denial}`,
        ...cookies,
        ...session,
      },
    },
    {
      kind: "access:Sessions",
      key: "sessions",
      name: `${uid}-sessions`,
      part: "edge",
      dependsOn: ["policy"],
      arguments: { accountId, applicationId: { ref: "app.id" }, admitted: admitted(tenant) },
    },
    ...publicApplications(tenant, settings),
    { kind: "random:Bytes", key: "tunnelSecret", name: `${uid}-tunnel-secret`, part: "edge", arguments: { length: 32 } },
    {
      kind: "cloudflare:Tunnel",
      key: "tunnel",
      name: `${uid}-tunnel`,
      part: "edge",
      arguments: {
        accountId,
        name: tunnelName(slug, mark),
        configSrc: "cloudflare",
        tunnelSecret: { ref: "tunnelSecret.base64" },
      },
    },
    {
      kind: "cloudflare:TunnelConfiguration",
      key: "tunnelConfiguration",
      name: `${uid}-tunnel-configuration`,
      part: "edge",
      arguments: { accountId, tunnelId: { ref: "tunnel.id" }, config: { ingresses: ingresses(tenant, settings) } },
    },
  ];
  return resources;
}

/** The hostname: last to come, because a name without an Access application in front of it is simply public. */
export function planHostname(tenant: OpenTenant, settings: Settings): PlannedResource {
  return {
    kind: "cloudflare:DnsRecord",
    key: "dns",
    name: `${tenant.uid}-dns`,
    part: "edge",
    dependsOn: [
      ...["app", "sessions", ...tenant.access.publicPaths.map(publicKey), "tunnelConfiguration"],
      ...(meaningOf(tenant.state).services ? ["tunnelInstance"] : []),
    ],
    arguments: {
      zoneId: settings.zoneId,
      name: hostnameOf(tenant, settings),
      type: "CNAME",
      content: { join: [{ ref: "tunnel.id" }, ".cfargotunnel.com"] },
      proxied: true,
      ttl: 1,
      comment: marker(settings.stack, tenant.uid),
    },
  };
}

export function hostnameOf(tenant: { readonly slug: string }, settings: Settings): string {
  return `${tenant.slug}.${settings.zone}`;
}

function identityProvider(method: LoginMethod): Expression {
  return { ref: `account/${method}.id` };
}

function publicKey(path: string): string {
  return `public${path}`;
}

/** A path without log-in is an application of its own: the more specific path wins and inherits nothing. Written without `/*`, which would leave the path itself guarded. */
function publicApplications(tenant: OpenTenant, settings: Settings): readonly PlannedResource[] {
  const { uid, slug, access } = tenant;
  if (access.publicPaths.length === 0) return [];
  const mark = marker(settings.stack, uid);
  const { accountId } = settings;
  const { sessionDuration } = access;
  const { open, denial } = meaningOf(tenant.state);
  const everybody = { decision: "bypass", includes: [{ everyone: {} }] } as const;
  return [
    {
      kind: "cloudflare:AccessPolicy",
      key: "publicPolicy",
      name: `${uid}-public-policy`,
      part: "edge",
      arguments: { accountId, name: policyName(slug, "public", mark), ...(open ? everybody : nobody), sessionDuration },
    },
    ...access.publicPaths.map(
      (path): PlannedResource => ({
        kind: "cloudflare:AccessApplication",
        key: publicKey(path),
        name: `${uid}-public${path.replaceAll("/", "-")}`,
        part: "edge",
        arguments: {
          accountId,
          name: applicationName(slug, path, mark),
          type: "self_hosted",
          domain: hostnameOf(tenant, settings) + path,
          policies: [{ id: { ref: "publicPolicy.id" }, precedence: 1 }],
          allowedIdps: access.loginMethods.map(identityProvider),
          appLauncherVisible: false,
          ...(denial !== undefined && { customDenyMessage: `${hostnameOf(tenant, settings)} ${denial}` }),
          httpOnlyCookieAttribute: true,
          sameSiteCookieAttribute: "lax",
          sessionDuration,
        },
      }),
    ),
  ];
}

/** cloudflared checks the token again, rule by rule: a block at the top of the configuration is silently ignored (cloudflared 784). */
function ingresses(tenant: OpenTenant, settings: Settings) {
  const hostname = hostnameOf(tenant, settings);
  const service = `http://${appServiceName}.railway.internal:${appPort}`;
  const open = tenant.access.publicPaths.map((path) => ({
    hostname,
    path: `^${path.replaceAll(".", "\\.")}(/|$)`,
    service,
  }));
  const guarded = {
    hostname,
    service,
    originRequest: { access: { required: true, teamName: settings.teamName, audTags: [{ ref: "app.aud" }] } },
  };
  return [...open, guarded, { service: "http_status:404" }];
}

/** In one order whatever the file's: the vendor answers in the order that it was given. Addresses are personal data: reviewers see the
 *  component's masked list instead (tenant.ts). */
function includes(members: readonly Member[]): Rule {
  return sorted(members).map((member) => {
    switch (member.kind) {
      case "email":
        return { email: { email: { secret: member.address } } };
      case "emailDomain":
        return { emailDomain: { domain: member.domain } };
      case "githubOrganization":
        return {
          githubOrganization: {
            identityProviderId: identityProvider("github"),
            name: member.organization,
            ...(member.team === null ? {} : { team: member.team }),
          },
        };
      case "googleGroup":
        return { gsuite: { identityProviderId: identityProvider("googleWorkspace"), email: { secret: member.address } } };
      default:
        return member satisfies never;
    }
  });
}

/** Who is let in and how, one keyed hash each: Access asks at log-in only, so whoever goes from this list must lose the session too. */
function admitted(tenant: OpenTenant): readonly Expression[] {
  if (!meaningOf(tenant.state).open) return [];
  const ways: readonly Plain[] = [
    ...sorted(tenant.access.members).map((member) => ({ ...member, team: "team" in member ? (member.team ?? "") : "" })),
    ...tenant.access.loginMethods.map((method) => ({ loginMethod: method })),
  ];
  return ways.map((way) => ({ keyedHash: way, key: { ref: "hashKey.hex" } }));
}

function sorted(members: readonly Member[]): readonly Member[] {
  return [...members].sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
}
