import { attempt, finalize } from "./collection.ts";
import { emit } from "./events.ts";
import { draftFor } from "./invoice-drafts.ts";
import { meteredLines } from "./invoice-lines.ts";
import { creditUnused } from "./proration.ts";
import { endSubscription } from "./subscription-end.ts";
import { periodOf, renderSubscription, type Subscription } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** How to cancel: with a last invoice, or a credit for unused time. */
export interface Cancellation {
  readonly invoiceNow: boolean;
  readonly prorate: boolean;
}

/** Ends a subscription at once. Without `invoiceNow` its unbilled usage is never billed. */
export function cancelNow(world: World, subscription: Subscription, how: Cancellation): void {
  const now = world.now(subscription.test_clock);
  const running = ["active", "past_due", "unpaid"].includes(subscription.status);
  const { start } = periodOf(subscription);
  if (running && how.prorate) creditUnused(world, subscription, now);
  if (running && how.invoiceNow) {
    const lines = meteredLines(world, subscription, { start, end: now });
    const pending = world.invoiceItems.all().some((item) => item.invoice === null && item.subscription === subscription.id);
    if (lines.length > 0 || pending) {
      const invoice = draftFor(world, subscription, { reason: "subscription_update", lines, period: { start, end: now } });
      if (world.settings.cancelInvoice === "finalized") {
        finalize(world, invoice, "never");
        if (invoice.status === "open" && invoice.collection_method === "charge_automatically") attempt(world, invoice);
      }
    }
  }
  endSubscription(world, subscription, "cancellation_requested");
}

/** 23 hours without the first payment: over for good, its invoice void. */
export function expireIncomplete(world: World, id: string): void {
  const subscription = world.subscriptions.get(id);
  if (subscription?.status !== "incomplete") return;
  const invoice = subscription.latest_invoice === null ? undefined : world.invoices.get(subscription.latest_invoice);
  if (invoice?.status === "open") {
    invoice.status = "void";
    invoice.voided_at = world.now(subscription.test_clock);
    invoice.next_payment_attempt = null;
  }
  subscription.status = "incomplete_expired";
  subscription.ended_at = world.now(subscription.test_clock);
  emit(world, "customer.subscription.updated", renderSubscription(world, subscription), subscription.test_clock, {
    status: "incomplete",
  });
}
