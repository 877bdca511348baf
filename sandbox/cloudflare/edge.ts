/** The emulated edge: hostname → DNS → Access → tunnel → connector → origin, over HTTP (reference: cloudflare 2.3, 3.1, 3.3, 6.3 items 13-19). */
import { serviceJwt, verify } from "./app-token.ts";
import type { Core } from "./core.ts";
import type { CloudflareWorld } from "./emulator.ts";
import { judge } from "./evaluation.ts";
import { isLive, liveIdentity } from "./login.ts";
import type { App, AppSession, IngressRule, Zone } from "./objects.ts";
import { applicationFor, deniesUnmatched, ingress, target } from "./routing.ts";
import { provenToken } from "./service-tokens.ts";
import { publicKeys } from "./signing-keys.ts";
import { answerTeamHost, cookie, logout } from "./team-host.ts";
import { countRequest } from "./traffic.ts";
import { identityOf } from "./users.ts";

/** What reaches the origin: the request with Access's headers, and where it goes. */
export interface OriginRequest {
  /** What `connectTunnel` was told beside the connector that serves this; undefined without a tunnel. */
  readonly projectHint: string | undefined;
  readonly tunnelId: string | undefined;
  /** As the ingress rule says it: `http://app.railway.internal:8000`. */
  readonly serviceUrl: string;
  readonly request: Request;
  readonly atMs: number;
}

export interface EdgeHooks {
  origin(request: OriginRequest): Response | Promise<Response>;
}

const bodyLimit = 100 * 1024 * 1024;

/** One address for all hostnames: `X-Fleet-Host`, else `Host`, says which one is meant. */
export function createEdge(cloudflare: CloudflareWorld, hooks: EdgeHooks): { fetch(request: Request): Promise<Response> } {
  const { core } = cloudflare;
  return {
    fetch: async (request) => {
      const host = hostOf(request);
      if (host === core.state.organization.auth_domain) return answerTeamHost(core, request);
      const aim = target(core, host);
      if (aim.kind === "no such host") return errorPage(530, 1016);
      if (aim.kind === "not proxied") return new Response("not proxied: this hostname does not pass the edge", { status: 421 });
      const answer = await serve(core, hooks, host, aim.kind === "tunnel" ? aim : { ...aim, tunnelId: undefined }, request);
      if (!new URL(request.url).pathname.startsWith("/cdn-cgi/"))
        countRequest(core, aim.zone.id, host, answer.status, core.now());
      return answer;
    },
  };
}

type Aim = { readonly zone: Zone; readonly tunnelId: string | undefined; readonly address?: string };

async function serve(core: Core, hooks: EdgeHooks, host: string, aim: Aim, request: Request): Promise<Response> {
  if (Number(request.headers.get("content-length") ?? 0) > bodyLimit) return errorPage(413, 413);
  const path = new URL(request.url).pathname;
  const app = applicationFor(core, host, path);
  if (path.startsWith("/cdn-cgi/access/")) return answerAccessPath(core, path, host, request);
  if (!app && deniesUnmatched(core, aim.zone))
    return new Response("Forbidden: no Access application covers this hostname", { status: 403 });
  const entry = app ? await enter(core, app, host, request) : { token: undefined };
  if (entry instanceof Response) return entry;
  const passed = passedOn(request, host, entry.token, "email" in entry ? entry.email : undefined);
  const deliver = (serviceUrl: string, projectHint?: string) =>
    hooks.origin({ projectHint, tunnelId: aim.tunnelId, serviceUrl, request: passed, atMs: core.now() });
  if (aim.tunnelId === undefined) return deliver(`https://${aim.address ?? host}`);
  const way = ingress(core, aim.tunnelId, host, path);
  if (way.kind === "no tunnel" || way.kind === "no connector") return errorPage(530, 1033);
  if (way.kind === "status") return new Response(null, { status: way.status });
  return (await refusedByConnector(core, way.rule, entry.token)) ?? deliver(way.rule.service, way.hint);
}

type Entry = { readonly token: string | undefined; readonly email?: string };

/** Access's judgement: a way in, or the answer that keeps the request out. */
async function enter(core: Core, app: App, host: string, request: Request): Promise<Entry | Response> {
  const ip = request.headers.get("cf-connecting-ip") ?? "198.51.100.7";
  const country = request.headers.get("cf-ipcountry") ?? "US";
  if (judge(core, app, { kind: "anonymous", ip, country }).decision === "bypass") return { token: undefined };
  const service = serviceCredentials(app, request);
  if (service) {
    const token = provenToken(core, service.id, service.secret);
    const letIn = token && judge(core, app, { kind: "service", tokenId: token.id, ip, country }).decision === "non_identity";
    if (token && letIn) return { token: await serviceJwt(core, app, token) };
    if (core.settings.strictServiceTokens) return new Response("Forbidden", { status: token ? 403 : 401 });
  }
  const given = cookie(request, "CF_Authorization");
  const session = given === undefined ? undefined : await sessionOf(core, app, given);
  if (given !== undefined && session) return { token: given, email: session.email };
  // An expired token is renewed by the team's hostname, which knows the global session: a redirect there and back, nothing to type.
  if (request.headers.get("x-requested-with") === "XMLHttpRequest" || app.service_auth_401_redirect === true)
    return new Response("Unauthorized", { status: 401 });
  const url = new URL(request.url);
  const query = new URLSearchParams({ kid: app.aud, redirect_url: url.pathname + url.search });
  const location = `https://${core.state.organization.auth_domain}/cdn-cgi/access/login/${host}?${query}`;
  return new Response(null, { status: 302, headers: { location } });
}

/** The live session that this token proves for this application; a forged, foreign, expired or revoked one proves none. */
async function sessionOf(core: Core, app: App, token: string): Promise<AppSession | undefined> {
  const verified = await verify(core, token);
  if (verified.kind !== "valid" || !audiences(verified.claims.aud).includes(app.aud)) return undefined;
  return core.state.appSessions.find(
    (session) => session.nonce === verified.claims.token_nonce && session.app_uid === app.id && isLive(session, core.now()),
  );
}

/** cloudflared's own check: 403 for a missing token or a wrong audience, 502 for a bad signature or an expired one (reference: foundations). */
async function refusedByConnector(core: Core, rule: IngressRule, token: string | undefined): Promise<Response | undefined> {
  const access = rule.originRequest?.access;
  if (!access?.required) return undefined;
  if (token === undefined) return new Response("Forbidden", { status: 403 });
  // Keys are fetched from the team that the rule names: another team's keys make every signature bad.
  if (access.teamName !== core.state.organization.auth_domain.split(".")[0]) return new Response("Bad gateway", { status: 502 });
  const verified = await verify(core, token);
  if (verified.kind !== "valid") return new Response("Bad gateway", { status: 502 });
  const accepted = audiences(verified.claims.aud).some((audience) => access.audTag?.includes(audience));
  return accepted ? undefined : new Response("Forbidden", { status: 403 });
}

/** Access's own paths on an application's hostname. */
async function answerAccessPath(core: Core, path: string, host: string, request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (path === "/cdn-cgi/access/certs") return Response.json(publicKeys(core));
  if (path === "/cdn-cgi/access/authorized") {
    const back = url.searchParams.get("redirect_url") ?? "/";
    const app = applicationFor(core, host, new URL(back, `https://${host}`).pathname);
    const token = url.searchParams.get("state") ?? "";
    if (!app || !(await sessionOf(core, app, token))) return new Response("Bad request", { status: 400 });
    // The path stays on this host: a full address in it would be an open redirect.
    const location = back.startsWith("/") && !back.startsWith("//") ? back : "/";
    const sameSite = typeof app.same_site_cookie_attribute === "string" ? `; SameSite=${app.same_site_cookie_attribute}` : "";
    const httpOnly = app.http_only_cookie_attribute === false ? "" : "; HttpOnly";
    return new Response(null, {
      status: 302,
      headers: { location, "set-cookie": `CF_Authorization=${token}; Path=/; Secure${httpOnly}${sameSite}` },
    });
  }
  const verified = await verify(core, cookie(request, "CF_Authorization") ?? "");
  const nonce = verified.kind === "valid" ? verified.claims.identity_nonce : undefined;
  const identity = typeof nonce === "string" ? liveIdentity(core, nonce, core.now()) : undefined;
  if (path === "/cdn-cgi/access/get-identity")
    return identity ? Response.json(identityOf(core, identity)) : Response.json({ err: "no app token set" }, { status: 400 });
  if (path === "/cdn-cgi/access/logout") return logout(core, identity, applicationFor(core, host, "/"));
  return new Response("Not found", { status: 404 });
}

/** The request as the origin sees it: whatever the client claimed about its own identity is gone. */
function passedOn(request: Request, host: string, token: string | undefined, email: string | undefined): Request {
  const headers = new Headers(request.headers);
  for (const name of [
    "cf-access-jwt-assertion",
    "cf-access-authenticated-user-email",
    "cf-access-client-id",
    "cf-access-client-secret",
    "x-fleet-host",
  ])
    headers.delete(name);
  headers.set("host", host);
  headers.set("x-forwarded-proto", "https");
  headers.set("x-forwarded-host", host);
  if (token !== undefined) headers.set("cf-access-jwt-assertion", token);
  if (email !== undefined) headers.set("cf-access-authenticated-user-email", email);
  const url = new URL(request.url);
  return new Request(`https://${host}${url.pathname}${url.search}`, {
    method: request.method,
    headers,
    redirect: "manual",
    ...(request.body && { body: request.body, duplex: "half" }),
  });
}

function serviceCredentials(app: App, request: Request): { id: string; secret: string } | undefined {
  const id = request.headers.get("cf-access-client-id");
  const secret = request.headers.get("cf-access-client-secret");
  if (id !== null && secret !== null) return { id, secret };
  const header = app.read_service_tokens_from_header;
  const text = typeof header === "string" ? request.headers.get(header) : null;
  if (text === null) return undefined;
  try {
    const both: unknown = JSON.parse(text);
    if (both === null || typeof both !== "object") return undefined;
    const [one, other] = ["cf-access-client-id", "cf-access-client-secret"].map(
      (name) => Object.entries(both).find(([key]) => key === name)?.[1],
    );
    return typeof one === "string" && typeof other === "string" ? { id: one, secret: other } : undefined;
  } catch {
    return undefined;
  }
}

function hostOf(request: Request): string {
  const named = request.headers.get("x-fleet-host") ?? request.headers.get("host") ?? new URL(request.url).host;
  return named.replace(/:\d+$/, "").toLowerCase();
}

function audiences(aud: string | string[] | undefined): string[] {
  return aud === undefined ? [] : Array.isArray(aud) ? aud : [aud];
}

function errorPage(status: number, code: number): Response {
  return new Response(`error code: ${code}`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cf-ray": "sandbox" },
  });
}
