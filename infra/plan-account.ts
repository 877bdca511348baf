/** What a whole Cloudflare account shares: identity providers and the zone's TLS settings. Made by the one stack with `fleet:ownsAccount: true`. */
import { marker } from "../domain/marker.ts";
import type { LoginMethod } from "../tenants/schema.ts";
import { type IdentityProviderType, identityProviderName } from "./edge-names.ts";
import type { PlannedResource } from "./planned.ts";
import { methodNames, type Settings, secretOf } from "./settings.ts";

/** The account's own resources, with their keys: a log-in method's name for its identity provider. */
export function planAccount(settings: Settings): readonly PlannedResource[] {
  const providers = methodNames(settings.loginMethods).map((method) => identityProvider(method, settings));
  return [...providers, ...zoneSettings(settings)];
}

/** Cloudflare's word for each log-in method. */
const providerTypes: Readonly<Record<LoginMethod, IdentityProviderType>> = {
  ...{ github: "github", google: "google", googleWorkspace: "google-apps", oneTimePin: "onetimepin" },
};

function identityProvider(method: LoginMethod, settings: Settings): PlannedResource {
  const type = providerTypes[method];
  const client = settings.loginMethods[method];
  const secret = secretOf[method];
  return {
    kind: "cloudflare:AccessIdentityProvider",
    key: method,
    name: `account-${method}`,
    part: "account",
    arguments: {
      accountId: settings.accountId,
      // The name is the only field that can carry the marker.
      name: identityProviderName(type, marker(settings.stack, "account")),
      type,
      config: { ...client, ...(secret ? { clientSecret: { secretSetting: secret } } : {}) },
    },
  };
}

/** TLS is always strict: between people and the edge, and from the edge to any origin that is not a tunnel. */
function zoneSettings(settings: Settings): readonly PlannedResource[] {
  const values = { ssl: "strict", always_use_https: "on", min_tls_version: "1.2" };
  return Object.entries(values).map(([settingId, value]) => ({
    kind: "cloudflare:ZoneSetting",
    key: settingId,
    name: `account-${settingId.replaceAll("_", "-")}`,
    part: "account",
    arguments: { zoneId: settings.zoneId, settingId, value },
  }));
}
