/** Slugs are hostnames that people trust: some belong to the operator, and none may be mistaken for another. */
import { tenantSlugPattern } from "../domain/ids.ts";

/** Hostname labels that a tenant never gets: the operator's own services, and names that people take for them. */
export const reservedSlugs: readonly string[] = [
  "abuse",
  "access",
  "account",
  "accounts",
  "admin",
  "administrator",
  "ai-diy",
  "api",
  "app",
  "apps",
  "assets",
  "auth",
  "autoconfig",
  "autodiscover",
  "billing",
  "blog",
  "cdn",
  "checkout",
  "cloudflare",
  "console",
  "dashboard",
  "demo",
  "dev",
  "docs",
  "fleet",
  "ftp",
  "gateway",
  "github",
  "google",
  "help",
  "hostmaster",
  "imap",
  "internal",
  "invoice",
  "invoices",
  "isatap",
  "localhost",
  "login",
  "logout",
  "mail",
  "mta-sts",
  "mx",
  "noc",
  "ns",
  "ns1",
  "ns2",
  "oauth",
  "operator",
  "pay",
  "payment",
  "pop",
  "portal",
  "postmaster",
  "prod",
  "railway",
  "root",
  "sandbox",
  "security",
  "signin",
  "signup",
  "smtp",
  "ssladmin",
  "sso",
  "staging",
  "static",
  "status",
  "stripe",
  "support",
  "sysadmin",
  "test",
  "tunnel",
  "webmail",
  "webmaster",
  "wpad",
  "www",
];

/** What is wrong with a slug by itself; undefined when nothing is. */
export function slugProblem(slug: string): string | undefined {
  if (!tenantSlugPattern.test(slug) || slug.includes("--"))
    return `${JSON.stringify(slug).replaceAll(/\p{C}/gu, "?")} is not a slug: 2 to 40 of a-z, 0-9 and single inner hyphens, beginning with a letter (the file's name is the hostname)`;
  const taken = reservedSlugs.find((reserved) => reserved === slug);
  if (taken) return `"${slug}" is reserved for the operator's own services; choose another slug`;
  const alike = reservedAppearances.get(appearance(slug));
  return alike ? `"${slug}" looks like "${alike}", which is reserved; choose another slug` : undefined;
}

/** What is left of a slug for a hurried eye: two slugs with the same appearance cannot stand side by side. */
export function appearance(slug: string): string {
  return slug
    .replaceAll("-", "")
    .replaceAll("rn", "m")
    .replaceAll("vv", "w")
    .replaceAll("cl", "d")
    .replaceAll("0", "o")
    .replaceAll(/[1i]/g, "l")
    .replaceAll("5", "s");
}

const reservedAppearances = new Map(reservedSlugs.map((reserved) => [appearance(reserved), reserved]));
