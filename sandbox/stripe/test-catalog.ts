import type Stripe from "stripe";
import type { TestServer } from "./test-server.ts";

/** What the product sells: $5 a month in advance and $1 an hour in arrears. */
export interface Catalog {
  readonly meter: Stripe.Billing.Meter;
  readonly flat: Stripe.Price;
  readonly hour: Stripe.Price;
}

export async function makeCatalog({ stripe }: TestServer): Promise<Catalog> {
  const meter = await stripe.billing.meters.create({
    display_name: "Billable hours",
    event_name: "billable_hours",
    default_aggregation: { formula: "sum" },
    event_time_window: "hour",
  });
  const product = await stripe.products.create({ name: "AI-DIY" });
  const flat = await stripe.prices.create({
    currency: "usd",
    product: product.id,
    lookup_key: "base_monthly_v1",
    unit_amount: 500,
    recurring: { interval: "month" },
  });
  const hour = await stripe.prices.create({
    currency: "usd",
    product: product.id,
    lookup_key: "billable_hour_v1",
    unit_amount: 100,
    recurring: { interval: "month", usage_type: "metered", meter: meter.id },
  });
  return { meter, flat, hour };
}

/** A customer with a default card. */
export async function makeCustomer({ stripe }: TestServer, card = "pm_card_visa"): Promise<Stripe.Customer> {
  return stripe.customers.create({
    name: "Acme",
    email: "ada@acme.example",
    payment_method: card,
    invoice_settings: { default_payment_method: card },
    metadata: { tenant_uid: "tn_7k2m9x4q1c" },
  });
}

export function subscribe(
  { stripe }: TestServer,
  customer: string,
  catalog: Catalog,
  extra: Partial<Stripe.SubscriptionCreateParams> = {},
): Promise<Stripe.Subscription> {
  return stripe.subscriptions.create({
    customer,
    items: [{ price: catalog.flat.id }, { price: catalog.hour.id }],
    billing_cycle_anchor_config: { day_of_month: 1, hour: 0, minute: 0, second: 0 },
    billing_mode: { type: "flexible" },
    ...extra,
  });
}

/** One hour's value for a customer, with a timestamp inside that hour. */
export function post(
  { stripe }: TestServer,
  customer: string,
  hour: string,
  value = "1",
  run = "r0",
): Promise<Stripe.Billing.MeterEvent> {
  return stripe.billing.meterEvents.create({
    event_name: "billable_hours",
    identifier: `bh:${customer}:${hour}:${value}:${run}`,
    timestamp: Date.parse(hour) / 1000 + 1,
    payload: { stripe_customer_id: customer, value },
  });
}
