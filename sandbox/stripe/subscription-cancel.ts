import { attempt, finalize } from "./collection.ts";
import { emit } from "./events.ts";
import { draftFor } from "./invoice-drafts.ts";
import { meteredLines } from "./invoice-lines.ts";
import { creditUnused } from "./proration.ts";
import { periodOf, renderSubscription, type Subscription } from "./subscriptions.ts";
import { emitThin } from "./thin-events.ts";
import type { World } from "./world.ts";

/** How to cancel: with a last invoice, with a credit for unused time, and why. */
export interface Cancellation {
  readonly invoiceNow: boolean;
  readonly prorate: boolean;
  readonly reason?: string;
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
  endSubscription(world, subscription, how.reason ?? "cancellation_requested");
}

/** The end itself. Stripe then stops collecting all finalized invoices of the customer, to prevent payments nobody expects. */
export function endSubscription(world: World, subscription: Subscription, reason: string): void {
  const now = world.now(subscription.test_clock);
  subscription.status = "canceled";
  subscription.canceled_at ??= now;
  subscription.ended_at = now;
  subscription.cancellation_reason = reason;
  subscription.resumption_invoice = null;
  for (const invoice of world.invoices.values()) {
    if (invoice.customer !== subscription.customer || invoice.status !== "open") continue;
    invoice.auto_advance = false;
    invoice.next_payment_attempt = null;
  }
  emit(world, "customer.subscription.deleted", renderSubscription(world, subscription), subscription.test_clock);
  const related = { id: subscription.id, type: "subscription", url: `/v1/subscriptions/${subscription.id}` };
  emitThin(world, "v1.customer.subscription.canceled", related, undefined, subscription.test_clock);
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
