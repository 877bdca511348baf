import * as z from "zod";
import { boundaryAfter } from "./billing-cycle.ts";
import { lineOfItem, pendingItems } from "./invoice-items.ts";
import { flatLines, meteredLines } from "./invoice-lines.ts";
import { Invoice, recount, renderInvoice } from "./invoices.ts";
import { expand, flag, text } from "./params.ts";
import { creditUnused } from "./proration.ts";
import { missing, Refusal } from "./refusal.ts";
import { cycleOf, isLive, periodOf, type Subscription } from "./subscriptions.ts";
import type { World } from "./world.ts";

/** The parameters of `invoices.createPreview` that are served. */
export const previewParams = z.strictObject({
  customer: text().optional(),
  subscription: text().optional(),
  preview_mode: z.enum(["next", "recurring"]).optional(),
  subscription_details: z.strictObject({ cancel_now: flag.optional(), cancel_at_period_end: flag.optional() }).optional(),
  expand,
});

/** The invoice that would come next, with the usage accepted so far. It is never kept, listed or payable. */
export function preview(world: World, params: z.infer<typeof previewParams>): object {
  const subscription = subscriptionOf(world, params);
  const now = world.now(subscription.test_clock);
  const past = periodOf(subscription);
  const next = { start: past.end, end: boundaryAfter(cycleOf(world, subscription), past.end) };
  const details = params.subscription_details;
  const ends =
    details?.cancel_now ||
    details?.cancel_at_period_end ||
    subscription.cancel_at_period_end ||
    (subscription.cancel_at !== null && subscription.cancel_at <= past.end);
  const usage = { start: past.start, end: details?.cancel_now ? now : past.end };
  const before = new Set(world.invoiceItems.all().map((item) => item.id));
  if (details?.cancel_now) creditUnused(world, subscription, now);
  const pending = pendingItems(world, subscription);
  const lines = [
    ...meteredLines(world, subscription, usage),
    ...(ends ? [] : flatLines(world, subscription, next, next)),
    ...pending.map((item) => lineOfItem(world, item)),
  ].map((line) => ({ ...line, id: line.id.replace("il_", "il_tmp_") }));
  // The credit was only imagined.
  for (const item of world.invoiceItems.all()) if (!before.has(item.id)) world.invoiceItems.remove(item.id);
  const invoice = Invoice.parse({
    id: world.id("upcoming_in_"),
    created: details?.cancel_now ? now : past.end,
    customer: subscription.customer,
    subscription: subscription.id,
    subscription_metadata: subscription.metadata,
    billing_reason: "upcoming",
    collection_method: subscription.collection_method,
    currency: subscription.currency,
    period_start: usage.start,
    period_end: usage.end,
    lines,
    auto_advance: true,
    next_payment_attempt:
      subscription.collection_method === "charge_automatically" ? past.end + world.settings.finalizationGraceSeconds : null,
    test_clock: subscription.test_clock,
  });
  recount(world, invoice);
  return renderInvoice(world, invoice);
}

function subscriptionOf(world: World, params: z.infer<typeof previewParams>): Subscription {
  if (params.subscription) {
    const subscription = world.subscriptions.get(params.subscription);
    if (!subscription) throw missing("subscription", params.subscription, "subscription", 400);
    if (!isLive(subscription) || subscription.status === "paused") throw noUpcoming(subscription.customer);
    return subscription;
  }
  if (!params.customer)
    throw new Refusal("You must pass either customer or subscription.", { code: "parameter_missing", param: "customer" });
  world.customer(params.customer);
  const found = world.subscriptions
    .newestFirst()
    .find(
      (subscription) => subscription.customer === params.customer && isLive(subscription) && subscription.status !== "paused",
    );
  if (!found) throw noUpcoming(params.customer);
  return found;
}

function noUpcoming(customer: string): Refusal {
  return new Refusal(`No upcoming invoices for customer: ${customer}`, { status: 404, code: "invoice_upcoming_none" });
}
