import * as z from "zod";
import { emit } from "./events.ts";
import { type Line, recount } from "./invoices.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, flag, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { priceOf } from "./prices.ts";
import { missing, missingParam, Refusal } from "./refusal.ts";
import type { Subscription } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** Something to be billed on the next invoice, or on a given draft. */
export const InvoiceItem = z.object({
  id: z.string(),
  date: z.number(),
  customer: z.string(),
  subscription: z.string().nullable().default(null),
  subscription_item: z.string().nullable().default(null),
  invoice: z.string().nullable().default(null),
  amount: z.number().int(),
  currency: z.string().default("usd"),
  description: z.string().nullable().default(null),
  period: z.object({ start: z.number(), end: z.number() }),
  price: z.string().nullable().default(null),
  unit_amount: z.number().int().nullable().default(null),
  quantity: z.string().default("1"),
  proration: z.boolean().default(false),
  metadata: z.record(z.string(), z.string()).default({}),
  test_clock: z.string().nullable().default(null),
});
export type InvoiceItem = z.infer<typeof InvoiceItem>;

/** The invoice line that an item becomes. */
export function lineOfItem(world: World, item: InvoiceItem): Line {
  return {
    id: world.id("il_"),
    amount: item.amount,
    description: item.description,
    period: { ...item.period },
    price: item.price,
    unit_amount: item.unit_amount,
    quantity: item.quantity,
    subscription: item.subscription,
    subscription_item: item.subscription_item,
    invoice_item: item.id,
    proration: item.proration,
    metadata: item.metadata,
    usage: null,
  };
}

/** Writes a pending item down, dated now on the customer's clock. */
export function addInvoiceItem(world: World, fields: Omit<z.input<typeof InvoiceItem>, "id" | "date">): InvoiceItem {
  const clock = world.customers.get(fields.customer)?.test_clock ?? null;
  const item = world.invoiceItems.add(
    InvoiceItem.parse({ ...fields, id: world.id("ii_"), date: world.now(clock), test_clock: clock }),
  );
  emit(world, "invoiceitem.created", renderInvoiceItem(world, item), clock);
  return item;
}

/** What the subscription's next invoice takes: items of its own and of its customer that no invoice has yet. */
export function pendingItems(world: World, subscription: Subscription): InvoiceItem[] {
  return world.invoiceItems
    .all()
    .filter(
      (item) =>
        item.invoice === null &&
        item.customer === subscription.customer &&
        (item.subscription === null || item.subscription === subscription.id),
    );
}

/** The invoice item as Stripe answers it. */
export function renderInvoiceItem(world: World, item: InvoiceItem): object {
  const price = item.price === null ? undefined : world.prices.get(item.price);
  return {
    id: item.id,
    object: "invoiceitem",
    amount: item.amount,
    currency: item.currency,
    customer: item.customer,
    customer_account: null,
    date: item.date,
    description: item.description,
    discountable: !item.proration,
    discounts: [],
    invoice: item.invoice,
    livemode: false,
    metadata: item.metadata,
    net_amount: item.amount,
    parent: item.subscription
      ? {
          type: "subscription_details",
          subscription_details: {
            subscription: item.subscription,
            ...(item.subscription_item ? { subscription_item: item.subscription_item } : {}),
          },
        }
      : null,
    period: item.period,
    pricing: price
      ? {
          type: "price_details",
          price_details: { price: price.id, product: price.product },
          unit_amount_decimal: String(item.unit_amount ?? price.unit_amount),
        }
      : null,
    proration: item.proration,
    quantity: Math.round(Number(item.quantity)),
    quantity_decimal: item.quantity,
    tax_rates: [],
    test_clock: item.test_clock,
  };
}

const period = z.strictObject({ start: integer, end: integer });
const createParams = z.strictObject({
  customer: text().optional(),
  subscription: text().optional(),
  invoice: text().optional(),
  amount: integer.optional(),
  currency: text(3).optional(),
  description: clearable().optional(),
  metadata: metadata.optional(),
  period: period.optional(),
  pricing: z.strictObject({ price: text() }).optional(),
  quantity: integer.optional(),
  expand,
});

/** The calls of this kind that are served. */
export const invoiceItemOperations: readonly Operation[] = [
  operation("POST", "/v1/invoiceitems", createParams, (world, params) => {
    const owner = params.customer ?? (params.subscription && world.subscriptions.get(params.subscription)?.customer);
    if (!owner) throw missingParam("customer");
    const customer = world.customer(owner);
    if (params.subscription && world.subscriptions.get(params.subscription)?.customer !== owner)
      throw missing("subscription", params.subscription, "subscription", 400);
    const invoice = params.invoice === undefined ? undefined : world.invoices.get(params.invoice);
    if (params.invoice && invoice?.customer !== owner) throw missing("invoice", params.invoice, "invoice", 400);
    if (invoice && invoice.status !== "draft")
      throw new Refusal(`The invoice ${invoice.id} can no longer be modified because it is ${invoice.status}.`, {
        code: "invoice_not_editable",
        param: "invoice",
      });
    const price = params.pricing && priceOf(world, params.pricing.price, "pricing[price]");
    if (price?.recurring)
      throw new Refusal(
        "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
        { param: "pricing[price]" },
      );
    const quantity = params.quantity ?? 1;
    const amount = price ? price.unit_amount * quantity : params.amount;
    if (amount === undefined) throw missingParam("amount");
    const now = world.now(customer.test_clock);
    const item = addInvoiceItem(world, {
      customer: owner,
      subscription: params.subscription ?? null,
      invoice: invoice?.id ?? null,
      amount,
      currency: price?.currency ?? params.currency ?? customer.currency ?? "usd",
      description: params.description ?? null,
      period: params.period ?? { start: now, end: now },
      price: price?.id ?? null,
      unit_amount: price?.unit_amount ?? null,
      quantity: String(quantity),
      metadata: mergeMetadata({}, params.metadata),
    });
    if (invoice) {
      invoice.lines.push(lineOfItem(world, item));
      recount(world, invoice);
    }
    return renderInvoiceItem(world, item);
  }),
  operation(
    "GET",
    "/v1/invoiceitems",
    z.strictObject({
      ...paging,
      created: timeRange,
      customer: text().optional(),
      invoice: text().optional(),
      pending: flag.optional(),
    }),
    (world, params) => {
      const found = world.invoiceItems
        .newestFirst()
        .filter(
          (item) =>
            within(item.date, params.created) &&
            (!params.customer || item.customer === params.customer) &&
            (!params.invoice || item.invoice === params.invoice) &&
            (params.pending === undefined || (item.invoice === null) === params.pending),
        );
      return page(world, found, params, "/v1/invoiceitems", (item) => renderInvoiceItem(world, item));
    },
  ),
  operation("GET", "/v1/invoiceitems/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderInvoiceItem(world, existing(world, id)),
  ),
  operation(
    "POST",
    "/v1/invoiceitems/:id",
    z.strictObject({
      amount: integer.optional(),
      description: clearable().optional(),
      metadata: metadata.optional(),
      period: period.optional(),
      expand,
    }),
    (world, params, id) => {
      const item = existing(world, id);
      const invoice = editable(world, item);
      if (params.amount !== undefined) item.amount = params.amount;
      if (params.description !== undefined) item.description = params.description;
      if (params.period) item.period = params.period;
      item.metadata = mergeMetadata(item.metadata, params.metadata);
      if (invoice) {
        const index = invoice.lines.findIndex((line) => line.invoice_item === id);
        const line = invoice.lines[index];
        if (line) invoice.lines[index] = { ...lineOfItem(world, item), id: line.id };
        recount(world, invoice);
      }
      return renderInvoiceItem(world, item);
    },
  ),
  operation("DELETE", "/v1/invoiceitems/:id", z.strictObject({}), (world, _params, id) => {
    const item = existing(world, id);
    const invoice = editable(world, item);
    if (invoice) {
      invoice.lines = invoice.lines.filter((line) => line.invoice_item !== id);
      recount(world, invoice);
    }
    world.invoiceItems.remove(id);
    return { id, object: "invoiceitem", deleted: true };
  }),
];

function existing(world: World, id: string): InvoiceItem {
  const item = world.invoiceItems.get(id);
  if (!item) throw missing("invoiceitem", id);
  return item;
}

function editable(world: World, item: InvoiceItem) {
  const invoice = item.invoice === null ? undefined : world.invoices.get(item.invoice);
  if (invoice && invoice.status !== "draft")
    throw new Refusal("This invoice item is attached to an invoice that is no longer editable.", {
      code: "invoice_not_editable",
    });
  return invoice;
}
