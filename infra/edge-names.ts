/** PURE. What the edge's objects are called at Cloudflare, and back: whose they are and which part of it. Names are the only field that can carry the marker
 *  there; records have a comment. */
import { findMarker } from "../domain/marker.ts";

/** Which of a tenant's policies. */
export type PolicyPart = "members" | "public";

/** `acme members fleet:prod:tn_…` */
export function policyName(slug: string, part: PolicyPart, mark: string): string {
  return `${slug} ${part} ${mark}`;
}

/** `acme fleet:prod:tn_…`, and `acme/docs fleet:prod:tn_…` for a path of its own. */
export function applicationName(slug: string, path: string, mark: string): string {
  return `${slug}${path} ${mark}`;
}

/** `acme fleet:prod:tn_…` */
export function tunnelName(slug: string, mark: string): string {
  return `${slug} ${mark}`;
}

/** Cloudflare's types of identity providers that are made here, and what people read on the log-in page. */
const titles = { github: "GitHub", google: "Google", "google-apps": "Google Workspace", onetimepin: "Code by e-mail" } as const;
export type IdentityProviderType = keyof typeof titles;

/** `GitHub fleet:prod:account` */
export function identityProviderName(type: IdentityProviderType, mark: string): string {
  return `${titles[type]} ${mark}`;
}

/** What an object is for: of two with the same key one is too many. */
export interface Thing {
  /** A tenant's uid, or `account`. */
  readonly owner: string;
  readonly key: string;
}

/** The fields that tell it, of a vendor's object as of a program's arguments. */
export interface Named {
  readonly kind: string;
  readonly name: string;
  readonly type: string;
  readonly comment: string;
  /** Hostname and path that an application stands before; else empty. */
  readonly domain: string;
}

const slug = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
/** Before the marker: the slug and the part. */
const shapes: Readonly<Record<string, RegExp>> = {
  policy: new RegExp(`^(${slug}) (members|public)$`),
  application: new RegExp(`^(${slug})(|/\\S*)$`),
  tunnel: new RegExp(`^(${slug})()$`),
};

/** What this stack has the object for; undefined for everything that does not look exactly as this program makes it: another stack's, a person's, a copy of
 *  ours under another name or before another hostname. The slug does not count, because people change it; a record's hostname does: beside ours, a person's
 *  own may lead to the same tunnel, with our comment, and people use it. */
export function thingOf(named: Named, stack: string): Thing | undefined {
  const { kind, name, type, comment } = named;
  const text = kind === "dnsRecord" ? comment : name;
  const marked = findMarker(text);
  if (marked?.stack !== stack) return undefined;
  const owner = marked.uid;
  const mark = `fleet:${stack}:${owner}`;
  if (kind === "dnsRecord") return text === mark && type === "CNAME" ? { owner, key: `${kind} ${owner} ${name}` } : undefined;
  if (!text.endsWith(` ${mark}`) || (owner === "account") !== (kind === "identityProvider")) return undefined;
  const before = text.slice(0, -mark.length - 1);
  if (kind === "identityProvider")
    return Object.entries(titles).some(([known, title]) => known === type && title === before)
      ? { owner, key: `${kind} ${owner} ${type}` }
      : undefined;
  const [, tenant, part] = shapes[kind]?.exec(before) ?? [];
  if (tenant === undefined || part === undefined) return undefined;
  if (kind === "application" && !guards(named, `${tenant}.`, part)) return undefined;
  return { owner, key: [kind, owner, part].join(" ").trimEnd() };
}

/** Whether an application stands before a hostname that begins so, at this path alone: one that guards something else may be all that does. */
function guards({ domain }: Named, host: string, path: string): boolean {
  return domain.startsWith(host) && domain.endsWith(path) && !domain.slice(0, domain.length - path.length).includes("/");
}
