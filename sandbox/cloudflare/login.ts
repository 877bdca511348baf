/** A log-in: policies, seat, row in the log, sessions. The same for the log-in page and for played traffic. */
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { type Judgement, judge, type Person } from "./evaluation.ts";
import { type AccessRequest, type App, type AppSession, durationMs, type IdentitySession, type User } from "./objects.ts";
import { addUser, sweepSeats } from "./users.ts";

export type LoginResult =
  | { readonly outcome: "allowed"; readonly session: AppSession; readonly identity: IdentitySession }
  | { readonly outcome: "denied"; readonly reason: "policy" | "login method" | "seats" | "revoked just now" };

/** Logs a person in to an application at a moment that may lie in the past. Writes one row, allowed or not. */
export function logIn(core: Core, app: App, person: Person, atMs: number): LoginResult {
  // The log-in page does not offer other methods, so nothing is logged.
  if (app.allowed_idps.length > 0 && !app.allowed_idps.includes(person.idpId))
    return { outcome: "denied", reason: "login method" };
  const judgement = judge(core, app, person);
  const refuse = (reason: "policy" | "seats" | "revoked just now"): LoginResult => {
    const row = writeRow(core, app, person, atMs, { action: "login", allowed: false });
    core.state.failedLogins.push({
      email: person.email,
      app_uid: app.id,
      app_name: app.name ?? "",
      ray_id: row.ray_id,
      at: atMs,
    });
    return { outcome: "denied", reason };
  };
  if (judgement.decision !== "allow") return refuse("policy");
  const revoked = core.state.revocations[app.id];
  const wait = core.settings.refuseLoginAfterRevokeSeconds * 1_000;
  if (revoked !== undefined && atMs >= revoked && atMs - revoked < wait) return refuse("revoked just now");
  const user = seat(core, person.email, atMs);
  if (!user) return refuse("seats");
  writeRow(core, app, person, atMs, { action: "login", allowed: true, user_id: user.id });
  const identity = globalSession(core, user, person, atMs);
  return { outcome: "allowed", identity, session: openSession(core, app, judgement, identity, atMs) };
}

/** The token of this person for this application that is valid at this moment. */
export function liveSession(core: Core, email: string, appId: string, atMs: number): AppSession | undefined {
  return core.state.appSessions.findLast(
    (session) => session.email === email && session.app_uid === appId && isLive(session, atMs),
  );
}

export function liveIdentity(core: Core, nonce: string, atMs: number): IdentitySession | undefined {
  return core.state.identitySessions.findLast((session) => session.nonce === nonce && isLive(session, atMs));
}

/** The newest global session of a person that is alive at this moment. */
export function identityOfPerson(core: Core, email: string, atMs: number): IdentitySession | undefined {
  return core.state.identitySessions.findLast((session) => session.email === email && isLive(session, atMs));
}

/** A token for one more application, or after the old one expired, without asking the person: judged by the last identity. */
export function renew(core: Core, app: App, identity: IdentitySession, atMs: number): LoginResult {
  const person: Person = {
    kind: "person",
    email: identity.email,
    idpId: identity.idp.id,
    githubOrganizations: identity.github_organizations,
    groups: identity.groups,
    ip: identity.ip,
    country: identity.country,
  };
  const before = core.state.appSessions.some(
    (session) => session.identity_nonce === identity.nonce && session.app_uid === app.id,
  );
  if (!before || core.settings.silentRenewalWritesRow) return logIn(core, app, person, atMs);
  const judgement = judge(core, app, person);
  if (judgement.decision !== "allow") return logIn(core, app, person, atMs);
  return { outcome: "allowed", identity, session: openSession(core, app, judgement, identity, atMs) };
}

/** Ends all sessions of a person, as `/cdn-cgi/access/logout` does. */
export function logOut(core: Core, identity: IdentitySession, app: App | undefined, atMs: number): void {
  for (const session of [...core.state.appSessions, ...core.state.identitySessions])
    if (session.user_id === identity.user_id && isLive(session, atMs)) session.revoked_at = atMs;
  if (!app) return;
  const person = { email: identity.email, idpId: identity.idp.id, ip: identity.ip, country: identity.country };
  writeRow(core, app, person, atMs, { action: "logout", allowed: true, user_id: identity.user_id });
}

export function isLive(session: { iat: number; exp: number; revoked_at?: number | undefined }, atMs: number): boolean {
  return session.iat <= atMs && atMs < session.exp && (session.revoked_at === undefined || atMs < session.revoked_at);
}

/** The person's seat; a new person takes one, unless none is left. */
function seat(core: Core, email: string, atMs: number): User | undefined {
  sweepSeats(core, atMs);
  const known = core.state.users.find((user) => user.email === email);
  const taken = core.state.users.filter((user) => user.access_seat || user.gateway_seat).length;
  if (!known?.access_seat && taken >= core.settings.seats) return undefined;
  const user = known ?? addUser(core, email, undefined, atMs);
  const last = Math.max(atMs, Date.parse(user.last_successful_login ?? "") || 0);
  Object.assign(user, { access_seat: true, last_successful_login: isoSeconds(last), updated_at: isoSeconds(last) });
  return user;
}

function globalSession(core: Core, user: User, person: Person, atMs: number): IdentitySession {
  const held = identityOfPerson(core, person.email, atMs);
  if (held && held.idp.id === person.idpId) return held;
  const provider = core.state.identityProviders.find((candidate) => candidate.id === person.idpId);
  const identity: IdentitySession = {
    nonce: core.hex(8),
    user_id: user.id,
    email: person.email,
    idp: { id: person.idpId, type: provider?.type ?? "onetimepin" },
    github_organizations: person.githubOrganizations.map((organization) => ({ ...organization })),
    groups: [...person.groups],
    ip: person.ip,
    country: person.country,
    iat: atMs,
    exp: atMs + durationMs(core.state.organization.session_duration ?? "24h"),
  };
  core.state.identitySessions.push(identity);
  return identity;
}

/** The policy's session beats the application's. */
function openSession(
  core: Core,
  app: App,
  judgement: Extract<Judgement, { policy: unknown }>,
  identity: IdentitySession,
  atMs: number,
): AppSession {
  const session: AppSession = {
    nonce: core.hex(8),
    identity_nonce: identity.nonce,
    user_id: identity.user_id,
    email: identity.email,
    app_uid: app.id,
    iat: atMs,
    exp: atMs + durationMs(judgement.policy.session_duration ?? app.session_duration ?? "24h"),
  };
  core.state.appSessions.push(session);
  return session;
}

function writeRow(
  core: Core,
  app: App,
  person: Pick<Person, "email" | "idpId" | "ip" | "country">,
  atMs: number,
  what: { action: "login" | "logout"; allowed: boolean; user_id?: string },
): AccessRequest {
  const provider = core.state.identityProviders.find((candidate) => candidate.id === person.idpId);
  const row: AccessRequest = {
    ...what,
    user_email: person.email,
    ip_address: person.ip,
    country: person.country,
    app_uid: app.id,
    app_name: app.name ?? "",
    app_type: app.type,
    app_domain: app.domain ?? "",
    connection: provider?.type ?? "onetimepin",
    created_at: isoSeconds(atMs),
    ray_id: core.hex(8),
  };
  core.state.accessRequests.push(row);
  return row;
}
