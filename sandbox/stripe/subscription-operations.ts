import * as z from "zod";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, flag, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import { searchOperation } from "./search.ts";
import { cancelNow } from "./subscription-cancel.ts";
import { createParams, createSubscription, newItem, prorationBehavior } from "./subscription-create.ts";
import { pause, pauseParams, resume, resumeParams } from "./subscription-pause.ts";
import { addItem, removeItem, updateParams, updateSubscription } from "./subscription-update.ts";
import { isLive, renderItem, renderSubscription, type Subscription, type SubscriptionItem } from "./subscriptions.ts";
import type { World } from "./world.ts";

const statuses = [
  "active",
  "past_due",
  "unpaid",
  "canceled",
  "incomplete",
  "incomplete_expired",
  "paused",
  "trialing",
  "all",
  "ended",
] as const;
const listParams = z.strictObject({
  ...paging,
  created: timeRange,
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  customer: text().optional(),
  price: text().optional(),
  status: z.enum(statuses).optional(),
  test_clock: text().optional(),
});

/** The calls of this kind that are served. */
export const subscriptionOperations: readonly Operation[] = [
  operation("POST", "/v1/subscriptions", createParams, (world, params) =>
    renderSubscription(world, createSubscription(world, params)),
  ),
  operation("GET", "/v1/subscriptions", listParams, (world, params) => {
    const found = world.subscriptions
      .newestFirst()
      .filter(
        (subscription) =>
          hasStatus(subscription, params.status) &&
          within(subscription.created, params.created) &&
          (params.customer
            ? subscription.customer === params.customer
            : subscription.test_clock === (params.test_clock ?? null)) &&
          (!params.collection_method || subscription.collection_method === params.collection_method) &&
          (!params.price || subscription.items.some((item) => item.price === params.price)),
      );
    return page(world, found, params, "/v1/subscriptions", (subscription) => renderSubscription(world, subscription));
  }),
  searchOperation("/v1/subscriptions/search", (world) =>
    world.subscriptions
      .newestFirst()
      .filter((subscription) => subscription.test_clock === null)
      .map((subscription) => ({
        id: subscription.id,
        created: subscription.created,
        body: renderSubscription(world, subscription),
      })),
  ),
  operation("GET", "/v1/subscriptions/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderSubscription(world, existing(world, id)),
  ),
  operation("POST", "/v1/subscriptions/:id", updateParams, (world, params, id) => {
    const subscription = existing(world, id);
    updateSubscription(world, subscription, params);
    return renderSubscription(world, subscription);
  }),
  operation(
    "DELETE",
    "/v1/subscriptions/:id",
    z.strictObject({
      invoice_now: flag.optional(),
      prorate: flag.optional(),
      cancellation_details: z.strictObject({ comment: clearable().optional() }).optional(),
      expand,
    }),
    (world, params, id) => {
      const subscription = existing(world, id);
      if (!isLive(subscription)) throw missing("subscription", id);
      subscription.cancellation_comment = params.cancellation_details?.comment ?? null;
      cancelNow(world, subscription, { invoiceNow: params.invoice_now ?? false, prorate: params.prorate ?? false });
      return renderSubscription(world, subscription);
    },
  ),
  operation("POST", "/v1/subscriptions/:id/pause", pauseParams, (world, params, id) => {
    const subscription = existing(world, id);
    pause(world, subscription, params);
    return renderSubscription(world, subscription);
  }),
  operation("POST", "/v1/subscriptions/:id/resume", resumeParams, (world, params, id) => {
    const subscription = existing(world, id);
    resume(world, subscription, params);
    return renderSubscription(world, subscription);
  }),
  operation(
    "POST",
    "/v1/subscriptions/:id/migrate",
    z.strictObject({ billing_mode: z.strictObject({ type: z.enum(["flexible"]) }), expand }),
    (world, _params, id) => {
      existing(world, id);
      throw new Refusal("The subscription is already in flexible billing mode.", { param: "billing_mode[type]" });
    },
  ),
  operation("GET", "/v1/subscription_items", z.strictObject({ ...paging, subscription: text() }), (world, params) => {
    const subscription = existing(world, params.subscription, "subscription", 400);
    return page(world, subscription.items, params, "/v1/subscription_items", (item) => renderItem(world, subscription, item));
  }),
  operation(
    "POST",
    "/v1/subscription_items",
    newItem.extend({ subscription: text(), proration_behavior: prorationBehavior.optional(), expand }),
    (world, params) => {
      const subscription = existing(world, params.subscription, "subscription", 400);
      const item = addItem(
        world,
        subscription,
        params,
        "item",
        params.proration_behavior !== "none",
        world.now(subscription.test_clock),
      );
      return renderItem(world, subscription, item);
    },
  ),
  operation("GET", "/v1/subscription_items/:id", z.strictObject({ expand }), (world, _params, id) => {
    const { subscription, item } = existingItem(world, id);
    return renderItem(world, subscription, item);
  }),
  operation(
    "POST",
    "/v1/subscription_items/:id",
    z.strictObject({
      metadata: metadata.optional(),
      price: text().optional(),
      quantity: integer.optional(),
      proration_behavior: prorationBehavior.optional(),
      expand,
    }),
    (world, params, id) => {
      const { subscription, item } = existingItem(world, id);
      item.metadata = mergeMetadata(item.metadata, params.metadata);
      if (params.price !== undefined || params.quantity !== undefined)
        updateSubscription(world, subscription, {
          items: [{ id, price: params.price, quantity: params.quantity }],
          proration_behavior: params.proration_behavior,
        });
      return renderItem(world, subscription, existingItem(world, id).item);
    },
  ),
  operation(
    "DELETE",
    "/v1/subscription_items/:id",
    // `clear_usage` has no effect on prices with a meter.
    z.strictObject({ clear_usage: flag.optional(), proration_behavior: prorationBehavior.optional() }),
    (world, params, id) => {
      const { subscription, item } = existingItem(world, id);
      removeItem(world, subscription, item, params.proration_behavior !== "none", world.now(subscription.test_clock));
      return { id, object: "subscription_item", deleted: true };
    },
  ),
];

/** Without `status` the list leaves canceled ones out. */
function hasStatus(subscription: Subscription, status: (typeof statuses)[number] | undefined): boolean {
  if (status === undefined) return subscription.status !== "canceled" && subscription.status !== "incomplete_expired";
  if (status === "all") return true;
  if (status === "ended") return !isLive(subscription);
  return subscription.status === status;
}

function existing(world: World, id: string, param = "id", status = 404): Subscription {
  const subscription = world.subscriptions.get(id);
  if (!subscription) throw missing("subscription", id, param, status);
  return subscription;
}

function existingItem(world: World, id: string): { subscription: Subscription; item: SubscriptionItem } {
  for (const subscription of world.subscriptions.values()) {
    const item = subscription.items.find((candidate) => candidate.id === id);
    if (item) return { subscription, item };
  }
  throw missing("subscription_item", id);
}
