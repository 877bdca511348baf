import * as z from "zod";
import { boundaryAfter, boundaryBefore, nextAnchor } from "./billing-cycle.ts";
import { attempt, finalize } from "./collection.ts";
import type { Customer } from "./customers.ts";
import { emit } from "./events.ts";
import { draftFor } from "./invoice-drafts.ts";
import { flatLines, meteredLines } from "./invoice-lines.ts";
import { clearable, expand, flag, integer, mergeMetadata, metadata, text } from "./params.ts";
import { ownMethod } from "./payment-methods.ts";
import { isMetered, priceOf } from "./prices.ts";
import { missingParam, Refusal } from "./refusal.ts";
import { cycleOf, renderSubscription, Subscription, setPeriod } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** `billing_cycle_anchor_config` in UTC. */
export const anchorConfig = z.strictObject({
  day_of_month: integer,
  hour: integer.optional(),
  minute: integer.optional(),
  second: integer.optional(),
});
/** `billing_mode`; only flexible is emulated. */
export const billingMode = z.strictObject({
  type: z.enum(["flexible", "classic"]),
  flexible: z.strictObject({ proration_discounts: z.enum(["included", "itemized"]).optional() }).optional(),
});
/** `proration_behavior`. */
export const prorationBehavior = z.enum(["create_prorations", "always_invoice", "none"]);
/** One of `items` of a new subscription. */
export const newItem = z.strictObject({ price: text(), quantity: integer.optional(), metadata: metadata.optional() });

/** The parameters of `subscriptions.create` that are served. */
export const createParams = z.strictObject({
  customer: text(),
  items: z.array(newItem).max(20),
  billing_cycle_anchor: integer.optional(),
  billing_cycle_anchor_config: anchorConfig.optional(),
  billing_mode: billingMode.optional(),
  backdate_start_date: integer.optional(),
  cancel_at: integer.optional(),
  cancel_at_period_end: flag.optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  currency: text(3).optional(),
  days_until_due: integer.optional(),
  default_payment_method: text().optional(),
  description: clearable(500).optional(),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  payment_behavior: z.enum(["allow_incomplete", "default_incomplete", "error_if_incomplete"]).optional(),
  proration_behavior: prorationBehavior.optional(),
  expand,
});
/** The same, read. */
export type CreateParams = z.infer<typeof createParams>;

/** Creates a subscription with its first invoice, which is finalized (and charged) in the request. */
export function createSubscription(world: World, params: CreateParams): Subscription {
  const customer = world.customer(params.customer);
  refuseUnusable(world, params, customer);
  const now = world.now(customer.test_clock);
  const start = params.backdate_start_date ?? now;
  if (start > now) throw new Refusal("backdate_start_date must be in the past.", { param: "backdate_start_date" });
  const config = params.billing_cycle_anchor_config;
  const anchor = config ? nextAnchor(now, config) : (params.billing_cycle_anchor ?? start);
  const subscription = Subscription.parse({
    id: world.id("sub_"),
    created: now,
    start_date: start,
    customer: customer.id,
    items: [],
    currency: priceOf(world, params.items[0]?.price ?? "").currency,
    billing_cycle_anchor: anchor,
    billing_cycle_anchor_config: config ?? null,
    cancel_at: params.cancel_at ?? null,
    cancel_at_period_end: params.cancel_at_period_end ?? false,
    collection_method: params.collection_method ?? "charge_automatically",
    days_until_due: params.days_until_due ?? null,
    default_payment_method: params.default_payment_method
      ? ownMethod(world, params.default_payment_method, customer, "default_payment_method").id
      : null,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
    test_clock: customer.test_clock,
  });
  subscription.items = params.items.map((item) => itemOf(world, item, now, start));
  const cycle = cycleOf(world, subscription);
  const end = boundaryAfter(cycle, now);
  if (
    params.billing_cycle_anchor !== undefined &&
    (anchor < now || anchor > boundaryAfter({ ...cycle, anchor: now, day: undefined }, now))
  )
    throw new Refusal("billing_cycle_anchor cannot be in the past or later than the next natural billing date.", {
      param: "billing_cycle_anchor",
    });
  world.subscriptions.add(subscription);
  const full = { start: boundaryBefore(cycle, end), end };
  setPeriod(world, subscription, full.start === now ? now : start === now ? now : Math.max(start, full.start), end);
  if (subscription.cancel_at !== null)
    world.schedule("cancelAt", subscription.id, subscription.cancel_at, subscription.test_clock);
  const undo = () => world.subscriptions.remove(subscription.id);
  firstInvoice(world, subscription, params, { now, start, full }, undo);
  emit(world, "customer.subscription.created", renderSubscription(world, subscription), subscription.test_clock);
  return subscription;
}

/** A new item. Its usage counts from the subscription's start. */
export function itemOf(
  world: World,
  given: z.infer<typeof newItem>,
  now: number,
  usageFrom: number,
): Subscription["items"][number] {
  const metered = isMetered(priceOf(world, given.price));
  return {
    id: world.id("si_"),
    created: now,
    price: given.price,
    quantity: metered ? null : (given.quantity ?? 1),
    current_period_start: now,
    current_period_end: now,
    metadata: mergeMetadata({}, given.metadata),
    usage_from: usageFrom,
    past_prices: [],
  };
}

/** Throws a Refusal where the price cannot be on a subscription. */
export function refuseItem(
  world: World,
  given: { readonly price: string; readonly quantity?: number | undefined },
  param: string,
): void {
  const price = priceOf(world, given.price, `${param}[price]`);
  if (!price.recurring)
    throw new Refusal("The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.", {
      param: `${param}[price]`,
    });
  if (!price.active)
    throw new Refusal("The price specified is inactive. This field only accepts active prices.", { param: `${param}[price]` });
  if (isMetered(price) && given.quantity !== undefined)
    throw new Refusal(`You cannot set the quantity for items with metered prices.`, { param: `${param}[quantity]` });
}

function firstInvoice(
  world: World,
  subscription: Subscription,
  params: CreateParams,
  when: { now: number; start: number; full: { start: number; end: number } },
  undo: () => void,
): void {
  const { now, start, full } = when;
  const partial = start !== full.start;
  const lines =
    partial && params.proration_behavior === "none" ? [] : flatLines(world, subscription, { start, end: full.end }, full);
  // Backdating puts the usage since then on this first invoice, which is finalized at once.
  if (start < now) {
    lines.push(...meteredLines(world, subscription, { start, end: now }));
    for (const item of subscription.items) item.usage_from = now;
  }
  // Nothing to bill, no invoice: flexible mode has no $0 metered line at sign-up.
  if (lines.length === 0) return;
  const invoice = draftFor(world, subscription, { reason: "subscription_create", lines, period: { start: now, end: now } });
  if (subscription.collection_method === "send_invoice") return;
  const behavior = params.payment_behavior ?? "allow_incomplete";
  subscription.status = "incomplete";
  finalize(world, invoice, "never");
  if (invoice.status === "paid") return;
  const decline = behavior === "default_incomplete" ? undefined : attempt(world, invoice);
  if (decline && behavior === "error_if_incomplete") {
    undo();
    world.invoices.remove(invoice.id);
    throw new Refusal(decline.message, {
      status: 402,
      type: "card_error",
      code: decline.code,
      ...(decline.declineCode ? { declineCode: decline.declineCode } : {}),
    });
  }
  if (world.invoices.get(invoice.id)?.status !== "paid")
    world.schedule("incompleteExpiry", subscription.id, now + 23 * 3600, subscription.test_clock);
}

function refuseUnusable(world: World, params: CreateParams, customer: Customer): void {
  if (params.items.length === 0) throw missingParam("items");
  for (const [index, item] of params.items.entries()) refuseItem(world, item, `items[${index}]`);
  const prices = params.items.map((item) => priceOf(world, item.price));
  const first = prices[0];
  if (new Set(prices.map((price) => price.id)).size !== prices.length)
    throw new Refusal("You cannot have two items with the same price.", { param: "items" });
  if (prices.some((price) => price.currency !== first?.currency))
    throw new Refusal("All prices must have the same currency.", { param: "items" });
  if (
    prices.some(
      (price) =>
        price.recurring?.interval !== first?.recurring?.interval ||
        price.recurring?.interval_count !== first?.recurring?.interval_count,
    )
  )
    throw new Refusal("This sandbox bills items of one interval only.", { param: "items" });
  if (params.billing_cycle_anchor !== undefined && params.billing_cycle_anchor_config)
    throw new Refusal("You may only specify one of these parameters: billing_cycle_anchor, billing_cycle_anchor_config.", {
      param: "billing_cycle_anchor",
    });
  if (params.billing_mode?.type === "classic")
    throw new Refusal("This sandbox emulates billing_mode flexible only.", { param: "billing_mode[type]" });
  if (params.cancel_at !== undefined && params.cancel_at_period_end)
    throw new Refusal("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", { param: "cancel_at" });
  if (params.collection_method === "send_invoice") {
    if (params.days_until_due === undefined) throw missingParam("days_until_due");
  } else if (params.days_until_due !== undefined)
    throw new Refusal("days_until_due can only be set with collection_method send_invoice.", { param: "days_until_due" });
  else if (
    !params.default_payment_method &&
    !customer.invoice_settings.default_payment_method &&
    params.payment_behavior !== "default_incomplete" &&
    prices.some((price) => price.unit_amount > 0 && !isMetered(price))
  )
    throw new Refusal(
      "This customer has no attached payment source or default payment method. Please consider adding a default payment method.",
      { code: "resource_missing", param: "customer" },
    );
}
