import * as z from "zod";
import { Customer, renderCustomer } from "./customers.ts";
import { emit } from "./events.ts";
import { attach } from "./payment-methods.ts";
import { isMetered, priceOf } from "./prices.ts";
import { missing, Refusal } from "./refusal.ts";
import { succeed } from "./setup-intents.ts";
import { createSubscription } from "./subscription-create.ts";
import type { World } from "./world.ts";

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

/** The checkout session as Stripe answers it. */
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

/** The session with this id, or the customer's newest open one. */
export function sessionFor(world: World, idOrCustomer: string): CheckoutSession {
  const session =
    world.sessions.get(idOrCustomer) ??
    world.sessions.newestFirst().find((open) => open.customer === idOrCustomer && open.status === "open");
  if (!session) throw missing("checkout.session", idOrCustomer);
  return session;
}

/** A metered price costs nothing on the day. */
export function amountOf(world: World, item: { readonly price: string; readonly quantity: number | null }): number {
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
