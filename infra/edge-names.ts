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

/** `GitHub fleet:prod:account` */
export function identityProviderName(title: string, mark: string): string {
  return `${title} ${mark}`;
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
}

const slug = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
/** Before the marker; the group is the part. */
const shapes: Readonly<Record<string, RegExp>> = {
  policy: new RegExp(`^${slug} (members|public)$`),
  application: new RegExp(`^${slug}(|/\\S*)$`),
  tunnel: new RegExp(`^${slug}()$`),
  identityProvider: /^\S.*?()$/,
};

/** What this stack has the object for; undefined for everything that does not look exactly as this program makes it: another stack's, a person's, a copy of
 *  ours under another name. The slug does not count: people change it. */
export function thingOf({ kind, name, type, comment }: Named, stack: string): Thing | undefined {
  const text = kind === "dnsRecord" ? comment : name;
  const marked = findMarker(text);
  if (marked?.stack !== stack) return undefined;
  const owner = marked.uid;
  const mark = `fleet:${stack}:${owner}`;
  if (kind === "dnsRecord") return text === mark && type === "CNAME" ? { owner, key: `${kind} ${owner}` } : undefined;
  const shared = kind === "identityProvider";
  if (!text.endsWith(` ${mark}`) || (owner === "account") !== shared) return undefined;
  const part = shapes[kind]?.exec(text.slice(0, -mark.length - 1))?.[1];
  return part === undefined ? undefined : { owner, key: [kind, owner, shared ? type : part].join(" ").trimEnd() };
}
