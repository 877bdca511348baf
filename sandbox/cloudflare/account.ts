/** The account itself: organization, tags, signing keys, token check. */
import { Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { invalid, notFound, page, readBody, success } from "./envelope.ts";
import { Duration, durationMs } from "./objects.ts";
import { rotateSigningKey, signingKey } from "./signing-keys.ts";

const shortestSeatExpiry = "730h";
const OrganizationBody = z.looseObject({
  auth_domain: z.string().optional(),
  name: z.string().optional(),
  session_duration: Duration.default("24h"),
  is_ui_read_only: z.boolean().default(false),
  auto_redirect_to_identity: z.boolean().default(false),
  allow_authenticate_via_warp: z.boolean().default(false),
  login_design: z.record(z.string(), z.unknown()).default({}),
  deny_unmatched_requests: z.boolean().optional(),
  deny_unmatched_requests_exempted_zone_names: z.array(z.string()).optional(),
  user_seat_expiration_inactive_time: Duration.refine(
    (text) => durationMs(text) >= durationMs(shortestSeatExpiry),
    `at least ${shortestSeatExpiry}`,
  ).optional(),
});

/** `A/access/organizations`: the provider creates by PUT over whatever is there, and never deletes. */
export function organizationRoutes(core: Core): Hono {
  const routes = new Hono();
  const write = (fields: z.infer<typeof OrganizationBody>) => {
    const { auth_domain, name, created_at } = core.state.organization;
    core.state.organization = {
      ...fields,
      auth_domain: fields.auth_domain ?? auth_domain,
      name: fields.name ?? name,
      created_at,
      updated_at: isoSeconds(core.now()),
    };
    return core.state.organization;
  };
  routes.get("/", () => success(core.state.organization));
  routes.put("/", async (context) => success(write(await readBody(context, OrganizationBody))));
  routes.patch("/", async (context) => {
    const changes = await readBody(context, z.looseObject({}));
    const whole = OrganizationBody.safeParse({ ...core.state.organization, ...changes });
    if (!whole.success) throw invalid(whole.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
    return success(write(whole.data));
  });
  routes.post("/revoke_user", async (context) => {
    const { email, user_uid } = await readBody(
      context,
      z.looseObject({ email: z.string().optional(), user_uid: z.string().optional() }),
    );
    if (email === undefined && user_uid === undefined) throw invalid("email or user_uid is needed");
    const is = (session: { email: string; user_id: string }) =>
      session.email === email?.toLowerCase() || session.user_id === user_uid;
    for (const session of [...core.state.appSessions, ...core.state.identitySessions])
      if (is(session)) session.revoked_at ??= core.now();
    return Response.json({ success: true, result: true });
  });
  return routes;
}

/** `A/access/tags`. */
export function tagRoutes(core: Core): Hono {
  const routes = new Hono();
  const TagBody = z.looseObject({ name: z.string().min(1).max(350) });
  const find = (name: string) => {
    const tag = core.state.tags.find((candidate) => candidate.name === name);
    if (!tag) throw notFound();
    return tag;
  };
  const shown = (tag: { name: string }) => ({
    ...tag,
    app_count: core.state.apps.filter((app) => app.tags.includes(tag.name)).length,
  });
  routes.get("/", (context) => page(context, core.state.tags.map(shown), 1_000, 1_000));
  routes.post("/", async (context) => {
    const { name } = await readBody(context, TagBody);
    if (core.state.tags.some((tag) => tag.name === name)) throw invalid(`tag ${name} exists already`);
    const now = isoSeconds(core.now());
    const tag = { name, created_at: now, updated_at: now };
    core.state.tags.push(tag);
    return success(shown(tag), 201);
  });
  routes.get("/:name", (context) => success(shown(find(context.req.param("name")))));
  routes.put("/:name", async (context) => {
    const tag = find(context.req.param("name"));
    const { name } = await readBody(context, TagBody);
    for (const app of core.state.apps) app.tags = app.tags.map((held) => (held === tag.name ? name : held)).toSorted();
    Object.assign(tag, { name, updated_at: isoSeconds(core.now()) });
    return success(shown(tag));
  });
  routes.delete("/:name", (context) => {
    const tag = find(context.req.param("name"));
    core.state.tags = core.state.tags.filter((other) => other !== tag);
    for (const app of core.state.apps) app.tags = app.tags.filter((name) => name !== tag.name);
    return success({ name: tag.name }, 202);
  });
  return routes;
}

/** `A/access/keys`: the keys that sign the tokens of people. */
export function keyRoutes(core: Core): Hono {
  const routes = new Hono();
  const day = 86_400_000;
  const shown = () => {
    const age = (core.now() - signingKey(core).created_at) / day;
    return {
      key_rotation_interval_days: core.state.keyRotationIntervalDays,
      days_until_next_rotation: Math.max(0, Math.ceil(core.state.keyRotationIntervalDays - age)),
      last_key_rotation_at: isoSeconds(signingKey(core).created_at),
    };
  };
  routes.get("/", () => success(shown()));
  routes.put("/", async (context) => {
    const Interval = z.looseObject({ key_rotation_interval_days: z.number().min(21).max(365) });
    core.state.keyRotationIntervalDays = (await readBody(context, Interval)).key_rotation_interval_days;
    return success(shown());
  });
  routes.post("/rotate", () => {
    rotateSigningKey(core);
    return success(shown());
  });
  return routes;
}
