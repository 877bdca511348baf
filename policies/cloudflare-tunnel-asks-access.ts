/** cloudflared checks the log-in again, rule by rule: without `access` in a rule it hands everything on, also what came around Access. */
import { at, list, type ResourceRule, shown, uidOf, type Value } from "./rule.ts";

export const cloudflareTunnelAsksAccess: ResourceRule = {
  name: "cloudflare-tunnel-asks-access",
  description:
    "Every way through a tunnel asks for the log-in, but for paths that the tenant's file opens; everything else is 404",
  async check({ type, name, props }, facts) {
    if (!/^cloudflare:index\/zeroTrustTunnelCloudflaredConfig:/.test(type)) return [];
    const ingresses = list(at(props, "config", "ingresses"));
    if (!ingresses)
      return [
        `config.ingresses is ${shown(at(props, "config", "ingresses"))}. Write the rules out, so that a preview can show them`,
      ];
    const unguarded = ingresses.slice(0, -1).flatMap((ingress, index) => (isGuarded(ingress) ? [] : [{ ingress, index }]));
    const uid = uidOf(name);
    const open = uid === undefined || unguarded.length === 0 ? [] : (await facts.openPaths(uid)).map(pattern);
    const wrong = unguarded
      .filter(({ ingress }) => !open.some((path) => path === at(ingress, "path")))
      .map(({ ingress, index }) => {
        const path = at(ingress, "path");
        const place = `config.ingresses[${index}] lets people through without a log-in`;
        return `${place}${path === undefined ? "" : ` at ${shown(path)}`}. Give it originRequest.access {required: true, teamName, audTags}, or name the path in access.publicPaths of the tenant's file`;
      });
    const last = ingresses.at(-1);
    if (at(last, "service") !== "http_status:404" || at(last, "hostname") !== undefined || at(last, "path") !== undefined)
      wrong.push(
        `the last of config.ingresses leads to ${shown(at(last, "service"))}. Let it answer everything that is left: {service: "http_status:404"}`,
      );
    return wrong;
  },
};

function isGuarded(ingress: Value): boolean {
  const service = at(ingress, "service");
  if (typeof service === "string" && service.startsWith("http_status:")) return true;
  const access = (name: string) => at(ingress, "originRequest", "access", name);
  return access("required") === true && (list(access("audTags"))?.length ?? 0) > 0 && access("teamName") !== undefined;
}

/** How the plan writes an open path (infra/plan-edge.ts); another way of writing it is refused, which is the safe side. */
function pattern(path: string): string {
  return `^${path.replaceAll(".", "\\.")}(/|$)`;
}
