/** A name that points anywhere but to a tunnel, or that Cloudflare does not stand in front of, leads past the log-in. */
import { at, type ResourceRule, type StackRule, shown, unknown } from "./rule.ts";

const dnsType = /^cloudflare:index\/(?:dnsRecord:DnsRecord|record:Record)$/;
const tunnelType = /^cloudflare:index\/zeroTrustTunnelCloudflared:/;
const target = /^[0-9a-f-]{36}\.cfargotunnel\.com$/;
const fix = "Point it to the tenant's tunnel: proxied CNAME to <tunnel id>.cfargotunnel.com";

/** A target that is not known yet is judged by `up`, before the record is made, and in the preview by cloudflareDnsFollowsTunnel. */
export const cloudflareDnsOnlyTunnels: ResourceRule = {
  name: "cloudflare-dns-only-tunnels",
  description: "DNS records are proxied names of tunnels, nothing else",
  check({ type, props }) {
    if (!dnsType.test(type)) return [];
    const [kind, proxied, content] = [at(props, "type"), at(props, "proxied"), at(props, "content")];
    const wrong: string[] = [];
    if (kind !== "CNAME") wrong.push(`type is ${shown(kind)}, not "CNAME"`);
    if (proxied !== true) wrong.push(`proxied is ${shown(proxied)}, not true`);
    if (content !== unknown && !(typeof content === "string" && target.test(content)))
      wrong.push(`content is ${shown(content)}, not a tunnel's name`);
    return wrong.length > 0 ? [`${wrong.join("; ")}. ${fix}`] : [];
  },
};

export const cloudflareDnsFollowsTunnel: StackRule = {
  name: "cloudflare-dns-follows-tunnel",
  description: "A DNS record whose target is not known yet gets it from a tunnel",
  check: (resources) =>
    resources
      .filter(({ type, props }) => dnsType.test(type) && at(props, "content") === unknown)
      .filter(({ sources }) => !(sources.content ?? []).some((type) => tunnelType.test(type)))
      .map(({ urn }) => ({ urn, message: `content is not known before up and comes from no tunnel. ${fix}` })),
};
