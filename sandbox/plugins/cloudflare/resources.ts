/** The Cloudflare objects that the fleet makes, as the real provider (upstream 5.22.0) was seen to treat them. Fields that 6.22.1 adds follow the OpenAPI
 *  extracts and were not seen on the wire. */
import { z } from "zod";
import type { Properties, Resource } from "../../../infra/providers/shell/resource.ts";
import { applications, identityProviders, organizations, policies } from "./access.ts";
import type { Api } from "./api.ts";
import { isObject } from "./json.ts";
import { resourceOf } from "./object.ts";
import { all, type Shape } from "./shape.ts";

/** A named tunnel; the secret is the program's and never answered. */
const tunnels: Shape = {
  name: "ZeroTrustTunnelCloudflared",
  description: "A Cloudflare Tunnel run by cloudflared.",
  owners: ["accountId"],
  fields: { name: "plain", configSrc: { default: "local" }, tunnelSecret: "plain" },
  required: { accountId: z.string(), name: z.string() },
  outputs: [
    ...["accountTag", "connections", "connsActiveAt", "connsInactiveAt", "createdAt", "deletedAt", "metadata"],
    ...["remoteConfig", "status", "tunType"],
  ],
  stable: ["accountTag", "createdAt"],
  secrets: ["tunnelSecret"],
  replaceOnChange: ["configSrc"],
  collection: ({ accountId }) => `/accounts/${accountId}/cfd_tunnel`,
  update: "PATCH",
  changedOnly: true,
  tidy: (answer, known) => ({ ...answer, tunnel_secret: known.tunnel_secret, config_src: answer.config_src ?? known.config_src }),
};

/** A tunnel's ingress rules. */
const tunnelConfigurations: Shape = {
  name: "ZeroTrustTunnelCloudflaredConfig",
  description: "The remotely managed configuration of a tunnel.",
  owners: ["accountId", "tunnelId"],
  fields: { config: "plain", source: "plain" },
  required: { accountId: z.string(), tunnelId: z.string() },
  outputs: ["createdAt", "version"],
  dialect: "cloudflared",
  collection: ({ accountId }) => `/accounts/${accountId}/cfd_tunnel`,
  path: (collection, id) => `${collection}/${id}/configurations`,
  id: ({ tunnelId }) => String(tunnelId),
  create: "PUT",
  keepOnDelete: true,
  tidy({ source, ...answer }, known) {
    // Every answer carries a source; the real provider minds it only where the program says one.
    const own = known.source === undefined ? answer : { ...answer, source };
    if (!isObject(answer.config)) return own;
    const { "warp-routing": _, ...config } = answer.config;
    return { ...own, config };
  },
};

const settingsOfCname = { flatten_cname: false, ipv4_only: false, ipv6_only: false };

/** A DNS record; one that exists already is refused, never adopted. */
const dnsRecords: Shape = {
  name: "DnsRecord",
  description: "A DNS record of a zone.",
  owners: ["zoneId"],
  fields: {
    ...all("plain", ["comment", "content", "data", "name", "priority", "privateRouting", "ttl", "type"]),
    proxied: { default: false },
    ...all("computed", ["settings", "tags"]),
  },
  required: { zoneId: z.string(), name: z.string(), type: z.string(), ttl: z.number() },
  outputs: ["commentModifiedOn", "createdOn", "meta", "modifiedOn", "proxiable", "tagsModifiedOn"],
  stable: ["createdOn"],
  collection: ({ zoneId }) => `/zones/${zoneId}/dns_records`,
  finish(body, update) {
    if (!update || body.type !== "CNAME" || !isObject(body.settings)) return body;
    return { ...body, settings: { ...settingsOfCname, ...body.settings } };
  },
  tidy(answer, known) {
    const relative = typeof known.name === "string" && String(answer.name).startsWith(`${known.name}.`);
    return relative ? { ...answer, name: known.name } : answer;
  },
};

/** One setting of a zone. */
const zoneSettings: Shape = {
  name: "ZoneSetting",
  description: "One setting of a zone.",
  owners: ["zoneId", "settingId"],
  fields: { value: "plain", enabled: "plain" },
  required: { zoneId: z.string(), settingId: z.string() },
  outputs: ["editable", "modifiedOn", "timeRemaining"],
  collection: ({ zoneId }) => `/zones/${zoneId}/settings`,
  id: ({ settingId }) => String(settingId),
  create: "PATCH",
  update: "PATCH",
  keepOnDelete: true,
};

/** Everything the stand-in can make. */
export const resources: readonly Resource<Properties, Properties, Api>[] = [
  ...[policies, applications, identityProviders, organizations],
  ...[tunnels, tunnelConfigurations, dnsRecords, zoneSettings],
].map(resourceOf);
