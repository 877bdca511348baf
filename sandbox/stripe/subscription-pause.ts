import * as z from "zod";
import { boundaryAfter, boundaryBefore } from "./billing-cycle.ts";
import { finalize, methodOf } from "./collection.ts";
import { emit } from "./events.ts";
import { draftFor } from "./invoice-drafts.ts";
import { flatLines, meteredLines } from "./invoice-lines.ts";
import { renderInvoice } from "./invoices.ts";
import { expand, integer } from "./params.ts";
import { addUsageItem, creditUnused } from "./proration.ts";
import { Refusal } from "./refusal.ts";
import { prorationBehavior } from "./subscription-create.ts";
import { cycleOf, periodOf, renderSubscription, type Subscription, setPeriod, setStatus } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** The parameters of `subscriptions.pause`; both `bill_for` default to `now`. */
export const pauseParams = z.strictObject({
  bill_for: z
    .strictObject({
      outstanding_usage_through: z.strictObject({ type: z.enum(["now", "none"]) }).optional(),
      unused_time_from: z.strictObject({ type: z.enum(["now", "none", "item_current_period_start"]) }).optional(),
    })
    .optional(),
  invoicing_behavior: z.enum(["pending_invoice_item", "invoice"]).optional(),
  type: z.enum(["subscription"]).optional(),
  expand,
});

/** No flat fee, no new periods until resumed. By default usage so far and a credit for unused time become pending items. */
export function pause(world: World, subscription: Subscription, params: z.infer<typeof pauseParams>): void {
  if (subscription.status !== "active" && subscription.status !== "past_due")
    throw new Refusal(`You cannot pause a subscription with status ${subscription.status}.`, {
      code: "subscription_cannot_be_paused",
    });
  const now = world.now(subscription.test_clock);
  const { start } = periodOf(subscription);
  const unused = params.bill_for?.unused_time_from?.type ?? "now";
  if ((params.bill_for?.outstanding_usage_through?.type ?? "now") === "now") {
    for (const line of meteredLines(world, subscription, { start, end: now })) {
      if (line.amount !== 0) addUsageItem(world, subscription, line);
    }
    for (const item of subscription.items) item.usage_from = now;
  }
  if (unused !== "none") creditUnused(world, subscription, unused === "now" ? now : start);
  subscription.pauses.push({ from: now, to: null });
  setStatus(world, subscription, "paused");
  if (params.invoicing_behavior === "invoice") {
    const invoice = draftFor(world, subscription, { reason: "subscription_update", lines: [], period: { start, end: now } });
    if (subscription.collection_method === "charge_automatically") finalize(world, invoice, "now");
  }
  emit(world, "customer.subscription.paused", renderSubscription(world, subscription), subscription.test_clock);
}

/** The parameters of `subscriptions.resume`; the anchor defaults to `now`. */
export const resumeParams = z.strictObject({
  billing_cycle_anchor: z.strictObject({ type: z.enum(["now", "unchanged"]) }).optional(),
  payment_behavior: z.enum(["resume_on_payment_attempt", "resume_on_payment_success"]).optional(),
  proration_behavior: prorationBehavior.optional(),
  proration_date: integer.optional(),
  expand,
});

/** Ends a pause. The default anchor is `now`: whoever keeps the 1st of the month must say `unchanged`. */
export function resume(world: World, subscription: Subscription, params: z.infer<typeof resumeParams>): void {
  if (subscription.status !== "paused")
    throw new Refusal("Only paused subscriptions can be resumed.", { code: "subscription_not_paused" });
  if (subscription.collection_method !== "charge_automatically")
    throw new Refusal("Only subscriptions with collection_method charge_automatically can be resumed.", {
      param: "collection_method",
    });
  if (subscription.resumption_invoice !== null) throw new Refusal("The subscription already has an open resumption invoice.");
  const now = world.now(subscription.test_clock);
  const last = subscription.pauses.at(-1);
  if (last) last.to = now;
  const anchorNow = (params.billing_cycle_anchor?.type ?? "now") === "now";
  if (anchorNow) {
    subscription.billing_cycle_anchor = now;
    subscription.billing_cycle_anchor_config = null;
  }
  const cycle = cycleOf(world, subscription);
  const end = boundaryAfter(cycle, now);
  const full = { start: boundaryBefore(cycle, end), end };
  const old = periodOf(subscription);
  // Inside the same period the flat fee was paid already, unless the pause gave it back as a credit.
  const samePeriod = !anchorNow && old.end === end;
  const behavior = anchorNow ? "always_invoice" : (params.proration_behavior ?? "create_prorations");
  const credited = world.invoiceItems
    .all()
    .some(
      (item) => item.subscription === subscription.id && item.proration && item.amount < 0 && item.date >= (last?.from ?? now),
    );
  const lines = behavior === "none" || (samePeriod && !credited) ? [] : flatLines(world, subscription, { start: now, end }, full);
  if (anchorNow || !samePeriod) for (const item of subscription.items) item.usage_from = Math.max(item.usage_from, old.start);
  setPeriod(world, subscription, anchorNow ? now : samePeriod ? old.start : Math.max(full.start, old.start), end);
  if (lines.length === 0) {
    reactivate(world, subscription);
    return;
  }
  const invoice = draftFor(world, subscription, { reason: "subscription_update", lines, period: { start: now, end: now } });
  subscription.resumption_invoice = invoice.id;
  const onSuccess = params.payment_behavior === "resume_on_payment_success";
  finalize(world, invoice, methodOf(world, invoice) || !onSuccess ? "now" : "never");
  // `resume_on_payment_attempt`: the attempt itself resumes, whatever comes of it.
  if (!onSuccess && subscription.resumption_invoice !== null && invoice.status === "open") {
    subscription.resumption_invoice = null;
    reactivate(world, subscription);
    if (invoice.attempted) setStatus(world, subscription, "past_due");
  }
  if (subscription.resumption_invoice !== null)
    world.schedule("resumptionExpiry", subscription.id, now + 23 * 3600, subscription.test_clock);
}

/** 23 hours without a payment: Stripe voids the resumption invoice and the subscription stays paused. */
export function expireResumption(world: World, id: string): void {
  const subscription = world.subscriptions.get(id);
  const invoice = subscription?.resumption_invoice ? world.invoices.get(subscription.resumption_invoice) : undefined;
  if (!subscription || invoice?.status !== "open") return;
  invoice.status = "void";
  invoice.voided_at = world.now(subscription.test_clock);
  invoice.next_payment_attempt = null;
  emit(world, "invoice.voided", renderInvoice(world, invoice), invoice.test_clock);
  stayPaused(subscription);
}

/** The resumption did not happen: the pause goes on. */
export function stayPaused(subscription: Subscription): void {
  subscription.resumption_invoice = null;
  const last = subscription.pauses.at(-1);
  if (last) last.to = null;
}

function reactivate(world: World, subscription: Subscription): void {
  setStatus(world, subscription, "active");
  emit(world, "customer.subscription.resumed", renderSubscription(world, subscription), subscription.test_clock);
}
