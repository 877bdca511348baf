import { boundaryAfter } from "./billing-cycle.ts";
import { finalize } from "./collection.ts";
import { emit } from "./events.ts";
import { draftFor } from "./invoice-drafts.ts";
import { flatLines, meteredLines } from "./invoice-lines.ts";
import { endSubscription } from "./subscription-end.ts";
import { cycleOf, periodOf, renderSubscription, type Subscription, setPeriod } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** A period has ended: the next flat fee in advance and the past usage in arrears, on one draft; or the end of the subscription. */
export function endPeriod(world: World, id: string): void {
  const subscription = world.subscriptions.get(id);
  if (!subscription || !["active", "past_due", "unpaid"].includes(subscription.status)) return;
  const past = periodOf(subscription);
  if (past.end > world.now(subscription.test_clock)) return;
  if (subscription.cancel_at_period_end || (subscription.cancel_at !== null && subscription.cancel_at <= past.end)) {
    cancelAtEnd(world, subscription);
    return;
  }
  const full = { start: past.end, end: boundaryAfter(cycleOf(world, subscription), past.end) };
  // A cancellation inside the new period shortens it, and its flat fee.
  const next = { start: full.start, end: Math.min(full.end, subscription.cancel_at ?? full.end) };
  const lines = [...meteredLines(world, subscription, past), ...flatLines(world, subscription, next, full)];
  for (const item of subscription.items) {
    item.usage_from = past.end;
    item.past_prices = [];
  }
  setPeriod(world, subscription, next.start, next.end);
  // Under `unpaid` invoices go on to be made, but nothing advances them.
  draftFor(world, subscription, {
    reason: "subscription_cycle",
    lines,
    period: past,
    autoAdvance: subscription.status !== "unpaid",
  });
  emit(world, "customer.subscription.updated", renderSubscription(world, subscription), subscription.test_clock, {
    current_period_end: past.end,
  });
}

/** `cancel_at` inside a period. */
export function cancelAtDue(world: World, id: string): void {
  const subscription = world.subscriptions.get(id);
  if (
    !subscription ||
    subscription.cancel_at === null ||
    !["active", "past_due", "unpaid", "paused"].includes(subscription.status)
  )
    return;
  if (subscription.cancel_at <= world.now(subscription.test_clock)) cancelAtEnd(world, subscription);
}

/** A draft's time has come. */
export function finalizeDue(world: World, id: string): void {
  const invoice = world.invoices.get(id);
  if (invoice?.status !== "draft" || invoice.automatically_finalizes_at === null) return;
  if (invoice.automatically_finalizes_at > world.now(invoice.test_clock)) return;
  finalize(world, invoice, invoice.auto_advance ? "now" : "never");
}

/** The last usage goes on a final draft, which late events can still join until it is finalized. */
function cancelAtEnd(world: World, subscription: Subscription): void {
  const { start } = periodOf(subscription);
  const end = Math.min(periodOf(subscription).end, subscription.cancel_at ?? Number.POSITIVE_INFINITY);
  const lines = subscription.status === "paused" ? [] : meteredLines(world, subscription, { start, end });
  const pending = world.invoiceItems.all().some((item) => item.invoice === null && item.subscription === subscription.id);
  if (lines.length > 0 || pending) {
    draftFor(world, subscription, { reason: "subscription_cycle", lines, period: { start, end } });
  }
  endSubscription(world, subscription, "cancellation_requested");
}
