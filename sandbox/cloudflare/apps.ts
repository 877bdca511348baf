/** Access applications: `A/access/apps` (reference: cloudflare 6.3 items 1-3, 6-8, 13). */
import { Hono } from "hono";
import { z } from "zod";
import { appDocument } from "./app-document.ts";
import type { Core } from "./core.ts";
import { invalid, notFound, page, readBody, success } from "./envelope.ts";
import type { App } from "./objects.ts";

export function appRoutes(core: Core): Hono {
  const routes = new Hono();
  routes.get("/", (context) => {
    const { name, domain, aud, search, exact } = context.req.query();
    const matches = (value: string | undefined, wanted: string | undefined) =>
      wanted === undefined || (exact === "true" ? value === wanted : (value ?? "").toLowerCase().includes(wanted.toLowerCase()));
    const found = core.state.apps.filter(
      (app) =>
        matches(app.name, name) &&
        matches(app.domain, domain) &&
        (aud === undefined || app.aud === aud) &&
        (search === undefined || `${app.name ?? ""} ${app.domain ?? ""}`.toLowerCase().includes(search.toLowerCase())),
    );
    return page(
      context,
      found.map((app) => shown(core, app)),
      1_000,
      1_000,
    );
  });
  routes.post("/", async (context) => {
    if (core.state.apps.length >= 500) throw invalid("at most 500 applications per account");
    const id = core.uuid();
    const app = appDocument(core, await readBody(context, z.unknown()), { id, aud: core.hex(32), policies: [] });
    core.state.apps.push(app);
    return success(shown(core, app), 201);
  });
  routes.get("/:id", (context) => success(shown(core, findApp(core, context.req.param("id")))));
  routes.put("/:id", async (context) => {
    const before = findApp(core, context.req.param("id"));
    const after = appDocument(core, await readBody(context, z.unknown()), before);
    core.state.apps[core.state.apps.indexOf(before)] = after;
    return success(shown(core, after));
  });
  routes.delete("/:id", (context) => {
    const app = findApp(core, context.req.param("id"));
    core.state.apps = core.state.apps.filter((other) => other !== app);
    core.state.appSessions = core.state.appSessions.filter((session) => session.app_uid !== app.id);
    return success({ id: app.id }, 202);
  });
  routes.post("/:id/revoke_tokens", (context) => {
    const app = findApp(core, context.req.param("id"));
    for (const session of core.state.appSessions) if (session.app_uid === app.id) session.revoked_at ??= core.now();
    // The global sessions that opened this application end too: else the next request would be let in silently again.
    const opened = new Set(
      core.state.appSessions.flatMap((session) => (session.app_uid === app.id ? [session.identity_nonce] : [])),
    );
    for (const session of core.state.identitySessions) if (opened.has(session.nonce)) session.revoked_at ??= core.now();
    core.state.revocations[app.id] = core.now();
    return Response.json({ success: true, result: {} }, { status: 202 });
  });
  for (const method of ["put", "patch"] as const) {
    routes[method]("/:id/settings", async (context) => {
      const app = findApp(core, context.req.param("id"));
      const Settings = z.looseObject({ allow_iframe: z.boolean().optional(), skip_interstitial: z.boolean().optional() });
      const { allow_iframe, skip_interstitial } = await readBody(context, Settings);
      if (allow_iframe !== undefined) app.allow_iframe = allow_iframe;
      if (skip_interstitial !== undefined) app.skip_interstitial = skip_interstitial;
      return success({ allow_iframe: app.allow_iframe ?? false, skip_interstitial: app.skip_interstitial ?? false }, 202);
    });
  }
  return routes;
}

/** The application with this id; throws the vendor's 404. */
export function findApp(core: Core, id: string): App {
  const app = core.state.apps.find((candidate) => candidate.id === id);
  if (!app) throw notFound();
  return app;
}

/** The application as it is read: its reusable policies stand there in full, with their place. */
export function shown(core: Core, app: App): Record<string, unknown> {
  const policies = app.policies.map((held) => ({ ...core.state.policies.find((policy) => policy.id === held.id), ...held }));
  return { ...app, policies: policies.toSorted((one, other) => one.precedence - other.precedence) };
}
