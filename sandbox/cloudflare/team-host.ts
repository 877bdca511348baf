/** The team's own hostname: log-in page, certificates, identity, log-out (reference: cloudflare 2.4, 3.2, 6.3 items 18, 19). */
import { z } from "zod";
import { personToken, teamToken, verify } from "./app-token.ts";
import type { Core } from "./core.ts";
import { problems } from "./envelope.ts";
import type { Person } from "./evaluation.ts";
import { type LoginResult, liveIdentity, logIn, logOut, renew } from "./login.ts";
import type { App, IdentitySession } from "./objects.ts";
import { publicKeys } from "./signing-keys.ts";
import { identityOf } from "./users.ts";

const sessionCookie = "CF_Session";

/** What the identity provider would tell of the person: the form of the emulated log-in page, as JSON or as a form. */
const Identity = z.looseObject({
  email: z.email(),
  /** Id or type of the identity provider; default: the first one offered. */
  idp: z.string().optional(),
  /** Google groups. */
  groups: z.union([z.array(z.string()), z.string().transform((text) => split(text))]).default([]),
  /** `organization` or `organization/team`. */
  github_organizations: z.union([z.array(z.string()), z.string().transform((text) => split(text))]).default([]),
});

export async function answerTeamHost(core: Core, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = url.pathname;
  if (path === "/cdn-cgi/access/certs") return Response.json(publicKeys(core));
  if (path === "/cdn-cgi/access/get-identity") {
    const identity = await globalSession(core, request);
    return identity
      ? Response.json(identityOf(core, identity))
      : Response.json({ err: "unable to find your Access session!" }, { status: 400 });
  }
  if (path === "/cdn-cgi/access/logout") return logout(core, await globalSession(core, request), undefined);
  const audience = url.searchParams.get("kid");
  const app = core.state.apps.find((candidate) => candidate.aud === audience);
  if (!path.startsWith("/cdn-cgi/access/login/") || !app) return new Response("Not found", { status: 404 });
  const host = path.slice("/cdn-cgi/access/login/".length);
  const back = url.searchParams.get("redirect_url") ?? "/";
  if (request.method === "POST") return postLogin(core, app, host, back, request);
  const identity = await globalSession(core, request);
  // A live global session asks nobody: the application's token is made from it.
  if (identity) return finish(core, app, host, back, renew(core, app, identity, core.now()));
  return new Response(loginPage(core, app), { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** Ends the person's sessions everywhere. */
export function logout(core: Core, identity: IdentitySession | undefined, app: App | undefined): Response {
  if (identity) logOut(core, identity, app, core.now());
  const gone = "; Path=/; Max-Age=0";
  const headers = new Headers({ "content-type": "text/html; charset=utf-8" });
  headers.append("set-cookie", `CF_Authorization=${gone}`);
  headers.append("set-cookie", `${sessionCookie}=${gone}`);
  return new Response("<h1>Success</h1><p>You have been logged out.</p>", { headers });
}

/** The page a person sees who is not let in. */
export function denyPage(app: App): Response {
  if (typeof app.custom_deny_url === "string")
    return new Response(null, { status: 302, headers: { location: app.custom_deny_url } });
  const message = escapeHtml(app.custom_deny_message ?? "That account does not have access.");
  return new Response(`<h1>Forbidden</h1><p>${message}</p>`, {
    status: 403,
    headers: { "content-type": "text/html; charset=utf-8" },
  });
}

export function cookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

async function postLogin(core: Core, app: App, host: string, back: string, request: Request): Promise<Response> {
  const json = request.headers.get("content-type")?.includes("json") ?? false;
  const raw: unknown = json
    ? await request.json().catch(() => undefined)
    : Object.fromEntries((await request.formData()).entries());
  const parsed = Identity.safeParse(raw);
  if (!parsed.success) return new Response(problems(parsed.error), { status: 400 });
  const wanted = parsed.data;
  const offered = offeredProviders(core, app);
  const provider =
    wanted.idp === undefined ? offered[0] : offered.find(({ id, type }) => id === wanted.idp || type === wanted.idp);
  if (!provider) return new Response(`This application does not offer ${wanted.idp ?? "any way to log in"}.`, { status: 400 });
  const person: Person = {
    kind: "person",
    email: wanted.email.toLowerCase(),
    idpId: provider.id,
    groups: wanted.groups,
    githubOrganizations: wanted.github_organizations.map((text) => {
      const [name = "", team] = text.split("/");
      return team === undefined ? { name } : { name, team };
    }),
    ip: request.headers.get("cf-connecting-ip") ?? "198.51.100.7",
    country: request.headers.get("cf-ipcountry") ?? "US",
  };
  return finish(core, app, host, back, logIn(core, app, person, core.now()));
}

/** Back to the application with its token, or the page that says no. */
async function finish(core: Core, app: App, host: string, back: string, result: LoginResult): Promise<Response> {
  if (result.outcome === "denied") return denyPage(app);
  const state = await personToken(core, app, result.session, result.identity);
  const query = new URLSearchParams({ state, redirect_url: back });
  const headers = new Headers({ location: `https://${host}/cdn-cgi/access/authorized?${query}` });
  headers.append(
    "set-cookie",
    `${sessionCookie}=${await teamToken(core, result.identity)}; Path=/; Secure; HttpOnly; SameSite=None`,
  );
  return new Response(null, { status: 302, headers });
}

async function globalSession(core: Core, request: Request): Promise<IdentitySession | undefined> {
  const token = cookie(request, sessionCookie);
  const verified = token === undefined ? undefined : await verify(core, token);
  if (verified?.kind !== "valid" || verified.claims.type !== "org") return undefined;
  return liveIdentity(core, String(verified.claims.identity_nonce), core.now());
}

function offeredProviders(core: Core, app: App): readonly { id: string; type: string; name: string }[] {
  const all = core.state.identityProviders;
  if (all.length === 0) return [{ id: "onetimepin", type: "onetimepin", name: "One-time PIN" }];
  return app.allowed_idps.length === 0 ? all : all.filter((provider) => app.allowed_idps.includes(provider.id));
}

function loginPage(core: Core, app: App): string {
  const options = offeredProviders(core, app).map(
    ({ id, name }) => `<option value="${escapeHtml(id)}">${escapeHtml(name)}</option>`,
  );
  return `<!doctype html><title>Sign in - ${escapeHtml(app.name ?? "")}</title><h1>Log in to ${escapeHtml(app.name ?? "")}</h1>
<form method="post"><label>E-mail <input name="email" type="email" required></label>
<label>Log in with <select name="idp">${options.join("")}</select></label>
<label>GitHub organizations <input name="github_organizations"></label><label>Google groups <input name="groups"></label>
<button>Log in</button></form>`;
}

function split(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
