import * as z from "zod";
import { page } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, flag, mergeMetadata, metadata, paging, text } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** What customers may do in the portal. */
export const PortalConfiguration = z.object({
  id: z.string(),
  created: z.number(),
  updated: z.number(),
  active: z.boolean().default(true),
  is_default: z.boolean().default(false),
  name: z.string().nullable().default(null),
  default_return_url: z.string().nullable().default(null),
  headline: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.string()).default({}),
  enabled: z.object({
    customer_update: z.boolean().default(false),
    invoice_history: z.boolean().default(false),
    payment_method_update: z.boolean().default(false),
    subscription_cancel: z.boolean().default(false),
    subscription_pause: z.boolean().default(false),
    subscription_update: z.boolean().default(false),
  }),
});
export type PortalConfiguration = z.infer<typeof PortalConfiguration>;

/** One visit to the portal. */
export const PortalSession = z.object({
  id: z.string(),
  created: z.number(),
  configuration: z.string(),
  customer: z.string(),
  return_url: z.string().nullable(),
});
export type PortalSession = z.infer<typeof PortalSession>;

/** The portal configuration as Stripe answers it. */
export function renderConfiguration(configuration: PortalConfiguration): object {
  const { enabled } = configuration;
  return {
    id: configuration.id,
    object: "billing_portal.configuration",
    active: configuration.active,
    application: null,
    business_profile: { headline: configuration.headline, privacy_policy_url: null, terms_of_service_url: null },
    created: configuration.created,
    default_return_url: configuration.default_return_url,
    features: {
      customer_update: {
        allowed_updates: enabled.customer_update ? ["email", "address", "name"] : [],
        enabled: enabled.customer_update,
      },
      invoice_history: { enabled: enabled.invoice_history },
      payment_method_update: { enabled: enabled.payment_method_update, payment_method_configuration: null },
      subscription_cancel: {
        cancellation_reason: { enabled: false, feedback_options: null, options: [] },
        enabled: enabled.subscription_cancel,
        mode: "at_period_end",
        proration_behavior: "none",
      },
      subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: enabled.subscription_pause },
      subscription_update: {
        billing_cycle_anchor: "unchanged",
        default_allowed_updates: [],
        enabled: enabled.subscription_update,
        proration_behavior: "none",
        schedule_at_period_end: { conditions: [] },
        trial_update_behavior: "end_trial",
      },
    },
    is_default: configuration.is_default,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: configuration.metadata,
    name: configuration.name,
    updated: configuration.updated,
  };
}

function renderPortalSession(session: PortalSession): object {
  return {
    id: session.id,
    object: "billing_portal.session",
    configuration: session.configuration,
    created: session.created,
    customer: session.customer,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: session.return_url,
    url: `https://billing.stripe.com/p/session/test_${session.id}`,
  };
}

const feature = z
  .strictObject({
    enabled: flag,
    allowed_updates: z.array(z.enum(["email", "address", "name", "phone", "shipping", "tax_id"])).optional(),
  })
  .optional();
const shared = {
  business_profile: z.strictObject({ headline: clearable().optional() }).optional(),
  default_return_url: clearable().optional(),
  metadata: metadata.optional(),
  name: clearable().optional(),
  expand,
};
const features = z.strictObject({
  customer_update: feature,
  invoice_history: feature,
  payment_method_update: feature,
  subscription_cancel: feature,
  subscription_pause: feature,
  subscription_update: feature,
});

/** The calls of this kind that are served. */
export const portalOperations: readonly Operation[] = [
  operation("POST", "/v1/billing_portal/configurations", z.strictObject({ ...shared, features }), (world, params) => {
    const now = world.now();
    const configuration = world.portalConfigurations.add(
      PortalConfiguration.parse({ id: world.id("bpc_"), created: now, updated: now, enabled: {} }),
    );
    change(configuration, params, now);
    return renderConfiguration(configuration);
  }),
  operation(
    "GET",
    "/v1/billing_portal/configurations",
    z.strictObject({ ...paging, active: flag.optional(), is_default: flag.optional() }),
    (world, params) => {
      const found = world.portalConfigurations
        .newestFirst()
        .filter(
          (configuration) =>
            (params.active === undefined || configuration.active === params.active) &&
            (params.is_default === undefined || configuration.is_default === params.is_default),
        );
      return page(world, found, params, "/v1/billing_portal/configurations", renderConfiguration);
    },
  ),
  operation("GET", "/v1/billing_portal/configurations/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderConfiguration(existing(world, id)),
  ),
  operation(
    "POST",
    "/v1/billing_portal/configurations/:id",
    z.strictObject({ ...shared, features: features.optional(), active: flag.optional() }),
    (world, params, id) => {
      const configuration = existing(world, id);
      if (params.active !== undefined) configuration.active = params.active;
      change(configuration, params, world.now());
      return renderConfiguration(configuration);
    },
  ),
  operation(
    "POST",
    "/v1/billing_portal/sessions",
    z.strictObject({ customer: text(), configuration: text().optional(), return_url: text().optional(), expand }),
    (world, params) => {
      world.customer(params.customer);
      const configuration = params.configuration
        ? existing(world, params.configuration, "configuration", 400)
        : defaultConfiguration(world);
      if (!configuration.active) throw new Refusal("The portal configuration is inactive.", { param: "configuration" });
      const session = world.portalSessions.add({
        id: world.id("bps_"),
        created: world.now(),
        configuration: configuration.id,
        customer: params.customer,
        return_url: params.return_url ?? configuration.default_return_url,
      });
      return renderPortalSession(session);
    },
  ),
];

function existing(world: World, id: string, param = "id", status = 404): PortalConfiguration {
  const configuration = world.portalConfigurations.get(id);
  if (!configuration) throw missing("configuration", id, param, status);
  return configuration;
}

/** What the Dashboard's portal settings would have saved; only there can one be made the default. */
function defaultConfiguration(world: World): PortalConfiguration {
  const found = world.portalConfigurations.all().find((configuration) => configuration.is_default);
  if (found) return found;
  if (!world.settings.portalSettingsSaved)
    throw new Refusal(
      "No configuration provided and your test mode default configuration has not been created. Provide a configuration or create your default by saving your customer portal settings in test mode at https://dashboard.stripe.com/test/settings/billing/portal.",
    );
  const now = world.now();
  return world.portalConfigurations.add(
    PortalConfiguration.parse({
      id: world.id("bpc_"),
      created: now,
      updated: now,
      is_default: true,
      enabled: { invoice_history: true, payment_method_update: true },
    }),
  );
}

function change(
  configuration: PortalConfiguration,
  params: z.infer<z.ZodObject<typeof shared>> & { features?: z.infer<typeof features> | undefined },
  now: number,
): void {
  for (const name of [
    "customer_update",
    "invoice_history",
    "payment_method_update",
    "subscription_cancel",
    "subscription_pause",
    "subscription_update",
  ] as const) {
    const given = params.features?.[name];
    if (given) configuration.enabled[name] = given.enabled;
  }
  if (params.business_profile?.headline !== undefined) configuration.headline = params.business_profile.headline;
  if (params.default_return_url !== undefined) configuration.default_return_url = params.default_return_url;
  if (params.name !== undefined) configuration.name = params.name;
  configuration.metadata = mergeMetadata(configuration.metadata, params.metadata);
  configuration.updated = now;
}
