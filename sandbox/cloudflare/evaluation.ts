/** Who gets in: an application's policies judged for one subject (reference: cloudflare 1.3). */
import type { Core } from "./core.ts";
import type { App, Policy, Rule } from "./objects.ts";

/** A person as an identity provider tells of them. */
export interface Person {
  readonly kind: "person";
  /** In lower case. */
  readonly email: string;
  readonly idpId: string;
  readonly githubOrganizations: readonly { readonly name: string; readonly team?: string | undefined }[];
  /** Addresses of Google groups. */
  readonly groups: readonly string[];
  readonly ip: string;
  readonly country: string;
}
export type Subject =
  | Person
  | { readonly kind: "service"; readonly tokenId: string; readonly ip: string; readonly country: string }
  | { readonly kind: "anonymous"; readonly ip: string; readonly country: string };

export type Judgement =
  | { readonly decision: "allow" | "deny" | "bypass" | "non_identity"; readonly policy: Pick<Policy, "id" | "session_duration"> }
  | { readonly decision: "none" };

/** Service Auth and bypass policies first, then allow and deny in order of precedence: the first match ends. No match lets nobody in. */
export function judge(core: Core, app: App, subject: Subject): Judgement {
  const policies = app.policies
    .toSorted((one, other) => one.precedence - other.precedence)
    .flatMap((held) => {
      const policy = "include" in held ? held : core.state.policies.find((candidate) => candidate.id === held.id);
      return policy ? [policy] : [];
    });
  const first = policies.filter((policy) => policy.decision === "bypass" || policy.decision === "non_identity");
  const then = policies.filter((policy) => policy.decision === "allow" || policy.decision === "deny");
  // Without an identity only bypass and service policies can match; with a service token, allow and deny are not asked.
  const asked = subject.kind === "person" ? [...first, ...then] : first;
  for (const policy of asked) {
    if (policy.decision === "non_identity" && subject.kind !== "service") continue;
    if (holds(core, policy, subject)) return { decision: policy.decision, policy };
  }
  return { decision: "none" };
}

/** include = one of, require = all of, exclude = none of. */
function holds(
  core: Core,
  rules: { include: Rule[]; require: Rule[]; exclude: Rule[] },
  subject: Subject,
  within: readonly string[] = [],
): boolean {
  const met = (rule: Rule) => meets(core, rule, subject, within);
  return rules.include.some(met) && rules.require.every(met) && !rules.exclude.some(met);
}

function meets(core: Core, rule: Rule, subject: Subject, within: readonly string[]): boolean {
  const [selector, value = {}] = Object.entries(rule)[0] ?? [];
  const person = subject.kind === "person" ? subject : undefined;
  const text = (field: string) => String(value[field] ?? "").toLowerCase();
  switch (selector) {
    case "everyone":
      return true;
    case "email":
      return person?.email === text("email");
    case "email_domain":
      return person?.email.split("@")[1] === text("domain");
    case "login_method":
      return person?.idpId === value.id;
    case "github-organization":
      return (
        person !== undefined &&
        person.idpId === value.identity_provider_id &&
        person.githubOrganizations.some(
          ({ name, team }) =>
            name.toLowerCase() === text("name") && (value.team === undefined || team?.toLowerCase() === text("team")),
        )
      );
    case "gsuite":
      return (
        person !== undefined &&
        person.idpId === value.identity_provider_id &&
        person.groups.some((group) => group.toLowerCase() === text("email"))
      );
    case "group": {
      const group = core.state.groups.find((candidate) => candidate.id === value.id);
      return group !== undefined && !within.includes(group.id) && holds(core, group, subject, [...within, group.id]);
    }
    case "service_token":
      return subject.kind === "service" && subject.tokenId === value.token_id;
    case "any_valid_service_token":
      return subject.kind === "service";
    case "geo":
      return subject.country.toLowerCase() === text("country_code");
    case "ip":
      return inRange(subject.ip, text("ip"));
    default:
      // Selectors that need what the sandbox does not have (devices, certificates, other providers) are met by nobody.
      return false;
  }
}

/** IPv4 ranges; an IPv6 address only as itself. */
function inRange(ip: string, range: string): boolean {
  const [base = "", bits = "32"] = range.split("/");
  const number = (address: string) => {
    const parts = address.split(".").map(Number);
    if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
    return parts.reduce((sum, part) => sum * 256 + part, 0);
  };
  const [one, other] = [number(ip), number(base)];
  if (one === undefined || other === undefined) return ip.toLowerCase() === base;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(one / size) === Math.floor(other / size);
}
