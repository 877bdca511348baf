import * as z from "zod";
import type { World } from "./world.ts";

/** Which usage a metered line counts. `priceFrom`/`priceTo` bound the share of one price after a swap. */
export const UsageWindow = z.object({
  meter: z.string(),
  customer: z.string(),
  subscription: z.string().nullable(),
  from: z.number(),
  to: z.number(),
  priceFrom: z.number().nullable(),
  priceTo: z.number().nullable(),
});
export type UsageWindow = z.infer<typeof UsageWindow>;

/** One line of an invoice, amounts in cents. */
export const Line = z.object({
  id: z.string(),
  amount: z.number().int(),
  description: z.string().nullable(),
  period: z.object({ start: z.number(), end: z.number() }),
  price: z.string().nullable(),
  unit_amount: z.number().int().nullable(),
  quantity: z.string().nullable(),
  subscription: z.string().nullable(),
  subscription_item: z.string().nullable(),
  invoice_item: z.string().nullable().default(null),
  proration: z.boolean().default(false),
  metadata: z.record(z.string(), z.string()).default({}),
  usage: UsageWindow.nullable().default(null),
});
export type Line = z.infer<typeof Line>;

const time = z.number().nullable().default(null);
/** An invoice, amounts in cents, times in epoch seconds. */
export const Invoice = z.object({
  id: z.string(),
  created: z.number(),
  customer: z.string(),
  subscription: z.string().nullable().default(null),
  status: z.enum(["draft", "open", "paid", "uncollectible", "void"]).default("draft"),
  billing_reason: z
    .enum(["manual", "subscription_create", "subscription_cycle", "subscription_update", "upcoming"])
    .default("manual"),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).default("charge_automatically"),
  auto_advance: z.boolean().default(false),
  automatically_finalizes_at: time,
  currency: z.string().default("usd"),
  period_start: z.number(),
  period_end: z.number(),
  lines: z.array(Line).default([]),
  number: z.string().nullable().default(null),
  attempt_count: z.number().int().default(0),
  attempted: z.boolean().default(false),
  next_payment_attempt: time,
  /** First failed attempt: the retry schedule counts from here. */
  retries_from: time,
  /** A method whose decline cannot be retried; retries wait for another one. */
  dead_method: z.string().nullable().default(null),
  days_until_due: z.number().int().nullable().default(null),
  due_date: time,
  default_payment_method: z.string().nullable().default(null),
  description: z.string().nullable().default(null),
  footer: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.string()).default({}),
  subscription_metadata: z.record(z.string(), z.string()).default({}),
  subtotal: z.number().int().default(0),
  total: z.number().int().default(0),
  amount_due: z.number().int().default(0),
  amount_paid: z.number().int().default(0),
  starting_balance: z.number().int().default(0),
  ending_balance: z.number().int().nullable().default(null),
  pre_payment_credit_notes_amount: z.number().int().default(0),
  post_payment_credit_notes_amount: z.number().int().default(0),
  finalized_at: time,
  marked_uncollectible_at: time,
  paid_at: time,
  voided_at: time,
  test_clock: z.string().nullable().default(null),
});
export type Invoice = z.infer<typeof Invoice>;

/** Adds the lines up. Only a draft's due amount follows the lines; finalization fixes it. */
export function recount(world: World, invoice: Invoice): void {
  invoice.subtotal = invoice.lines.reduce((sum, line) => sum + line.amount, 0);
  invoice.total = invoice.subtotal;
  if (invoice.status !== "draft") return;
  const balance = world.customers.get(invoice.customer)?.balance ?? 0;
  invoice.starting_balance = balance;
  invoice.amount_due = Math.max(0, invoice.total + balance);
}

/** Cents still to be paid. */
export function remaining(invoice: Invoice): number {
  if (invoice.status === "paid") return 0;
  return Math.max(0, invoice.amount_due - invoice.amount_paid - invoice.pre_payment_credit_notes_amount);
}

/** The invoice line as Stripe answers it. */
export function renderLine(world: World, invoice: Invoice | null, line: Line): object {
  const price = line.price === null ? undefined : world.prices.get(line.price);
  const details = { proration: line.proration, proration_details: null, subscription: line.subscription };
  return {
    id: line.id,
    object: "line_item",
    amount: line.amount,
    currency: invoice?.currency ?? "usd",
    description: line.description,
    discount_amounts: [],
    discountable: !line.proration,
    discounts: [],
    invoice: invoice?.id ?? null,
    livemode: false,
    metadata: line.metadata,
    parent:
      line.subscription_item !== null
        ? {
            type: "subscription_item_details",
            subscription_item_details: { ...details, invoice_item: line.invoice_item, subscription_item: line.subscription_item },
            invoice_item_details: null,
          }
        : {
            type: "invoice_item_details",
            invoice_item_details: { ...details, invoice_item: line.invoice_item ?? line.id },
            subscription_item_details: null,
          },
    period: line.period,
    pretax_credit_amounts: [],
    pricing: price
      ? {
          type: "price_details",
          price_details: { price: price.id, product: price.product },
          unit_amount_decimal: String(line.unit_amount ?? price.unit_amount),
        }
      : null,
    quantity: line.quantity === null ? null : Math.round(Number(line.quantity)),
    quantity_decimal: line.quantity,
    subscription: line.subscription,
    subtotal: line.amount,
    taxes: [],
  };
}

/** The invoice as Stripe answers it. */
export function renderInvoice(world: World, invoice: Invoice): object {
  const customer = world.customers.get(invoice.customer);
  const hosted = invoice.number ? `https://invoice.stripe.com/i/${world.settings.accountId}/test_${invoice.id}` : null;
  return {
    id: invoice.id,
    object: "invoice",
    ...constantFields,
    account_name: null,
    amount_due: invoice.amount_due,
    amount_paid: invoice.amount_paid,
    amount_remaining: remaining(invoice),
    attempt_count: invoice.attempt_count,
    attempted: invoice.attempted,
    auto_advance: invoice.auto_advance,
    automatically_finalizes_at: invoice.automatically_finalizes_at,
    billing_reason: invoice.billing_reason,
    collection_method: invoice.collection_method,
    created: invoice.created,
    currency: invoice.currency,
    customer: invoice.customer,
    customer_email: customer?.email ?? null,
    customer_name: customer?.name ?? null,
    customer_phone: customer?.phone ?? null,
    default_payment_method: invoice.default_payment_method,
    description: invoice.description,
    due_date: invoice.due_date,
    effective_at: invoice.finalized_at,
    ending_balance: invoice.ending_balance,
    footer: invoice.footer,
    hosted_invoice_url: hosted,
    invoice_pdf: hosted && `${hosted}/pdf`,
    lines: {
      object: "list",
      data: invoice.lines.slice(0, 10).map((line) => renderLine(world, invoice, line)),
      has_more: invoice.lines.length > 10,
      url: `/v1/invoices/${invoice.id}/lines`,
    },
    metadata: invoice.metadata,
    next_payment_attempt: invoice.next_payment_attempt,
    number: invoice.number,
    parent: invoice.subscription
      ? {
          type: "subscription_details",
          quote_details: null,
          subscription_details: { metadata: invoice.subscription_metadata, subscription: invoice.subscription },
        }
      : null,
    period_end: invoice.period_end,
    period_start: invoice.period_start,
    post_payment_credit_notes_amount: invoice.post_payment_credit_notes_amount,
    pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount,
    starting_balance: invoice.starting_balance,
    status: invoice.status,
    status_transitions: {
      finalized_at: invoice.finalized_at,
      marked_uncollectible_at: invoice.marked_uncollectible_at,
      paid_at: invoice.paid_at,
      voided_at: invoice.voided_at,
    },
    subtotal: invoice.subtotal,
    subtotal_excluding_tax: invoice.subtotal,
    test_clock: invoice.test_clock,
    total: invoice.total,
    total_excluding_tax: invoice.total,
  };
}

/** What Stripe always answers and no operation of this sandbox changes: taxes, discounts, shipping, Connect. */
const constantFields = {
  account_country: "US",
  account_tax_ids: null,
  amount_overpaid: 0,
  amount_shipping: 0,
  application: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
  custom_fields: null,
  customer_account: null,
  customer_address: null,
  customer_shipping: null,
  customer_tax_exempt: "none",
  customer_tax_ids: [],
  default_source: null,
  default_tax_rates: [],
  discounts: [],
  from_invoice: null,
  issuer: { type: "self" },
  last_finalization_error: null,
  latest_revision: null,
  livemode: false,
  on_behalf_of: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  receipt_number: null,
  rendering: null,
  shipping_cost: null,
  shipping_details: null,
  statement_descriptor: null,
  total_discount_amounts: [],
  total_pretax_credit_amounts: [],
  total_taxes: [],
  webhooks_delivered_at: null,
};
