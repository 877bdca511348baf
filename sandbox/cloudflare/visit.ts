/** A person's request without HTTP, for played traffic: the same DNS, application, policies, seats, sessions and ingress as the edge's. */
import type { Core } from "./core.ts";
import { judge, type Person, type Subject } from "./evaluation.ts";
import { identityOfPerson, type LoginResult, liveSession, logIn, renew } from "./login.ts";
import type { App, IngressRule } from "./objects.ts";
import { applicationFor, deniesUnmatched, ingress, target } from "./routing.ts";
import { countRequest } from "./traffic.ts";

export interface Visit {
  readonly hostname: string;
  /** Without query; default `/`. */
  readonly path?: string;
  /** Absent: somebody who does not log in. */
  readonly email?: string;
  /** Id or type of an identity provider (`github`, `google`, `google-apps`, `onetimepin`); default: the first one that the application allows. */
  readonly loginMethod?: string;
  readonly githubOrganizations?: readonly { readonly name: string; readonly team?: string | undefined }[];
  /** Google groups. */
  readonly groups?: readonly string[];
  readonly ip?: string;
  readonly country?: string;
  /** Epoch milliseconds; may lie in the past. */
  readonly atMs: number;
}

export type VisitOutcome =
  | "origin"
  | "denied"
  | "login required"
  | "no such host"
  | "not proxied"
  | "blocked"
  | "no tunnel"
  | "no connector"
  | "no ingress"
  | "refused by connector";

export interface VisitResult {
  readonly outcome: VisitOutcome;
  /** A log-in took place (a row was written for it unless it was a silent renewal and these write none). */
  readonly loggedIn: boolean;
  readonly reason?: string;
  readonly appUid?: string;
  readonly tunnelId?: string;
  readonly serviceUrl?: string;
  /** What `connectTunnel` was told beside the connector that serves this. */
  readonly connectorHint?: string;
}

export function visit(core: Core, given: Visit): VisitResult {
  const hostname = given.hostname.toLowerCase();
  const path = given.path ?? "/";
  const aim = target(core, hostname);
  if (aim.kind === "no such host" || aim.kind === "not proxied") return { outcome: aim.kind, loggedIn: false };
  const app = applicationFor(core, hostname, path);
  const end = (
    outcome: VisitOutcome,
    status: number,
    more: Omit<VisitResult, "outcome" | "loggedIn"> & { loggedIn?: boolean } = {},
  ) => {
    countRequest(core, aim.zone.id, hostname, status, given.atMs);
    return { outcome, loggedIn: false, ...(app && { appUid: app.id }), ...more };
  };
  if (!app && deniesUnmatched(core, aim.zone)) return end("blocked", 403);
  const entry = app ? enter(core, app, given) : { kind: "open" as const, loggedIn: false };
  if (entry.kind === "login required") return end("login required", 302);
  if (entry.kind === "denied") return end("denied", 403, { reason: entry.reason });
  const { loggedIn } = entry;
  if (aim.kind === "address") return end("origin", 200, { loggedIn, serviceUrl: `https://${aim.address}` });
  const { tunnelId } = aim;
  const way = ingress(core, tunnelId, hostname, path);
  if (way.kind === "no tunnel" || way.kind === "no connector") return end(way.kind, 530, { loggedIn, tunnelId });
  if (way.kind === "status") return end("no ingress", way.status, { loggedIn, tunnelId });
  if (!passesConnector(core, way.rule, entry.kind === "identified" ? app : undefined))
    return end("refused by connector", 403, { loggedIn, tunnelId });
  const hint = way.hint === undefined ? {} : { connectorHint: way.hint };
  return end("origin", 200, { loggedIn, tunnelId, serviceUrl: way.rule.service, ...hint });
}

type Entry =
  | { readonly kind: "open" | "identified"; readonly loggedIn: boolean }
  | { readonly kind: "login required" }
  | { readonly kind: "denied"; readonly reason: string };

function enter(core: Core, app: App, given: Visit): Entry {
  const ip = given.ip ?? "198.51.100.7";
  const country = given.country ?? "US";
  const anonymous: Subject = { kind: "anonymous", ip, country };
  if (judge(core, app, anonymous).decision === "bypass") return { kind: "open", loggedIn: false };
  const email = given.email?.toLowerCase();
  if (email === undefined) return { kind: "login required" };
  if (liveSession(core, email, app.id, given.atMs)) return { kind: "identified", loggedIn: false };
  const idpId = provider(core, app, given.loginMethod);
  if (idpId === undefined) return { kind: "denied", reason: `no log-in method ${given.loginMethod ?? "at all"}` };
  const person: Person = {
    kind: "person",
    email,
    idpId,
    githubOrganizations: given.githubOrganizations ?? [],
    groups: given.groups ?? [],
    ip,
    country,
  };
  const global = identityOfPerson(core, email, given.atMs);
  const silent = global !== undefined && (given.loginMethod === undefined || global.idp.id === idpId);
  const result: LoginResult = silent ? renew(core, app, global, given.atMs) : logIn(core, app, person, given.atMs);
  return result.outcome === "allowed" ? { kind: "identified", loggedIn: true } : { kind: "denied", reason: result.reason };
}

/** The id of the provider that is meant. An account without any still has one-time PINs. */
function provider(core: Core, app: App, wanted: string | undefined): string | undefined {
  const all = core.state.identityProviders;
  if (all.length === 0 && (wanted ?? "onetimepin") === "onetimepin") return "onetimepin";
  const offered = app.allowed_idps.length === 0 ? all : all.filter((held) => app.allowed_idps.includes(held.id));
  if (wanted === undefined) return offered[0]?.id;
  // A method that the application does not allow is still a method: the log-in says that it is not allowed.
  return [...offered, ...all].find((held) => held.id === wanted || held.type === wanted)?.id;
}

/** cloudflared judges by the rule's own `access` alone: a block at the top of the configuration is ignored (cloudflared 784). */
export function passesConnector(core: Core, rule: IngressRule, identifiedFor: App | undefined): boolean {
  const access = rule.originRequest?.access;
  if (!access?.required) return true;
  const team = core.state.organization.auth_domain.split(".")[0];
  return identifiedFor !== undefined && access.teamName === team && (access.audTag ?? []).includes(identifiedFor.aud);
}
