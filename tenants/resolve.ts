/** Entry + plan + the stack's settings → a tenant with everything filled in. Pure. What the infrastructure does not build is refused, never ignored. */

import { OperatorError, type Problem, RefusedError } from "../domain/error.ts";
import type { TenantSlug, TenantUid } from "../domain/ids.ts";
import type { TenantFile } from "./load.ts";
import type { Plan } from "./plan.ts";
import { type LoginMethod, loginMethods, type MemberEntry, type TenantState } from "./schema.ts";

export type Member =
  | { readonly kind: "email"; readonly address: string }
  | { readonly kind: "emailDomain"; readonly domain: string }
  | { readonly kind: "githubOrganization"; readonly organization: string; readonly team: string | null }
  | { readonly kind: "googleGroup"; readonly address: string };

/** A tenant with nothing left to default. Addresses are as in the file: sealed, or plain where the stack allows it (open.ts opens them). */
export interface Tenant {
  readonly uid: TenantUid;
  readonly slug: TenantSlug;
  readonly name: string;
  readonly stack: string;
  /** For messages: `tenants/prod/acme.yaml`. */
  readonly file: string;
  readonly plan: Plan;
  readonly state: TenantState;
  readonly access: {
    readonly members: readonly Member[];
    /** In alphabetical order. */
    readonly loginMethods: readonly LoginMethod[];
    readonly sessionDuration: string;
    readonly publicPaths: readonly string[];
  };
  readonly app: {
    readonly release: string;
    /** By digest: `registry/name@sha256:…`. */
    readonly image: string;
    readonly region: string;
    readonly memoryGB: number;
    readonly vCPUs: number;
    readonly volumeGB: number;
    readonly sleep: boolean;
    readonly variables: Readonly<Record<string, string>>;
  };
  readonly billing: {
    readonly customer: string | null;
    readonly exempt: string | null;
    readonly budgetHours: number | null;
    readonly graceUntil: string | null;
  };
}

/** What the stack's settings say where an entry says nothing. */
export interface StackDefaults {
  /** Release channel → image by digest. */
  readonly releases: Readonly<Record<string, string>>;
  readonly defaultRelease: string;
  readonly region: string;
  /** The log-in methods that the account has an identity provider for. */
  readonly loginMethods: readonly LoginMethod[];
}

/** Fills in all tenants. Throws RefusedError (exit 5) where an entry asks for what is not built, OperatorError where it contradicts the stack's settings; all problems at once. */
export function resolveStack(files: readonly TenantFile[], defaults: StackDefaults): readonly Tenant[] {
  const refused = files.flatMap(refusals);
  const wrong: Problem[] = [];
  const tenants = files.map((file) => resolveTenant(file, defaults, wrong));
  if (wrong.length) throw new OperatorError([...wrong, ...refused]);
  if (refused.length) throw new RefusedError(refused);
  return tenants;
}

function refusals(file: TenantFile): Problem[] {
  const problems: Problem[] = [];
  const { adopt } = file.entry;
  if (adopt) problems.push(at(file, ["adopt"], "bringing in an existing instance is not built yet; leave adopt out"));
  return problems;
}

function resolveTenant(file: TenantFile, defaults: StackDefaults, problems: Problem[]): Tenant {
  const { entry, plan } = file;
  const app = entry.app ?? {};
  const billing = entry.billing ?? {};
  const release = app.release ?? defaults.defaultRelease;
  const image = Object.hasOwn(defaults.releases, release) ? defaults.releases[release] : undefined;
  if (image === undefined) {
    const known = Object.keys(defaults.releases).sort().join(", ") || "none";
    problems.push(at(file, ["app", "release"], `"${release}" is not a release of this stack (fleet:releases: ${known})`));
  }
  return {
    uid: entry.uid as TenantUid,
    slug: file.slug,
    name: entry.name,
    stack: file.stack,
    file: file.file,
    plan,
    state: entry.state ?? "active",
    access: {
      members: entry.access.members.map(memberOf),
      loginMethods: methodsOf(file, defaults, problems),
      sessionDuration: entry.access.sessionDuration ?? plan.sessionDuration,
      publicPaths: [...(entry.access.publicPaths ?? [])].sort(),
    },
    app: {
      release,
      image: image ?? "",
      region: app.region ?? defaults.region,
      memoryGB: app.memoryGB ?? plan.app.memoryGB,
      vCPUs: app.vCPUs ?? plan.app.vCPUs,
      volumeGB: app.volumeGB ?? plan.app.volumeGB,
      sleep: app.sleep ?? plan.app.sleep,
      variables: app.variables ?? {},
    },
    billing: {
      customer: billing.customer ?? null,
      exempt: billing.exempt ?? null,
      budgetHours: billing.budgetHours ?? null,
      graceUntil: billing.graceUntil ?? null,
    },
  };
}

/** The log-in methods of a tenant: each must have an identity provider, and each kind of member one that can prove it. */
function methodsOf(file: TenantFile, defaults: StackDefaults, problems: Problem[]): readonly LoginMethod[] {
  const { members, loginMethods: asked } = file.entry.access;
  const methods = loginMethods.filter((method) => (asked ?? defaults.loginMethods).includes(method)).sort();
  for (const method of methods) {
    if (!defaults.loginMethods.includes(method))
      problems.push(
        at(
          file,
          ["access", "loginMethods"],
          `${method} has no identity provider in this stack (fleet:loginMethods: ${defaults.loginMethods.join(", ") || "none"})`,
        ),
      );
  }
  for (const [index, member] of members.entries()) {
    const need = member.githubOrganization ? "github" : member.googleGroup ? "googleWorkspace" : undefined;
    if (need && !methods.includes(need))
      problems.push(
        at(
          file,
          ["access", "members", index],
          `can only log in with ${need}, which is not among the log-in methods (${methods.join(", ")})`,
        ),
      );
  }
  return methods;
}

function memberOf(member: MemberEntry): Member {
  if (member.email !== undefined) return { kind: "email", address: member.email };
  if (member.emailDomain !== undefined) return { kind: "emailDomain", domain: member.emailDomain };
  if (member.githubOrganization !== undefined)
    return { kind: "githubOrganization", organization: member.githubOrganization, team: member.team ?? null };
  if (member.googleGroup !== undefined) return { kind: "googleGroup", address: member.googleGroup };
  throw new Error("bug: a member without a kind passed the schema");
}

function at(file: TenantFile, path: readonly (string | number)[], message: string): Problem {
  return { file: file.file, ...file.place(path), message: `${path.join(".")}: ${message}` };
}
