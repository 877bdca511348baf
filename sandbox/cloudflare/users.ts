/** People who logged in, and the seats they hold: `A/access/users`, `A/access/seats` (reference: cloudflare 5.1, 6.3 item 15). */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { notFound, page, Refusal, readBody, success } from "./envelope.ts";
import { durationMs, type IdentitySession, type User } from "./objects.ts";

const day = 86_400_000;

export function userRoutes(core: Core): Hono {
  const routes = new Hono();
  const find = (context: Context): User => {
    const user = core.state.users.find((candidate) => candidate.id === context.req.param("id"));
    if (!user) throw notFound();
    return user;
  };
  const identities = (user: User) => core.state.identitySessions.filter((session) => session.user_id === user.id);
  routes.get("/", (context) => {
    sweepSeats(core, core.now());
    const { email, name, search } = context.req.query();
    const found = core.state.users.filter(
      (user) =>
        (email === undefined || user.email === email.toLowerCase()) &&
        (name === undefined || user.name === name) &&
        (search === undefined || `${user.email} ${String(user.name ?? "")}`.includes(search.toLowerCase())),
    );
    return page(context, found, 1_000, 1_000);
  });
  routes.post("/", async (context) => {
    const { email, name } = await readBody(context, z.looseObject({ email: z.string(), name: z.string().optional() }));
    if (core.state.users.some((user) => user.email === email.toLowerCase()))
      throw new Refusal(409, 12000, "access.api.error.conflict");
    return success(addUser(core, email.toLowerCase(), name, core.now()), 201);
  });
  routes.get("/:id", (context) => success(find(context)));
  routes.put("/:id", async (context) => {
    const user = find(context);
    const { name } = await readBody(context, z.looseObject({ name: z.string().optional() }));
    Object.assign(user, { name: name ?? user.name, updated_at: isoSeconds(core.now()) });
    return success(user);
  });
  routes.delete("/:id", (context) => {
    const user = find(context);
    for (const session of [...core.state.appSessions, ...core.state.identitySessions])
      if (session.user_id === user.id) session.revoked_at ??= core.now();
    core.state.users = core.state.users.filter((other) => other !== user);
    return success(null, 202);
  });
  routes.get("/:id/active_sessions", (context) => {
    const now = core.now();
    const live = identities(find(context)).filter((session) => session.exp > now && session.revoked_at === undefined);
    return page(
      context,
      live.map((session) => activeSession(core, session)),
      1_000,
      1_000,
    );
  });
  routes.get("/:id/failed_logins", (context) => {
    const user = find(context);
    const failed = core.state.failedLogins.filter((login) => login.email === user.email && login.at > core.now() - day);
    const rows = failed.map((login) => ({
      expiration: Math.floor((login.at + day) / 1_000),
      metadata: {
        app_name: login.app_name,
        aud: core.state.apps.find((app) => app.id === login.app_uid)?.aud ?? "",
        datetime: isoSeconds(login.at),
        ray_id: login.ray_id,
        user_email: login.email,
        user_uuid: user.id,
      },
    }));
    return page(context, rows, 1_000, 1_000);
  });
  routes.get("/:id/last_seen_identity", (context) => {
    const user = find(context);
    const newest = identities(user).toSorted((one, other) => other.iat - one.iat)[0];
    if (!newest) throw notFound();
    return success(identityOf(core, newest));
  });
  return routes;
}

/** `A/access/seats`: all three fields of each seat are required. */
export function seatRoutes(core: Core): Hono {
  const routes = new Hono();
  const Seats = z.array(z.looseObject({ seat_uid: z.string(), access_seat: z.boolean(), gateway_seat: z.boolean() }));
  routes.patch("/", async (context) => {
    const wanted = await readBody(context, Seats);
    const changed = wanted.map(({ seat_uid, access_seat, gateway_seat }) => {
      const user = core.state.users.find((candidate) => candidate.seat_uid === seat_uid);
      if (!user) throw notFound();
      Object.assign(user, { access_seat, gateway_seat, updated_at: isoSeconds(core.now()) });
      return { seat_uid, access_seat, gateway_seat, created_at: user.created_at, updated_at: user.updated_at };
    });
    return page(context, changed, 1_000, 1_000);
  });
  return routes;
}

/** A person who is not known yet, without a seat. A person who was removed and comes back is a new one. */
export function addUser(core: Core, email: string, name: string | undefined, atMs: number): User {
  const id = core.uuid();
  const at = isoSeconds(atMs);
  const user: User = {
    id,
    uid: id,
    email,
    name: name ?? "",
    access_seat: false,
    gateway_seat: false,
    seat_uid: core.uuid(),
    active_device_count: 0,
    created_at: at,
    updated_at: at,
  };
  core.state.users.push(user);
  return user;
}

/** Seats of people who were away longer than the organization allows are given back; looked at once a day by the vendor, here when seats matter. */
export function sweepSeats(core: Core, atMs: number): void {
  const limit = core.state.organization.user_seat_expiration_inactive_time;
  if (typeof limit !== "string") return;
  const sweep = Math.floor(atMs / day) * day;
  for (const user of core.state.users) {
    const last = Date.parse(user.last_successful_login ?? "");
    if (user.access_seat && last + durationMs(limit) < sweep) user.access_seat = false;
  }
}

/** What the vendor tells of an identity (`last_seen_identity`, `get-identity`). */
export function identityOf(core: Core, session: IdentitySession): Record<string, unknown> {
  return {
    account_id: core.state.accounts[0]?.id,
    user_uuid: session.user_id,
    email: session.email,
    idp: session.idp,
    groups: [...session.groups, ...session.github_organizations.map((organization) => organization.name)],
    geo: { country: session.country },
    ip: session.ip,
    iat: Math.floor(session.iat / 1_000),
    auth_status: "NONE",
    is_warp: false,
    is_gateway: false,
    service_token_status: false,
    version: 2,
  };
}

function activeSession(core: Core, session: IdentitySession): Record<string, unknown> {
  const opened = core.state.appSessions.filter(
    (token) => token.identity_nonce === session.nonce && token.revoked_at === undefined,
  );
  const apps = opened.flatMap((token) => {
    const app = core.state.apps.find((candidate) => candidate.id === token.app_uid);
    return app ? [[app.id, { hostname: app.domain ?? "", name: app.name ?? "", type: app.type, uid: app.id }]] : [];
  });
  const [iat, expires] = [Math.floor(session.iat / 1_000), Math.floor(session.exp / 1_000)];
  const metadata = { apps: Object.fromEntries(apps), iat, expires, nonce: session.nonce, ttl: expires - iat };
  return { name: `${core.state.accounts[0]?.id}:${session.nonce}`, expiration: expires, metadata };
}
