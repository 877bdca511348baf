/** Which record, application and ingress rule a hostname and path lead to. */
import type { Core } from "./core.ts";
import type { App, DnsRecord, IngressRule, Tunnel, Zone } from "./objects.ts";

export type Target =
  | { readonly kind: "no such host" }
  /** The record stands in the DNS but does not lead through the edge. */
  | { readonly kind: "not proxied"; readonly record: DnsRecord }
  | { readonly kind: "tunnel"; readonly zone: Zone; readonly tunnelId: string }
  | { readonly kind: "address"; readonly zone: Zone; readonly address: string };

const tunnelSuffix = ".cfargotunnel.com";

/** Where the DNS sends this hostname: the record of its own name, else the wildcard of its parent. */
export function target(core: Core, hostname: string): Target {
  const zone = core.state.zones.find((candidate) => hostname === candidate.name || hostname.endsWith(`.${candidate.name}`));
  if (!zone) return { kind: "no such host" };
  const addresses = core.state.dnsRecords.filter(
    (record) => record.zone_id === zone.id && ["A", "AAAA", "CNAME"].includes(record.type),
  );
  const wildcard = `*.${hostname.split(".").slice(1).join(".")}`;
  const record =
    addresses.find((candidate) => candidate.name === hostname) ?? addresses.find((candidate) => candidate.name === wildcard);
  if (!record) return { kind: "no such host" };
  if (!record.proxied) return { kind: "not proxied", record };
  if (record.type === "CNAME" && record.content.endsWith(tunnelSuffix))
    return { kind: "tunnel", zone, tunnelId: record.content.slice(0, -tunnelSuffix.length) };
  return { kind: "address", zone, address: record.content };
}

/** The application with the most specific domain and path: an exact host before a wildcard, then the longer path. It inherits nothing. */
export function applicationFor(core: Core, hostname: string, path: string): App | undefined {
  const covering: { readonly app: App; readonly host: string; readonly prefix: string }[] = [];
  for (const app of core.state.apps) {
    if (app.type !== "self_hosted") continue;
    for (const destination of app.destinations) {
      const uri = destination.type === "public" ? (destination.uri ?? "") : "";
      const end = uri.includes("/") ? uri.indexOf("/") : uri.length;
      const [host, prefix] = [uri.slice(0, end), uri.slice(end)];
      if (hostMatches(host, hostname) && pathMatches(prefix, path)) covering.push({ app, host, prefix });
    }
  }
  const specific = ({ host, prefix }: { host: string; prefix: string }) => [
    host.includes("*") ? 0 : 1,
    prefix.length,
    host.length,
  ];
  covering.sort((one, other) => compare(specific(other), specific(one)));
  return covering[0]?.app;
}

export type Ingress =
  | { readonly kind: "no tunnel" }
  | { readonly kind: "no connector" }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "service"; readonly rule: IngressRule; readonly hint: string | undefined };

/** What the tunnel's connector does with the request: the first rule whose hostname and path (a regular expression) match. */
export function ingress(core: Core, tunnelId: string, hostname: string, path: string): Ingress {
  const tunnel: Tunnel | undefined = core.state.tunnels.find((candidate) => candidate.id === tunnelId);
  if (!tunnel || tunnel.deleted_at !== null) return { kind: "no tunnel" };
  const connector = core.state.connectors.find((candidate) => candidate.tunnel_id === tunnelId);
  if (!connector) return { kind: "no connector" };
  const configuration = core.state.tunnelConfigurations.find((candidate) => candidate.tunnel_id === tunnelId);
  // A tunnel of source "local" reads a file beside cloudflared and never asks the API.
  const rules = tunnel.config_src === "cloudflare" ? (configuration?.config.ingress ?? []) : [];
  const rule = rules.find(
    (candidate) =>
      (!candidate.hostname || hostMatches(candidate.hostname, hostname)) &&
      (!candidate.path || regular(candidate.path).test(path)),
  );
  if (!rule) return { kind: "status", status: 503 };
  const status = /^http_status:(\d{3})$/.exec(rule.service)?.[1];
  return status === undefined ? { kind: "service", rule, hint: connector.hint } : { kind: "status", status: Number(status) };
}

/** Whether the organization blocks a hostname that no application covers. */
export function deniesUnmatched(core: Core, zone: Zone): boolean {
  const exempt = core.state.organization.deny_unmatched_requests_exempted_zone_names;
  return core.state.organization.deny_unmatched_requests === true && !(Array.isArray(exempt) && exempt.includes(zone.name));
}

function hostMatches(pattern: string, hostname: string): boolean {
  if (pattern === hostname) return true;
  return pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : pattern.toLowerCase() === hostname;
}

/** `/alpha` covers itself and what is below it; `/alpha/*` covers only what is below it. */
function pathMatches(pattern: string, path: string): boolean {
  if (pattern === "" || pattern === "/") return true;
  if (!pattern.includes("*")) return path === pattern || path.startsWith(pattern.endsWith("/") ? pattern : `${pattern}/`);
  const source = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}(?:/.*)?$`).test(path);
}

function regular(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch {
    return /$^/;
  }
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [index, value] of one.entries()) {
    const difference = value - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
