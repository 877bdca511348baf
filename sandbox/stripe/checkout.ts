import * as z from "zod";
import { Customer, renderCustomer } from "./customers.ts";
import { emit } from "./events.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { attach } from "./payment-methods.ts";
import { isMetered, priceOf, renderPrice } from "./prices.ts";
import { missing, missingParam, Refusal } from "./refusal.ts";
import { SetupIntent, succeed } from "./setup-intents.ts";
import { anchorConfig, billingMode, createSubscription, refuseItem } from "./subscription-create.ts";
import type { World } from "./world.ts";

const daySeconds = 24 * 3600;
const SubscriptionData = z.object({
  billing_cycle_anchor: z.number().optional(),
  billing_cycle_anchor_config: z
    .object({
      day_of_month: z.number(),
      hour: z.number().optional(),
      minute: z.number().optional(),
      second: z.number().optional(),
    })
    .optional(),
  proration_behavior: z.enum(["create_prorations", "none"]).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  description: z.string().nullable().optional(),
});

/** A hosted page for the customer. A set-up session saves a card; it does not make it the default. */
export const CheckoutSession = z.object({
  id: z.string(),
  created: z.number(),
  mode: z.enum(["setup", "subscription"]),
  status: z.enum(["open", "complete", "expired"]).default("open"),
  expires_at: z.number(),
  customer: z.string().nullable().default(null),
  customer_email: z.string().nullable().default(null),
  client_reference_id: z.string().nullable().default(null),
  currency: z.string().nullable().default(null),
  setup_intent: z.string().nullable().default(null),
  subscription: z.string().nullable().default(null),
  invoice: z.string().nullable().default(null),
  success_url: z.string().nullable().default(null),
  cancel_url: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.string()).default({}),
  line_items: z.array(z.object({ id: z.string(), price: z.string(), quantity: z.number().nullable() })).default([]),
  subscription_data: SubscriptionData.default({}),
  url: z.string(),
});
export type CheckoutSession = z.infer<typeof CheckoutSession>;

/** The customer's part: gives a card on the hosted page. Throws a Refusal where the session is not open or the card is declined. */
export function completeSession(world: World, session: CheckoutSession, paymentMethod: string): CheckoutSession {
  if (session.status !== "open")
    throw new Refusal(`This Checkout Session is ${session.status}.`, { code: "checkout_session_not_open" });
  const customer = session.customer ? world.customer(session.customer) : newCustomer(world, session);
  session.customer = customer.id;
  if (session.mode === "setup") {
    const intent = session.setup_intent === null ? undefined : world.setupIntents.get(session.setup_intent);
    if (intent) {
      intent.customer = customer.id;
      succeed(world, intent, paymentMethod);
    }
  } else {
    const method = attach(world, paymentMethod, customer);
    const subscription = createSubscription(world, {
      ...session.subscription_data,
      customer: customer.id,
      items: session.line_items.map((item) => ({
        price: item.price,
        ...(item.quantity === null ? {} : { quantity: item.quantity }),
      })),
      default_payment_method: method.id,
      payment_behavior: "error_if_incomplete",
    });
    session.subscription = subscription.id;
    session.invoice = subscription.latest_invoice;
  }
  session.status = "complete";
  emit(world, "checkout.session.completed", renderSession(world, session), customer.test_clock);
  return session;
}

/** 24 hours (or `expires_at`) have passed, or we said so. */
export function expireSession(world: World, session: CheckoutSession): void {
  if (session.status !== "open") return;
  session.status = "expired";
  const intent = session.setup_intent === null ? undefined : world.setupIntents.get(session.setup_intent);
  if (intent) intent.status = "canceled";
  emit(world, "checkout.session.expired", renderSession(world, session));
}

export function renderSession(world: World, session: CheckoutSession): object {
  const subtotal = session.mode === "setup" ? null : session.line_items.reduce((sum, item) => sum + amountOf(world, item), 0);
  const { line_items: _items, subscription_data: _data, ...fields } = session;
  return {
    ...fields,
    ...constantFields,
    object: "checkout.session",
    amount_subtotal: subtotal,
    amount_total: subtotal,
    customer_creation: session.mode === "subscription" && !session.customer ? "always" : null,
    customer_details: session.customer_email
      ? {
          address: null,
          business_name: null,
          email: session.customer_email,
          individual_name: null,
          name: null,
          phone: null,
          tax_exempt: "none",
          tax_ids: null,
        }
      : null,
    payment_method_collection: session.mode === "subscription" ? "always" : null,
    payment_status: session.mode === "setup" ? "no_payment_required" : session.status === "complete" ? "paid" : "unpaid",
    total_details: session.mode === "setup" ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    url: session.status === "open" ? session.url : null,
  };
}

const constantFields = {
  adaptive_pricing: null,
  after_expiration: null,
  allow_promotion_codes: null,
  allowed_payment_method_types: null,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  billing_address_collection: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
  customer_account: null,
  discounts: [],
  integration_identifier: null,
  invoice_creation: null,
  livemode: false,
  locale: null,
  managed_payments: null,
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_configuration_details: null,
  payment_method_options: {},
  payment_method_types: ["card"],
  permissions: null,
  recovered_from: null,
  saved_payment_method_options: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  submit_type: null,
  ui_mode: "hosted_page",
  wallet_options: null,
};

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

/** The session with this id, or the customer's newest open one. */
export function sessionFor(world: World, idOrCustomer: string): CheckoutSession {
  const session =
    world.sessions.get(idOrCustomer) ??
    world.sessions.newestFirst().find((open) => open.customer === idOrCustomer && open.status === "open");
  if (!session) throw missing("checkout.session", idOrCustomer);
  return session;
}

function existing(world: World, id: string): CheckoutSession {
  const session = world.sessions.get(id);
  if (!session) throw missing("checkout.session", id);
  return session;
}

/** A metered price costs nothing on the day. */
function amountOf(world: World, item: { readonly price: string; readonly quantity: number | null }): number {
  const price = priceOf(world, item.price);
  return isMetered(price) ? 0 : price.unit_amount * (item.quantity ?? 1);
}

function newCustomer(world: World, session: CheckoutSession): Customer {
  const id = world.id("cus_");
  const customer = world.customers.add(
    Customer.parse({ id, created: world.now(), email: session.customer_email, invoice_prefix: id.slice(4, 12).toUpperCase() }),
  );
  emit(world, "customer.created", renderCustomer(customer));
  return customer;
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
