import * as z from "zod";
import { boundaryAfter } from "./billing-cycle.ts";
import { finalize } from "./collection.ts";
import { emit } from "./events.ts";
import { draftFor } from "./invoice-drafts.ts";
import { meteredLinesOf } from "./invoice-lines.ts";
import { clearable, clearableInteger, expand, flag, integer, mergeMetadata, metadata, text } from "./params.ts";
import { ownMethod } from "./payment-methods.ts";
import { isMetered, priceOf } from "./prices.ts";
import { addUsageItem, prorateItem } from "./proration.ts";
import { missing, Refusal } from "./refusal.ts";
import { itemOf, prorationBehavior, refuseItem } from "./subscription-create.ts";
import { cycleOf, isLive, periodOf, renderSubscription, type Subscription, type SubscriptionItem } from "./subscriptions.ts";
import type { World } from "./world.ts";

const itemChange = z.strictObject({
  id: text().optional(),
  price: text().optional(),
  quantity: integer.optional(),
  metadata: metadata.optional(),
  deleted: flag.optional(),
  clear_usage: flag.optional(),
});

/** The parameters of `subscriptions.update` that are served. */
export const updateParams = z.strictObject({
  items: z.array(itemChange).optional(),
  billing_cycle_anchor: z.enum(["unchanged"]).optional(),
  cancel_at: clearableInteger.optional(),
  cancel_at_period_end: flag.optional(),
  cancellation_details: z.strictObject({ comment: clearable().optional() }).optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  days_until_due: integer.optional(),
  default_payment_method: clearable().optional(),
  description: clearable(500).optional(),
  metadata: metadata.optional(),
  off_session: flag.optional(),
  payment_behavior: z.enum(["allow_incomplete", "error_if_incomplete"]).optional(),
  proration_behavior: prorationBehavior.optional(),
  proration_date: integer.optional(),
  expand,
});

/** Changes a subscription. Changed items are prorated to the second; `always_invoice` bills that at once. */
export function updateSubscription(world: World, subscription: Subscription, params: z.infer<typeof updateParams>): void {
  if (!isLive(subscription))
    throw new Refusal("A canceled subscription can only update its cancellation_details and metadata.", {
      code: "resource_missing",
    });
  const before = structuredClone(renderSubscription(world, subscription));
  const now = world.now(subscription.test_clock);
  if (params.default_payment_method !== undefined)
    subscription.default_payment_method =
      params.default_payment_method === null
        ? null
        : ownMethod(world, params.default_payment_method, world.customer(subscription.customer), "default_payment_method").id;
  changeEnd(world, subscription, params, now);
  if (params.description !== undefined) subscription.description = params.description;
  if (params.collection_method) subscription.collection_method = params.collection_method;
  if (params.days_until_due !== undefined) subscription.days_until_due = params.days_until_due;
  if (params.cancellation_details?.comment !== undefined) subscription.cancellation_comment = params.cancellation_details.comment;
  subscription.metadata = mergeMetadata(subscription.metadata, params.metadata);
  const behavior = params.proration_behavior ?? "create_prorations";
  const from = params.proration_date ?? now;
  for (const [index, change] of (params.items ?? []).entries())
    changeItem(world, subscription, change, `items[${index}]`, behavior !== "none", from);
  if (params.items && behavior === "always_invoice") {
    const invoice = draftFor(world, subscription, { reason: "subscription_update", lines: [], period: { start: now, end: now } });
    if (subscription.collection_method === "charge_automatically") finalize(world, invoice, "now");
  }
  emit(
    world,
    "customer.subscription.updated",
    renderSubscription(world, subscription),
    subscription.test_clock,
    changedFields(before, renderSubscription(world, subscription)),
  );
}

/** Takes an item off. Unbilled usage becomes a pending item, or with `none` is discarded. */
export function removeItem(
  world: World,
  subscription: Subscription,
  item: SubscriptionItem,
  prorated: boolean,
  from: number,
): void {
  if (subscription.items.length === 1)
    throw new Refusal("A subscription must have at least one active item.", { param: "items" });
  const { start } = periodOf(subscription);
  if (prorated) {
    if (isMetered(priceOf(world, item.price))) {
      for (const line of meteredLinesOf(world, subscription, item, { start, end: from })) addUsageItem(world, subscription, line);
    } else prorateItem(world, subscription, item, from, -1);
  }
  subscription.items = subscription.items.filter((other) => other.id !== item.id);
}

function changeItem(
  world: World,
  subscription: Subscription,
  change: z.infer<typeof itemChange>,
  param: string,
  prorated: boolean,
  from: number,
): void {
  const item = subscription.items.find((candidate) => candidate.id === change.id);
  if (change.id && !item) throw missing("subscription item", change.id, `${param}[id]`, 400);
  if (!item) {
    if (!change.price) throw missing("price", "", `${param}[price]`, 400);
    addItem(world, subscription, { ...change, price: change.price }, param, prorated, from);
    return;
  }
  if (change.deleted) {
    removeItem(world, subscription, item, prorated, from);
    return;
  }
  const price = change.price ?? item.price;
  refuseItem(world, { price, quantity: change.quantity }, param);
  const old = priceOf(world, item.price);
  const fresh = priceOf(world, price);
  item.metadata = mergeMetadata(item.metadata, change.metadata);
  if (isMetered(old) !== isMetered(fresh) || old.recurring?.meter !== fresh.recurring?.meter)
    throw new Refusal(
      "This sandbox swaps a metered price only for another price of the same meter; remove the item and add a new one.",
      { param: `${param}[price]` },
    );
  if (isMetered(old)) {
    // Swapping with `none` discards the usage so far.
    if (fresh.id !== old.id && prorated) item.past_prices.push({ price: old.id, until: from });
    else if (fresh.id !== old.id) item.usage_from = from;
    item.price = fresh.id;
    return;
  }
  if (fresh.id === old.id && (change.quantity ?? item.quantity) === item.quantity) return;
  if (prorated) prorateItem(world, subscription, item, from, -1);
  item.price = fresh.id;
  item.quantity = change.quantity ?? item.quantity;
  if (prorated) prorateItem(world, subscription, item, from, 1);
}

/** Puts an item on; a flat one is prorated from `from` on. */
export function addItem(
  world: World,
  subscription: Subscription,
  given: { price: string; quantity?: number | undefined; metadata?: Record<string, string> | undefined },
  param: string,
  prorated: boolean,
  from: number,
): SubscriptionItem {
  refuseItem(world, given, param);
  if (subscription.items.some((item) => item.price === given.price))
    throw new Refusal("You cannot have two items with the same price.", { param: `${param}[price]` });
  const item = itemOf(world, given, world.now(subscription.test_clock), from);
  const { start, end } = periodOf(subscription);
  item.current_period_start = start;
  item.current_period_end = end;
  subscription.items.push(item);
  if (prorated && !isMetered(priceOf(world, item.price))) prorateItem(world, subscription, item, from, 1);
  return item;
}

function changeEnd(world: World, subscription: Subscription, params: z.infer<typeof updateParams>, now: number): void {
  if (params.cancel_at && params.cancel_at_period_end)
    throw new Refusal("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", { param: "cancel_at" });
  if (params.cancel_at !== undefined) {
    if (params.cancel_at !== null && params.cancel_at <= now)
      throw new Refusal("cancel_at must be in the future.", { param: "cancel_at" });
    subscription.cancel_at = params.cancel_at;
    if (params.cancel_at !== null) world.schedule("cancelAt", subscription.id, params.cancel_at, subscription.test_clock);
  }
  if (params.cancel_at_period_end !== undefined) {
    subscription.cancel_at_period_end = params.cancel_at_period_end;
    // Stripe shows when that will be.
    subscription.cancel_at = params.cancel_at_period_end
      ? periodOf(subscription).end
      : params.cancel_at === undefined
        ? null
        : subscription.cancel_at;
  }
  const ends = subscription.cancel_at !== null || subscription.cancel_at_period_end;
  subscription.canceled_at = ends ? (subscription.canceled_at ?? now) : null;
  subscription.cancellation_reason = ends ? "cancellation_requested" : null;
  if (!ends) {
    const end = boundaryAfter(cycleOf(world, subscription), periodOf(subscription).start);
    for (const item of subscription.items) if (item.current_period_end < end) item.current_period_end = end;
    world.schedule("periodEnd", subscription.id, end, subscription.test_clock);
  }
}

function changedFields(before: object, after: object): Record<string, unknown> {
  const entries = Object.entries(before).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(after, key)),
  );
  return Object.fromEntries(entries);
}
