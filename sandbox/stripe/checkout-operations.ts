import * as z from "zod";
import { amountOf, CheckoutSession, expireSession, renderSession } from "./checkout.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { isMetered, priceOf, renderPrice } from "./prices.ts";
import { missing, missingParam, Refusal } from "./refusal.ts";
import { SetupIntent } from "./setup-intents.ts";
import { anchorConfig, billingMode, refuseItem } from "./subscription-create.ts";
import type { World } from "./world.ts";

const daySeconds = 24 * 3600;
const createParams = z.strictObject({
  mode: z.enum(["setup", "subscription"]),
  customer: text().optional(),
  customer_email: text().optional(),
  client_reference_id: text(200).optional(),
  currency: text(3).optional(),
  expires_at: integer.optional(),
  line_items: z.array(z.strictObject({ price: text(), quantity: integer.optional() })).optional(),
  metadata: metadata.optional(),
  payment_method_collection: z.enum(["always"]).optional(),
  setup_intent_data: z.strictObject({ description: text().optional(), metadata: metadata.optional() }).optional(),
  subscription_data: z
    .strictObject({
      billing_cycle_anchor: integer.optional(),
      billing_cycle_anchor_config: anchorConfig.optional(),
      billing_mode: billingMode.optional(),
      proration_behavior: z.enum(["create_prorations", "none"]).optional(),
      metadata: metadata.optional(),
      description: clearable().optional(),
    })
    .optional(),
  success_url: text().optional(),
  cancel_url: text().optional(),
  ui_mode: z.enum(["hosted_page"]).optional(),
  expand,
});

const listParams = z.strictObject({
  ...paging,
  created: timeRange,
  customer: text().optional(),
  status: z.enum(["open", "complete", "expired"]).optional(),
  subscription: text().optional(),
});

/** The calls of this kind that are served. */
export const checkoutOperations: readonly Operation[] = [
  operation("POST", "/v1/checkout/sessions", createParams, (world, params) => {
    refuseUnusable(world, params);
    const now = world.now();
    const id = world.id("cs_test_");
    const intent =
      params.mode === "setup"
        ? world.setupIntents.add(
            SetupIntent.parse({
              id: world.id("seti_"),
              created: now,
              customer: params.customer ?? null,
              description: params.setup_intent_data?.description ?? null,
              metadata: mergeMetadata({}, params.setup_intent_data?.metadata),
            }),
          )
        : undefined;
    const session = world.sessions.add(
      CheckoutSession.parse({
        ...params,
        id,
        created: now,
        expires_at: params.expires_at ?? now + daySeconds,
        currency: params.currency ?? (params.line_items?.[0] ? priceOf(world, params.line_items[0].price).currency : null),
        metadata: mergeMetadata({}, params.metadata),
        setup_intent: intent?.id ?? null,
        line_items: (params.line_items ?? []).map((item) => ({
          id: world.id("li_"),
          price: item.price,
          quantity: item.quantity ?? null,
        })),
        subscription_data: params.subscription_data ?? {},
        url: `${world.origin}/_checkout/${id}`,
      }),
    );
    world.schedule("sessionExpiry", id, session.expires_at);
    return renderSession(world, session);
  }),
  operation("GET", "/v1/checkout/sessions", listParams, (world, params) => {
    const found = world.sessions
      .newestFirst()
      .filter(
        (session) =>
          within(session.created, params.created) &&
          (!params.customer || session.customer === params.customer) &&
          (!params.status || session.status === params.status) &&
          (!params.subscription || session.subscription === params.subscription),
      );
    return page(world, found, params, "/v1/checkout/sessions", (session) => renderSession(world, session));
  }),
  operation("GET", "/v1/checkout/sessions/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderSession(world, existing(world, id)),
  ),
  operation("POST", "/v1/checkout/sessions/:id/expire", z.strictObject({ expand }), (world, _params, id) => {
    const session = existing(world, id);
    if (session.status !== "open")
      throw new Refusal(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
      );
    expireSession(world, session);
    return renderSession(world, session);
  }),
  operation("GET", "/v1/checkout/sessions/:id/line_items", z.strictObject(paging), (world, params, id) => {
    const session = existing(world, id);
    return page(world, session.line_items, params, `/v1/checkout/sessions/${id}/line_items`, (item) => {
      const price = priceOf(world, item.price);
      const amount = amountOf(world, item);
      return {
        id: item.id,
        object: "item",
        adjustable_quantity: null,
        amount_discount: 0,
        amount_subtotal: amount,
        amount_tax: 0,
        amount_total: amount,
        currency: price.currency,
        description: world.products.get(price.product)?.name ?? null,
        metadata: {},
        price: renderPrice(price),
        quantity: item.quantity,
      };
    });
  }),
];

function existing(world: World, id: string): CheckoutSession {
  const session = world.sessions.get(id);
  if (!session) throw missing("checkout.session", id);
  return session;
}

function refuseUnusable(world: World, params: z.infer<typeof createParams>): void {
  if (params.customer) world.customer(params.customer);
  if (params.customer && params.customer_email)
    throw new Refusal("You may only specify one of these parameters: customer, customer_email.", { param: "customer" });
  if (!params.success_url) throw missingParam("success_url");
  const now = world.now();
  if (params.expires_at !== undefined && (params.expires_at < now + 1800 || params.expires_at > now + daySeconds))
    throw new Refusal("The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.", {
      param: "expires_at",
    });
  if (params.mode === "setup") {
    if (!params.currency) throw missingParam("currency");
    if (params.line_items) throw new Refusal("You can not pass `line_items` in `setup` mode.", { param: "line_items" });
    return;
  }
  if (!params.line_items?.length) throw missingParam("line_items");
  params.line_items.forEach((item, index) => {
    refuseItem(world, item, `line_items[${index}]`);
    if (!isMetered(priceOf(world, item.price)) && item.quantity === undefined)
      throw missingParam(`line_items[${index}][quantity]`);
  });
  if (params.subscription_data?.billing_mode?.type === "classic")
    throw new Refusal("This sandbox emulates billing_mode flexible only.", { param: "subscription_data[billing_mode][type]" });
}
