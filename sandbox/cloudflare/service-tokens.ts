/** Service tokens: `A/access/service_tokens`. The secret is told once, at creation and at rotation (reference: cloudflare 6.3 item 9). */
import { Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { invalid, notFound, page, readBody, success } from "./envelope.ts";
import { Duration, durationMs, type ServiceToken } from "./objects.ts";

const TokenBody = z.looseObject({
  name: z.string().min(1).max(350),
  duration: z.union([Duration, z.literal("forever")]).default("8760h"),
  client_secret_version: z.number().int().min(1).default(1),
  previous_client_secret_expires_at: z.string().optional(),
});

export function serviceTokenRoutes(core: Core): Hono {
  const routes = new Hono();
  const find = (id: string): ServiceToken => {
    const token = core.state.serviceTokens.find((candidate) => candidate.id === id);
    if (!token) throw notFound();
    return token;
  };
  const newSecret = () => `cfast_${core.hex(32)}`;
  routes.get("/", (context) => page(context, core.state.serviceTokens.map(withoutSecret), 1_000, 1_000));
  routes.post("/", async (context) => {
    const body = await readBody(context, TokenBody);
    if (core.state.serviceTokens.length >= 50) throw invalid("at most 50 service tokens per account");
    const id = core.uuid();
    const now = isoSeconds(core.now());
    const token: ServiceToken = {
      ...body,
      id,
      client_id: `${core.hex(16)}.access`,
      client_secret: newSecret(),
      expires_at: expiry(core, body.duration),
      created_at: now,
      updated_at: now,
    };
    core.state.serviceTokens.push(token);
    return success({ ...withoutSecret(token), client_secret: token.client_secret }, 201);
  });
  routes.get("/:id", (context) => success(withoutSecret(find(context.req.param("id")))));
  routes.put("/:id", async (context) => {
    const token = find(context.req.param("id"));
    const body = await readBody(context, TokenBody);
    const raised = body.client_secret_version > token.client_secret_version;
    if (raised !== (body.previous_client_secret_expires_at !== undefined))
      throw invalid("client_secret_version is raised together with previous_client_secret_expires_at");
    const renewed = raised ? { client_secret: newSecret(), previous_client_secret: token.client_secret } : {};
    const expires = body.duration === token.duration ? {} : { expires_at: expiry(core, body.duration) };
    Object.assign(token, body, renewed, expires, { updated_at: isoSeconds(core.now()) });
    return success({ ...withoutSecret(token), ...(raised && { client_secret: token.client_secret }) });
  });
  routes.delete("/:id", (context) => {
    const token = find(context.req.param("id"));
    core.state.serviceTokens = core.state.serviceTokens.filter((other) => other !== token);
    return success(withoutSecret(token));
  });
  routes.post("/:id/rotate", (context) => {
    const token = find(context.req.param("id"));
    Object.assign(token, { client_secret: newSecret(), client_secret_version: token.client_secret_version + 1 });
    return success({ ...withoutSecret(token), client_secret: token.client_secret });
  });
  routes.post("/:id/refresh", (context) => {
    const token = find(context.req.param("id"));
    token.expires_at = expiry(core, token.duration);
    return success(withoutSecret(token));
  });
  return routes;
}

/** The token that these two header values prove, at this moment. */
export function provenToken(core: Core, clientId: string, clientSecret: string): ServiceToken | undefined {
  const now = core.now();
  return core.state.serviceTokens.find((token) => {
    if (token.client_id !== clientId || Date.parse(token.expires_at) <= now || token.enabled === false) return false;
    if (token.client_secret === clientSecret) return true;
    const previousUntil = Date.parse(token.previous_client_secret_expires_at ?? "");
    return token.previous_client_secret === clientSecret && now < previousUntil;
  });
}

export function withoutSecret(token: ServiceToken): Record<string, unknown> {
  const { client_secret: _, previous_client_secret: __, ...rest } = token;
  return rest;
}

function expiry(core: Core, duration: string): string {
  return duration === "forever" ? "9999-12-31T23:59:59Z" : isoSeconds(core.now() + durationMs(duration));
}
