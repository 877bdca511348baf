import { centsFor, decimalToString, prorate } from "./decimal.ts";
import { type Invoice, type Line, recount, type UsageWindow } from "./invoices.ts";
import { isMetered, type Price, priceOf } from "./prices.ts";
import type { Subscription, SubscriptionItem } from "./subscriptions.ts";
import { acceptedView, aggregate, readings } from "./usage.ts";
import type { World } from "./world.ts";

/** `[start, end)` in epoch seconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Licensed items in advance for `span`; where that is shorter than the `full` period, by the second. Free ones are left out in no case: Stripe shows them. */
export function flatLines(world: World, subscription: Subscription, span: Span, full: Span): Line[] {
  return licensed(world, subscription).map(({ item, price }) => {
    const whole = price.unit_amount * (item.quantity ?? 1);
    const part = span.start !== full.start || span.end !== full.end;
    const amount = part ? prorate(whole, span.end - span.start, full.end - full.start) : whole;
    return {
      id: world.id("il_"),
      amount,
      description: part
        ? `Time on ${productName(world, price)} (prorated)`
        : `${item.quantity ?? 1} × ${productName(world, price)} (at ${dollars(price.unit_amount)} / ${price.recurring?.interval ?? "unit"})`,
      period: { ...span },
      price: price.id,
      unit_amount: price.unit_amount,
      quantity: String(item.quantity ?? 1),
      subscription: subscription.id,
      subscription_item: item.id,
      invoice_item: null,
      proration: part,
      metadata: {},
      usage: null,
    };
  });
}

/** Metered items in arrears for usage with a timestamp in `[start, end)`. One line a price that was in force. */
export function meteredLines(world: World, subscription: Subscription, span: Span): Line[] {
  return subscription.items
    .filter((item) => isMetered(priceOf(world, item.price)))
    .flatMap((item) => meteredLinesOf(world, subscription, item, span));
}

/** The metered lines of one item. */
export function meteredLinesOf(world: World, subscription: Subscription, item: SubscriptionItem, span: Span): Line[] {
  const prices = [...item.past_prices, { price: item.price, until: null }];
  return prices.flatMap(({ price: priceId, until }, index) => {
    const price = priceOf(world, priceId);
    const usage: UsageWindow = {
      meter: price.recurring?.meter ?? "",
      customer: subscription.customer,
      subscription: subscription.id,
      from: Math.max(span.start, item.usage_from),
      to: span.end,
      priceFrom: prices[index - 1]?.until ?? null,
      priceTo: until,
    };
    const line: Line = {
      id: world.id("il_"),
      amount: 0,
      description: null,
      period: { ...span },
      price: price.id,
      unit_amount: price.unit_amount,
      quantity: "0",
      subscription: subscription.id,
      subscription_item: item.id,
      invoice_item: null,
      proration: false,
      metadata: {},
      usage,
    };
    count(world, line, usage);
    return until !== null && line.quantity === "0" ? [] : [line];
  });
}

/** Counts a draft's metered lines again. */
export function refreshUsage(world: World, invoice: Invoice): void {
  if (invoice.status !== "draft") return;
  for (const line of invoice.lines) if (line.usage) count(world, line, line.usage);
  recount(world, invoice);
}

/** What a line calls the thing sold. */
export function productName(world: World, price: Price): string {
  return world.products.get(price.product)?.name ?? price.product;
}

/** The items with a flat price. */
export function licensed(world: World, subscription: Subscription): { item: SubscriptionItem; price: Price }[] {
  return subscription.items.map((item) => ({ item, price: priceOf(world, item.price) })).filter(({ price }) => !isMetered(price));
}

function count(world: World, line: Line, usage: UsageWindow): void {
  const meter = world.meters.get(usage.meter);
  const price = line.price === null ? undefined : world.prices.get(line.price);
  if (!meter || !price) return;
  const pauses = usage.subscription === null ? [] : (world.subscriptions.get(usage.subscription)?.pauses ?? []);
  const found = readings(world, meter, usage.customer, acceptedView, usage.from, usage.to).filter((reading) => {
    const paused = pauses.some(
      (pause) => reading.timestamp >= pause.from && reading.timestamp < (pause.to ?? Number.POSITIVE_INFINITY),
    );
    if (paused && world.settings.usageWhilePaused === "dropped") return false;
    const priced = world.settings.usagePricedBy === "arrival" ? reading.received : reading.timestamp;
    return (usage.priceFrom === null || priced >= usage.priceFrom) && (usage.priceTo === null || priced < usage.priceTo);
  });
  const quantity = aggregate(meter, found);
  line.quantity = decimalToString(quantity < 0n ? 0n : quantity);
  line.amount = centsFor(quantity, price.unit_amount);
  line.description = `${line.quantity} × ${productName(world, price)} (at ${dollars(price.unit_amount)} / ${price.recurring?.interval ?? "unit"})`;
}

function dollars(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}
