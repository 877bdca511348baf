/** Money of a part of a period, and usage billed before its period ends: pending invoice items that the next invoice takes. */
import { boundaryAfter, boundaryBefore } from "./billing-cycle.ts";
import { prorate } from "./decimal.ts";
import { addInvoiceItem } from "./invoice-items.ts";
import { licensed, productName } from "./invoice-lines.ts";
import type { Line } from "./invoices.ts";
import { priceOf } from "./prices.ts";
import { cycleOf, periodOf, type Subscription, type SubscriptionItem } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** A pending credit for the flat fee of the time from `from` to the period's end. */
export function creditUnused(world: World, subscription: Subscription, from: number): void {
  for (const { item } of licensed(world, subscription)) prorateItem(world, subscription, item, from, -1);
}

/** A pending charge (`sign` 1) or credit (-1) for an item's fee of the time from `from` (epoch seconds) to the period's end; nothing where it is zero. */
export function prorateItem(world: World, subscription: Subscription, item: SubscriptionItem, from: number, sign: 1 | -1): void {
  const price = priceOf(world, item.price);
  const { end } = periodOf(subscription);
  const full = fullPeriod(world, subscription);
  const amount = sign * prorate(price.unit_amount * (item.quantity ?? 1), Math.max(0, end - from), full.end - full.start);
  if (amount === 0) return;
  addInvoiceItem(world, {
    customer: subscription.customer,
    subscription: subscription.id,
    subscription_item: item.id,
    amount,
    currency: subscription.currency,
    description: `${sign < 0 ? "Unused" : "Remaining"} time on ${productName(world, price)}`,
    period: { start: from, end },
    price: price.id,
    unit_amount: price.unit_amount,
    quantity: String(item.quantity ?? 1),
    proration: true,
  });
}

/** A pending item for a line of usage that is billed before its period ends. */
export function addUsageItem(world: World, subscription: Subscription, line: Line): void {
  addInvoiceItem(world, {
    customer: subscription.customer,
    subscription: subscription.id,
    subscription_item: line.subscription_item,
    amount: line.amount,
    currency: subscription.currency,
    description: line.description,
    period: line.period,
    price: line.price,
    unit_amount: line.unit_amount,
    quantity: line.quantity ?? "0",
  });
}

/** The full period that a shorter one is part of: what prorations divide by. */
function fullPeriod(world: World, subscription: Subscription): { start: number; end: number } {
  const cycle = cycleOf(world, subscription);
  const { start } = periodOf(subscription);
  const end = boundaryAfter(cycle, start);
  return { start: boundaryBefore(cycle, end), end };
}
