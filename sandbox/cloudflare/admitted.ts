/** Somebody whom a hostname's policies let in, so that played traffic needs no names. */
import type { Core } from "./core.ts";
import { judge, type Person } from "./evaluation.ts";
import type { App, Rule } from "./objects.ts";
import { applicationFor } from "./routing.ts";

export interface Admitted {
  readonly email: string;
  /** Id of the identity provider. */
  readonly loginMethod: string;
  readonly githubOrganizations: readonly { readonly name: string; readonly team?: string | undefined }[];
  readonly groups: readonly string[];
}

/** The first person, in the order of the policies' rules, that the application behind this hostname lets in now; undefined when it lets nobody in. */
export function someoneAdmitted(core: Core, hostname: string, path = "/"): Admitted | undefined {
  const app = applicationFor(core, hostname.toLowerCase(), path);
  if (!app) return undefined;
  const providers = app.allowed_idps.length > 0 ? app.allowed_idps : core.state.identityProviders.map(({ id }) => id);
  for (const rule of includesOf(core, app)) {
    for (const idpId of providers.length > 0 ? providers : ["onetimepin"]) {
      const person = suited(rule, hostname, idpId);
      if (person && judge(core, app, person).decision === "allow")
        return {
          email: person.email,
          loginMethod: idpId,
          githubOrganizations: person.githubOrganizations,
          groups: person.groups,
        };
    }
  }
  return undefined;
}

/** Hostnames with a proxied record that leads to a tunnel. */
export function tunnelHostnames(core: Core): string[] {
  const leading = core.state.dnsRecords.filter((record) => record.proxied && record.content.endsWith(".cfargotunnel.com"));
  return leading.map((record) => record.name).toSorted();
}

function includesOf(core: Core, app: App): Rule[] {
  const policies = app.policies
    .toSorted((one, other) => one.precedence - other.precedence)
    .map((held) => ("include" in held ? held : core.state.policies.find((policy) => policy.id === held.id)));
  const open = (rules: readonly Rule[], within: readonly string[]): Rule[] =>
    rules.flatMap((rule) => {
      const id = rule.group?.id;
      if (typeof id !== "string" || within.includes(id)) return [rule];
      return open(core.state.groups.find((group) => group.id === id)?.include ?? [], [...within, id]);
    });
  return policies.flatMap((policy) => (policy?.decision === "allow" ? open(policy.include, []) : []));
}

/** A person made for one rule and one way to log in. */
function suited(rule: Rule, hostname: string, idpId: string): Person | undefined {
  const [selector, value = {}] = Object.entries(rule)[0] ?? [];
  const text = (field: string) => (typeof value[field] === "string" ? value[field] : "");
  const visitor = `visitor@${hostname.toLowerCase()}`;
  const base: Person = {
    kind: "person",
    email: visitor,
    idpId,
    githubOrganizations: [],
    groups: [],
    ip: "198.51.100.7",
    country: "US",
  };
  switch (selector) {
    case "email":
      return { ...base, email: text("email").toLowerCase() };
    case "email_domain":
      return { ...base, email: `visitor@${text("domain").toLowerCase()}` };
    case "github-organization":
      return { ...base, githubOrganizations: [{ name: text("name"), ...(value.team !== undefined && { team: text("team") }) }] };
    case "gsuite":
      return { ...base, groups: [text("email")] };
    case "everyone":
    case "login_method":
      return base;
    default:
      return undefined;
  }
}
