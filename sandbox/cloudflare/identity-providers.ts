/** Ways to log in: `A/access/identity_providers`. */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { invalid, notFound, page, readBody, success } from "./envelope.ts";
import type { IdentityProvider } from "./objects.ts";

const types = [
  "onetimepin",
  "google",
  "google-apps",
  "github",
  "azureAD",
  "saml",
  "oidc",
  "okta",
  "onelogin",
  "pingone",
  "centrify",
  "facebook",
  "linkedin",
  "yandex",
  "cloudflare",
] as const;
const ProviderBody = z.looseObject({
  name: z.string().min(1).max(350),
  type: z.enum(types),
  config: z.record(z.string(), z.unknown()),
  scim_config: z.record(z.string(), z.unknown()).default({}),
});
const scimDefaults = { enabled: false, seat_deprovision: false, user_deprovision: false, identity_update_behavior: "no_action" };

export function identityProviderRoutes(core: Core): Hono {
  const routes = new Hono();
  const find = (id: string): IdentityProvider => {
    const provider = core.state.identityProviders.find((candidate) => candidate.id === id);
    if (!provider) throw notFound();
    return provider;
  };
  const make = async (context: Context, id: string, before?: IdentityProvider): Promise<IdentityProvider> => {
    const body = await readBody(context, ProviderBody);
    const needsClient = body.type === "google" || body.type === "google-apps" || body.type === "github";
    if (needsClient && typeof body.config.client_id !== "string") throw invalid(`config.client_id: needed for ${body.type}`);
    const config: Record<string, unknown> = Object.fromEntries(Object.entries(body.config).filter(([, value]) => value !== null));
    const secret = config.client_secret ?? before?.config.client_secret;
    if (secret !== undefined) config.client_secret = secret;
    if (body.type === "onetimepin")
      config.redirect_url = `https://${core.state.organization.auth_domain}/cdn-cgi/access/callback`;
    return { ...body, config, scim_config: { ...scimDefaults, ...body.scim_config }, id, uid: id };
  };
  routes.get("/", (context) => page(context, core.state.identityProviders.map(withoutClientSecret), 1_000, 1_000));
  routes.post("/", async (context) => {
    if (core.state.identityProviders.length >= 50) throw invalid("at most 50 identity providers per account");
    const provider = await make(context, core.uuid());
    core.state.identityProviders.push(provider);
    return success(withoutClientSecret(provider), 201);
  });
  routes.get("/:id", (context) => success(withoutClientSecret(find(context.req.param("id")))));
  routes.put("/:id", async (context) => {
    const before = find(context.req.param("id"));
    const after = await make(context, before.id, before);
    core.state.identityProviders[core.state.identityProviders.indexOf(before)] = after;
    return success(withoutClientSecret(after));
  });
  routes.delete("/:id", (context) => {
    const provider = find(context.req.param("id"));
    core.state.identityProviders = core.state.identityProviders.filter((other) => other !== provider);
    return success({ id: provider.id }, 202);
  });
  return routes;
}

/** A masked secret in an answer would be a diff for ever, so answers leave it out. */
export function withoutClientSecret(provider: IdentityProvider): IdentityProvider {
  const { client_secret: _, ...config } = provider.config;
  return { ...provider, config };
}
