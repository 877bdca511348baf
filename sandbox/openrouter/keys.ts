/** `/api/v1/keys`, for management keys only (reference: foundations, OpenRouter). */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { type Core, creatorId, hashOf, LimitReset, labelOf, type ModelKey, problems, Refusal, workspaceId } from "./state.ts";
import { remaining, usageOf } from "./usage.ts";

const pageSize = 100;
const Changes = z.looseObject({
  name: z.string().min(1).optional(),
  disabled: z.boolean().optional(),
  limit: z.number().min(0).nullable().optional(),
  limit_reset: LimitReset.nullable().optional(),
  include_byok_in_limit: z.boolean().optional(),
});
const Wanted = Changes.extend({
  name: z.string().min(1),
  expires_at: z.iso.datetime({ offset: true }).nullable().optional(),
  workspace_id: z.string().optional(),
  creator_user_id: z.string().nullable().optional(),
});

export function keyRoutes(core: Core): Hono {
  const routes = new Hono();
  const find = (context: Context): ModelKey => {
    const key = core.state.keys.find((candidate) => candidate.hash === context.req.param("hash"));
    if (!key) throw new Refusal(404, "API key not found");
    return key;
  };
  routes.get("/", (context) => {
    const offset = Number(context.req.query("offset") ?? 0);
    if (!Number.isInteger(offset) || offset < 0) throw new Refusal(400, "offset: not a whole number of 0 or more");
    // Newest first, as "the most recent 100"; disabled keys are listed only where that is asked for.
    const asked = core.state.keys.filter((key) => context.req.query("include_disabled") === "true" || !key.disabled).toReversed();
    return context.json({ data: asked.slice(offset, offset + pageSize).map((key) => shown(core, key)) });
  });
  routes.post("/", async (context) => {
    const wanted = await readBody(context, Wanted);
    const secret = newSecret(core);
    const key: ModelKey = {
      hash: hashOf(secret),
      name: wanted.name,
      label: labelOf(secret),
      disabled: false,
      limit: wanted.limit ?? null,
      limit_reset: wanted.limit_reset ?? null,
      include_byok_in_limit: wanted.include_byok_in_limit ?? false,
      created_at: new Date(core.now()).toISOString(),
      updated_at: null,
      expires_at: wanted.expires_at ?? null,
      creator_user_id: wanted.creator_user_id ?? creatorId,
      workspace_id: wanted.workspace_id ?? workspaceId,
    };
    core.state.keys.push(key);
    return context.json({ data: shown(core, key), key: secret }, 201);
  });
  routes.get("/:hash", (context) => context.json({ data: shown(core, find(context)) }));
  routes.patch("/:hash", async (context) => {
    const key = find(context);
    const { name, disabled, limit, limit_reset, include_byok_in_limit } = await readBody(context, Changes);
    const given = Object.entries({ name, disabled, limit, limit_reset, include_byok_in_limit }).filter(
      ([, value]) => value !== undefined,
    );
    Object.assign(key, Object.fromEntries(given), { updated_at: new Date(core.now()).toISOString() });
    return context.json({ data: shown(core, key) });
  });
  routes.delete("/:hash", (context) => {
    const key = find(context);
    core.state.keys = core.state.keys.filter((other) => other !== key);
    core.state.deletedKeys.push(key);
    return context.json({ deleted: true });
  });
  return routes;
}

/** A key as every list and answer shows it: never the secret. */
export function shown(core: Core, key: ModelKey): Record<string, unknown> {
  return {
    ...key,
    limit_remaining: remaining(core, key, core.now()),
    ...usageOf(core, key.hash, core.now()),
    byok_usage: 0,
    byok_usage_daily: 0,
    byok_usage_weekly: 0,
    byok_usage_monthly: 0,
  };
}

export async function readBody<Shape extends z.ZodType>(context: Context, shape: Shape): Promise<z.infer<Shape>> {
  const raw: unknown = await context.req.json().catch(() => undefined);
  const parsed = shape.safeParse(raw);
  if (!parsed.success) throw new Refusal(400, problems(parsed.error));
  return parsed.data;
}

function newSecret(core: Core): string {
  const digits = Array.from({ length: 64 }, () => Math.floor(core.random() * 16).toString(16));
  return `sk-or-v1-${digits.join("")}`;
}
