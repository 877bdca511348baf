import { emit } from "./events.ts";
import { renderSubscription, type Subscription } from "./subscriptions.ts";
import { emitThin } from "./thin-events.ts";
import type { World } from "./world.ts";

/** Ends a subscription; what of its usage is not on an invoice then is never billed. Stripe then stops collecting all finalized invoices of the customer, to prevent payments nobody expects. */
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
