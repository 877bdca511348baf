import { emit } from "./events.ts";
import { planAttempt } from "./invoice-drafts.ts";
import { type Invoice, renderInvoice } from "./invoices.ts";
import { endSubscription } from "./subscription-end.ts";
import { isLive, renderSubscription, setStatus } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** Plans the next retry, or, when they have ended, does what the account has set. The subscription is past due from the first failure. */
export function afterFailure(world: World, invoice: Invoice): void {
  const now = world.now(invoice.test_clock);
  const subscription = invoice.subscription === null ? undefined : world.subscriptions.get(invoice.subscription);
  const customer = world.customers.get(invoice.customer);
  if (customer) customer.delinquent = true;
  // An incomplete subscription waits 23 hours for its customer; a paused one for its resumption invoice. Neither is retried.
  if (subscription?.status === "incomplete" || subscription?.status === "paused") return;
  if (subscription?.status === "active") setStatus(world, subscription, "past_due");
  if (!invoice.auto_advance || invoice.next_payment_attempt !== null) return;
  invoice.retries_from ??= now;
  const { retries, retryDays, afterRetries } = world.settings;
  if (invoice.attempt_count <= retries) {
    const step = (retryDays * 86_400) / Math.max(1, retries);
    const planned = Math.round(invoice.retries_from + invoice.attempt_count * step);
    planAttempt(world, invoice, planned > now ? planned : Math.round(now + step));
    return;
  }
  invoice.next_payment_attempt = null;
  invoice.auto_advance = false;
  if (!subscription || !isLive(subscription)) return;
  if (afterRetries === "cancel") endSubscription(world, subscription, "payment_failed");
  else if (afterRetries === "unpaid") setStatus(world, subscription, "unpaid");
}

/** Paying the newest finalized invoice, or the last one that failed, brings the subscription back. */
export function afterPayment(world: World, invoice: Invoice): void {
  const failed = world.invoices
    .all()
    .filter(
      (other) => other.customer === invoice.customer && other.status === "open" && other.attempted && other.paid_at === null,
    );
  const customer = world.customers.get(invoice.customer);
  if (customer) customer.delinquent = failed.some((other) => other.attempt_count > 0);
  const subscription = invoice.subscription === null ? undefined : world.subscriptions.get(invoice.subscription);
  if (!subscription) return;
  if (subscription.status === "incomplete") setStatus(world, subscription, "active");
  if (subscription.status === "paused" && subscription.resumption_invoice === invoice.id) endPause(world, invoice);
  if (subscription.status !== "past_due" && subscription.status !== "unpaid") return;
  const own = world.invoices
    .newestFirst()
    .filter((other) => other.subscription === subscription.id && other.finalized_at !== null);
  if (own[0]?.id === invoice.id || !failed.some((other) => other.subscription === subscription.id))
    setStatus(world, subscription, "active");
}

/** A sent invoice was not paid by its due date. */
export function overdue(world: World, id: string): void {
  const invoice = world.invoices.get(id);
  if (invoice?.status !== "open") return;
  emit(world, "invoice.overdue", renderInvoice(world, invoice), invoice.test_clock);
  const subscription = invoice.subscription === null ? undefined : world.subscriptions.get(invoice.subscription);
  if (subscription?.status === "active") setStatus(world, subscription, "past_due");
}

/** The resumption invoice is settled: the pause ends. */
export function endPause(world: World, invoice: Invoice): void {
  const subscription = invoice.subscription === null ? undefined : world.subscriptions.get(invoice.subscription);
  if (!subscription || subscription.resumption_invoice !== invoice.id) return;
  subscription.resumption_invoice = null;
  setStatus(world, subscription, "active");
  emit(world, "customer.subscription.resumed", renderSubscription(world, subscription), subscription.test_clock);
}
