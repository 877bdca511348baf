import { moveBalance } from "./balance.ts";
import { afterFailure, afterPayment } from "./dunning.ts";
import { emit } from "./events.ts";
import { planAttempt } from "./invoice-drafts.ts";
import { refreshUsage } from "./invoice-lines.ts";
import { renderInvoicePayment } from "./invoice-payments.ts";
import { type Invoice, remaining, renderInvoice } from "./invoices.ts";
import type { PaymentMethod } from "./payment-methods.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** Declines after which the same card is not tried again. */
const hardDeclines: ReadonlySet<string> = new Set(["lost_card", "stolen_card", "pickup_card"]);

/** Fixes the money: counts usage for the last time, numbers the invoice, uses the balance. `collect` says when the first attempt comes. */
export function finalize(world: World, invoice: Invoice, collect: "now" | "later" | "never"): void {
  if (invoice.status !== "draft")
    throw new Refusal("This invoice is already finalized, you can't re-finalize a non-draft invoice.", {
      code: "invoice_not_editable",
    });
  refreshUsage(world, invoice);
  const now = world.now(invoice.test_clock);
  invoice.status = "open";
  invoice.automatically_finalizes_at = null;
  invoice.finalized_at = now;
  const customer = world.customers.get(invoice.customer);
  if (customer) {
    invoice.number = `${customer.invoice_prefix}-${String(customer.next_invoice_sequence).padStart(4, "0")}`;
    customer.next_invoice_sequence += 1;
    customer.currency ??= invoice.currency;
    useBalance(world, invoice);
  }
  if (invoice.collection_method === "send_invoice") {
    invoice.due_date ??= now + (invoice.days_until_due ?? 30) * 86_400;
    world.schedule("overdue", invoice.id, invoice.due_date, invoice.test_clock);
  }
  emit(world, "invoice.finalized", renderInvoice(world, invoice), invoice.test_clock);
  if (remaining(invoice) === 0) markPaid(world, invoice);
  else if (invoice.collection_method === "charge_automatically" && collect === "later" && invoice.auto_advance)
    planAttempt(world, invoice, now + world.settings.collectionDelaySeconds);
  else if (invoice.collection_method === "charge_automatically" && collect === "now") attempt(world, invoice);
}

/** Why a payment failed; `declineCode` is absent where no card was charged at all. */
export interface Decline {
  readonly message: string;
  readonly code: string;
  readonly declineCode?: string;
}

/** Tries to collect: invoice's method, else the subscription's, else the customer's. Answers the decline, or undefined when paid. */
export function attempt(
  world: World,
  invoice: Invoice,
  given?: PaymentMethod,
  kind: "first" | "retry" | "manual" = "first",
): Decline | undefined {
  const method = given ?? methodOf(world, invoice);
  invoice.attempted = true;
  // Any attempt counts as the first; afterwards only automatic retries count.
  if (invoice.attempt_count === 0 || kind === "retry") invoice.attempt_count += 1;
  const waits = kind === "retry" && method?.id === invoice.dead_method;
  if (method && method.behaviour === "succeeds" && !waits) {
    markPaid(world, invoice);
    return undefined;
  }
  const decline = declineOf(world, method);
  if (method && decline.declineCode && hardDeclines.has(decline.declineCode)) invoice.dead_method = method.id;
  afterFailure(world, invoice);
  emit(world, "invoice.payment_failed", renderInvoice(world, invoice), invoice.test_clock);
  return decline;
}

/** A due attempt: the first collection after a finalization by hand, or a retry. */
export function collectDue(world: World, id: string): void {
  const invoice = world.invoices.get(id);
  if (invoice?.status !== "open" || !invoice.auto_advance) return;
  if (invoice.next_payment_attempt === null || invoice.next_payment_attempt > world.now(invoice.test_clock)) return;
  invoice.next_payment_attempt = null;
  attempt(world, invoice, undefined, invoice.attempt_count === 0 ? "first" : "retry");
}

/** The remaining amount has been paid (or there was none). */
export function markPaid(world: World, invoice: Invoice, outOfBand = false): void {
  const amount = remaining(invoice);
  const now = world.now(invoice.test_clock);
  invoice.amount_paid += amount;
  invoice.status = "paid";
  invoice.paid_at = now;
  invoice.next_payment_attempt = null;
  invoice.attempted = true;
  if (amount > 0 && !outOfBand) {
    const payment = world.invoicePayments.add({
      id: world.id("inpay_"),
      created: now,
      invoice: invoice.id,
      amount,
      currency: invoice.currency,
      payment_intent: world.id("pi_"),
      paid_at: now,
    });
    emit(world, "invoice_payment.paid", renderInvoicePayment(payment), invoice.test_clock);
  }
  emit(world, "invoice.paid", renderInvoice(world, invoice), invoice.test_clock);
  emit(world, "invoice.payment_succeeded", renderInvoice(world, invoice), invoice.test_clock);
  afterPayment(world, invoice);
}

/** The method an invoice is charged to: its own, the subscription's, the customer's. */
export function methodOf(world: World, invoice: Invoice): PaymentMethod | undefined {
  const subscription = invoice.subscription === null ? undefined : world.subscriptions.get(invoice.subscription);
  const customer = world.customers.get(invoice.customer);
  const id =
    invoice.default_payment_method ?? subscription?.default_payment_method ?? customer?.invoice_settings.default_payment_method;
  return id ? world.paymentMethods.get(id) : undefined;
}

function declineOf(world: World, method: PaymentMethod | undefined): Decline {
  if (!method)
    return {
      message: "This customer has no attached payment source or default payment method.",
      code: "invoice_no_payment_method_types",
    };
  return { message: "Your card was declined.", code: "card_declined", declineCode: world.settings.declineCode };
}

/** Credit lowers what is due, debt raises it; what would be under the minimum charge moves to the next invoice. */
function useBalance(world: World, invoice: Invoice): void {
  const customer = world.customers.get(invoice.customer);
  if (!customer) return;
  const start = customer.balance;
  invoice.starting_balance = start;
  invoice.amount_due = Math.max(0, invoice.total + start);
  const applied = invoice.amount_due - invoice.total;
  if (applied !== 0)
    moveBalance(world, customer, {
      amount: -applied,
      currency: invoice.currency,
      type: "applied_to_invoice",
      invoice: invoice.id,
    });
  if (invoice.amount_due > 0 && invoice.amount_due < world.settings.minimumChargeCents) {
    moveBalance(world, customer, {
      amount: invoice.amount_due,
      currency: invoice.currency,
      type: "invoice_too_small",
      invoice: invoice.id,
    });
    invoice.amount_due = 0;
  }
  invoice.ending_balance = customer.balance;
}
