import { emit } from "./events.ts";
import { lineOfItem, pendingItems } from "./invoice-items.ts";
import { Invoice, type Line, recount, renderInvoice } from "./invoices.ts";
import type { Subscription } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** A draft for a subscription, with the customer's pending items that belong to it, and its timer: created + the account's grace. */
export function draftFor(
  world: World,
  subscription: Subscription,
  given: { reason: Invoice["billing_reason"]; lines: Line[]; period: { start: number; end: number }; autoAdvance?: boolean },
): Invoice {
  const now = world.now(subscription.test_clock);
  const invoice = Invoice.parse({
    id: world.id("in_"),
    created: now,
    customer: subscription.customer,
    subscription: subscription.id,
    subscription_metadata: subscription.metadata,
    billing_reason: given.reason,
    collection_method: subscription.collection_method,
    days_until_due: subscription.days_until_due,
    currency: subscription.currency,
    period_start: given.period.start,
    period_end: given.period.end,
    lines: [...given.lines, ...takePending(world, subscription)],
    test_clock: subscription.test_clock,
  });
  for (const line of invoice.lines) {
    const item = line.invoice_item === null ? undefined : world.invoiceItems.get(line.invoice_item);
    if (item) item.invoice = invoice.id;
  }
  world.invoices.add(invoice);
  recount(world, invoice);
  subscription.latest_invoice = invoice.id;
  setAutoAdvance(world, invoice, given.autoAdvance ?? true);
  emit(world, "invoice.created", renderInvoice(world, invoice), invoice.test_clock);
  return invoice;
}

/** Turns automatic collection on or off. A draft gets its timer, or loses it; an open invoice its next attempt. */
export function setAutoAdvance(world: World, invoice: Invoice, on: boolean): void {
  invoice.auto_advance = on;
  const now = world.now(invoice.test_clock);
  if (invoice.status === "draft") {
    // A timer that ran out while held does not finalize in the past: Stripe's usual hour from now.
    const planned = invoice.created + world.settings.finalizationGraceSeconds;
    setFinalization(world, invoice, on ? (planned > now || planned === invoice.created ? planned : now + 3600) : null);
  } else if (invoice.status === "open" && invoice.collection_method === "charge_automatically") {
    if (!on) invoice.next_payment_attempt = null;
    else if (invoice.next_payment_attempt === null) planAttempt(world, invoice, now + world.settings.collectionDelaySeconds);
  }
}

/** Sets or clears the timer of a draft (epoch seconds on its clock). */
export function setFinalization(world: World, invoice: Invoice, at: number | null): void {
  invoice.automatically_finalizes_at = at;
  if (at !== null) world.schedule("finalize", invoice.id, at, invoice.test_clock);
}

/** Sets the next attempt of an open invoice (epoch seconds on its clock). */
export function planAttempt(world: World, invoice: Invoice, at: number): void {
  invoice.next_payment_attempt = at;
  world.schedule("collect", invoice.id, at, invoice.test_clock);
}

function takePending(world: World, subscription: Subscription): Line[] {
  return pendingItems(world, subscription).map((item) => lineOfItem(world, item));
}
