/** The objects of Cloudflare Access. */
import { z } from "zod";
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import { canonical, isObject } from "./json.ts";
import { all, type Shape } from "./shape.ts";

const nested = z.record(z.string(), z.unknown());
const scopedTo = ({ accountId, zoneId }: Properties) => (accountId ? `/accounts/${accountId}` : `/zones/${zoneId}`);

/** A reusable policy. */
export const policies: Shape = {
  name: "ZeroTrustAccessPolicy",
  description: "A reusable Access policy.",
  owners: ["accountId"],
  fields: {
    ...all("plain", ["name", "decision", "includes", "mfaConfig", "connectionRules", "purposeJustificationPrompt"]),
    ...all("calm", ["requires", "excludes", "approvalGroups"]),
    ...all("calm", ["approvalRequired", "isolationRequired", "purposeJustificationRequired"]),
    sessionDuration: { default: "24h" },
  },
  required: { accountId: z.string(), name: z.string(), decision: z.string(), includes: z.array(nested) },
  outputs: ["appCount", "createdAt", "reusable", "updatedAt"],
  stable: ["createdAt", "reusable"],
  collection: ({ accountId }) => `/accounts/${accountId}/access/policies`,
  order: {
    // The real provider takes these for a list as soon as one of them names an identity provider.
    include: (value) => (/"(github-organization|gsuite)":/.test(canonical(value)) ? value : anyOrder(value)),
    require: anyOrder,
    exclude: anyOrder,
  },
};

const hostTypes: readonly unknown[] = ["self_hosted", "ssh", "vnc", "rdp"];
const launcherTypes = [...hostTypes, "saas", "bookmark"];
const sessionTypes = [...hostTypes, "saas", "dash_sso", "app_launcher", "warp"];

/** An application behind Access. */
export const applications: Shape = {
  name: "ZeroTrustAccessApplication",
  description: "An application behind Cloudflare Access.",
  owners: ["accountId", "zoneId"],
  fields: {
    ...all("plain", ["name", "type", "policies", "customDenyMessage", "customDenyUrl", "customNonIdentityDenyUrl", "logoUrl"]),
    ...all("plain", ["allowAuthenticateViaWarp", "allowIframe", "appLauncherLogoUrl", "bgColor", "corsHeaders", "customPages"]),
    ...all("plain", ["footerLinks", "headerBgColor", "landingPageDesign", "mfaConfig", "oauthConfiguration", "saasApp"]),
    ...all("plain", ["readServiceTokensFromHeader", "sameSiteCookieAttribute", "scimConfig", "serviceAuth401Redirect"]),
    ...all("plain", ["skipAppLauncherLoginPage", "skipInterstitial", "targetCriterias"]),
    ...all("calm", ["allowedIdps", "autoRedirectToIdentity", "enableBindingCookie", "optionsPreflightBypass"]),
    ...all("calm", ["pathCookieAttribute", "tags"]),
    ...all("computed", ["domain", "destinations", "selfHostedDomains"]),
    ...all("computed", ["appLauncherVisible", "httpOnlyCookieAttribute", "sessionDuration"]),
  },
  required: {},
  outputs: ["aud"],
  stable: ["aud"],
  collection: (at) => `${scopedTo(at)}/access/apps`,
  tied: ["domain", "destinations", "selfHostedDomains"],
  finish(body) {
    const result = { ...body };
    const fill = (key: string, types: readonly unknown[], value: unknown) => {
      if (types.includes(body.type)) result[key] ??= value;
    };
    fill("app_launcher_visible", launcherTypes, true);
    fill("http_only_cookie_attribute", hostTypes, true);
    fill("session_duration", sessionTypes, "24h");
    if (Array.isArray(result.allowed_idps)) result.allowed_idps = [...result.allowed_idps].sort();
    if (Array.isArray(result.policies)) result.policies = numbered(result.policies);
    return result;
  },
  tidy(answer) {
    if (!Array.isArray(answer.policies)) return answer;
    return { ...answer, policies: numbered(answer.policies).map(({ id, precedence }) => ({ id, precedence })) };
  },
  order: {
    allowed_idps: anyOrder,
    policies: (value) => (Array.isArray(value) ? anyOrder(numbered(value)) : value),
  },
  check({ policies: items }) {
    if (!Array.isArray(items)) return [];
    return items.flatMap((item, at) => {
      if (isObject(item) && typeof item.id === "string") return [];
      const reason = "names no reusable policy: policies written inside an application are not covered by the sandbox's stand-in";
      return [{ property: `policies[${at}]`, reason: `${reason}; make a ZeroTrustAccessPolicy and give its id` }];
    });
  },
};

/** A way to log in. */
export const identityProviders: Shape = {
  name: "ZeroTrustAccessIdentityProvider",
  description: "An identity provider of Cloudflare Access.",
  owners: ["accountId", "zoneId"],
  fields: {
    ...all("plain", ["name", "type", "config", "readOnly", "samlCertificateSetId"]),
    scimConfig: "computed",
  },
  required: { name: z.string(), type: z.string(), config: nested },
  outputs: ["samlCertificateSet"],
  collection: (at) => `${scopedTo(at)}/access/identity_providers`,
  tidy(answer, known) {
    if (!isObject(answer.config)) return answer;
    const { redirect_url: _, ...config } = answer.config;
    const secret = isObject(known.config) ? known.config.client_secret : undefined;
    // Answers may leave the secret out; one that is there counts, and a masked one is the difference that the real provider sees as well.
    return { ...answer, config: { ...(secret !== undefined && { client_secret: secret }), ...config } };
  },
};

/** The account's Zero Trust organization: one, never made and never removed, only written over. */
export const organizations: Shape = {
  name: "ZeroTrustOrganization",
  description: "The Zero Trust organization of an account.",
  owners: ["accountId", "zoneId"],
  fields: {
    ...all("plain", ["authDomain", "name", "sessionDuration", "uiReadOnlyToggleReason", "userSeatExpirationInactiveTime"]),
    ...all("plain", ["customPages", "mfaConfig", "mfaSshPivKeyRequirements", "serviceTokenInactivity"]),
    ...all("plain", ["warpAuthSessionDuration", "denyUnmatchedRequests", "mfaConfigurationAllowed", "mfaRequiredForAllApps"]),
    ...all("plain", ["strictServiceTokenAuth", "warpAuthNonBrowser401"]),
    ...all("calm", ["denyUnmatchedRequestsExemptedZoneNames", "loginDesign"]),
    ...all({ default: false }, ["allowAuthenticateViaWarp", "autoRedirectToIdentity", "isUiReadOnly"]),
  },
  required: {},
  outputs: ["trustedAccounts"],
  collection: (at) => `${scopedTo(at)}/access/organizations`,
  path: (collection) => collection,
  id: () => "missing ID",
  create: "PUT",
  keepOnDelete: true,
};

function anyOrder(value: unknown): unknown {
  return Array.isArray(value) ? value.map(canonical).sort() : value;
}

/** Policies with the precedence that the provider counts on from the last known one. */
function numbered(items: readonly unknown[]): Properties[] {
  let last = 0;
  return items.filter(isObject).map((item) => {
    last = typeof item.precedence === "number" ? item.precedence : last + 1;
    return { ...item, precedence: last };
  });
}
