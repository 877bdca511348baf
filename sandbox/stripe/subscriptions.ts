import * as z from "zod";
import type { Cycle } from "./billing-cycle.ts";
import { emit } from "./events.ts";
import { priceOf, renderPlan, renderPrice } from "./prices.ts";
import { emitThin } from "./thin-events.ts";
import type { World } from "./world.ts";

/** One price on a subscription, with its period. */
export const SubscriptionItem = z.object({
  id: z.string(),
  created: z.number(),
  price: z.string(),
  quantity: z.number().int().nullable().default(null),
  current_period_start: z.number(),
  current_period_end: z.number(),
  metadata: z.record(z.string(), z.string()).default({}),
  /** Usage before this instant has been billed, or was never this item's. */
  usage_from: z.number().default(0),
  /** Prices that were in force until then, oldest first: usage keeps the price it was reported under. */
  past_prices: z.array(z.object({ price: z.string(), until: z.number() })).default([]),
});
export type SubscriptionItem = z.infer<typeof SubscriptionItem>;

const time = z.number().nullable().default(null);
/** A subscription in flexible mode, times in epoch seconds. */
export const Subscription = z.object({
  id: z.string(),
  created: z.number(),
  start_date: z.number(),
  customer: z.string(),
  status: z.enum(["incomplete", "incomplete_expired", "active", "past_due", "unpaid", "canceled", "paused"]).default("active"),
  items: z.array(SubscriptionItem),
  currency: z.string().default("usd"),
  billing_cycle_anchor: z.number(),
  billing_cycle_anchor_config: z
    .object({
      day_of_month: z.number(),
      hour: z.number().nullable().default(null),
      minute: z.number().nullable().default(null),
      month: z.number().nullable().default(null),
      second: z.number().nullable().default(null),
    })
    .nullable()
    .default(null),
  cancel_at: time,
  cancel_at_period_end: z.boolean().default(false),
  canceled_at: time,
  ended_at: time,
  cancellation_reason: z.string().nullable().default(null),
  cancellation_comment: z.string().nullable().default(null),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).default("charge_automatically"),
  days_until_due: z.number().int().nullable().default(null),
  default_payment_method: z.string().nullable().default(null),
  description: z.string().nullable().default(null),
  latest_invoice: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.string()).default({}),
  pauses: z.array(z.object({ from: z.number(), to: z.number().nullable() })).default([]),
  resumption_invoice: z.string().nullable().default(null),
  test_clock: z.string().nullable().default(null),
});
export type Subscription = z.infer<typeof Subscription>;

/** Neither canceled nor expired. */
export function isLive(subscription: Subscription): boolean {
  return subscription.status !== "canceled" && subscription.status !== "incomplete_expired";
}

/** Its billing cycle, from its first item and its anchor. */
export function cycleOf(world: World, subscription: Subscription): Cycle {
  const first = subscription.items[0];
  const recurring = first && priceOf(world, first.price).recurring;
  return {
    interval: recurring?.interval ?? "month",
    count: recurring?.interval_count ?? 1,
    anchor: subscription.billing_cycle_anchor,
    day: subscription.billing_cycle_anchor_config?.day_of_month,
  };
}

/** The present period: one for all items. */
export function periodOf(subscription: Subscription): { start: number; end: number } {
  const first = subscription.items[0];
  return { start: first?.current_period_start ?? 0, end: first?.current_period_end ?? 0 };
}

/** Gives all items the period `[start, end)` and looks again at its end. */
export function setPeriod(world: World, subscription: Subscription, start: number, end: number): void {
  for (const item of subscription.items) {
    item.current_period_start = start;
    item.current_period_end = end;
  }
  world.schedule("periodEnd", subscription.id, end, subscription.test_clock);
}

/** Changes the status and says so, as a snapshot and as a thin event. */
export function setStatus(world: World, subscription: Subscription, status: Subscription["status"]): void {
  const before = subscription.status;
  if (before === status) return;
  subscription.status = status;
  const clock = subscription.test_clock;
  emit(world, "customer.subscription.updated", renderSubscription(world, subscription), clock, { status: before });
  emitThin(
    world,
    `v1.customer.subscription.${status}`,
    { id: subscription.id, type: "subscription", url: `/v1/subscriptions/${subscription.id}` },
    undefined,
    clock,
  );
}

/** The subscription item as Stripe answers it. */
export function renderItem(world: World, subscription: Subscription, item: SubscriptionItem): object {
  const price = priceOf(world, item.price);
  return {
    id: item.id,
    object: "subscription_item",
    billing_thresholds: null,
    created: item.created,
    current_period_end: item.current_period_end,
    current_period_start: item.current_period_start,
    current_trial: null,
    discounts: [],
    metadata: item.metadata,
    plan: renderPlan(price),
    price: renderPrice(price),
    ...(item.quantity === null ? {} : { quantity: item.quantity }),
    subscription: subscription.id,
    tax_rates: [],
  };
}

/** The subscription as Stripe answers it. */
export function renderSubscription(world: World, subscription: Subscription): object {
  const pause = subscription.pauses.at(-1);
  return {
    id: subscription.id,
    object: "subscription",
    ...constantFields,
    billing_cycle_anchor: subscription.billing_cycle_anchor,
    billing_cycle_anchor_config: subscription.billing_cycle_anchor_config,
    billing_mode: { type: "flexible", flexible: { proration_discounts: "included" } },
    cancel_at: subscription.cancel_at,
    cancel_at_period_end: subscription.cancel_at_period_end,
    canceled_at: subscription.canceled_at,
    cancellation_details: {
      comment: subscription.cancellation_comment,
      feedback: null,
      feedback_option: null,
      reason: subscription.cancellation_reason,
    },
    collection_method: subscription.collection_method,
    created: subscription.created,
    currency: subscription.currency,
    customer: subscription.customer,
    days_until_due: subscription.days_until_due,
    default_payment_method: subscription.default_payment_method,
    description: subscription.description,
    ended_at: subscription.ended_at,
    items: {
      object: "list",
      data: subscription.items.map((item) => renderItem(world, subscription, item)),
      has_more: false,
      url: `/v1/subscription_items?subscription=${subscription.id}`,
    },
    latest_invoice: subscription.latest_invoice,
    metadata: subscription.metadata,
    start_date: subscription.start_date,
    status: subscription.status,
    ...(subscription.status === "paused" && pause
      ? {
          status_details: {
            paused: { subscription: { type: "pause_requested" }, transitioned_at: pause.from, type: "subscription" },
          },
        }
      : {}),
    test_clock: subscription.test_clock,
  };
}

/** What Stripe always answers and no operation of this sandbox changes. */
const constantFields = {
  application: null,
  application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null },
  billing_schedules: [],
  billing_thresholds: null,
  customer_account: null,
  default_source: null,
  default_tax_rates: [],
  discounts: [],
  invoice_settings: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: { type: "self" } },
  livemode: false,
  managed_payments: null,
  next_pending_invoice_item_invoice: null,
  on_behalf_of: null,
  pause_collection: null,
  payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: "off" },
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  schedule: null,
  transfer_data: null,
  trial_end: null,
  trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method: "create_invoice" } },
  trial_start: null,
};
