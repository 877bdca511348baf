import * as z from "zod";
import { attempt, finalize, markPaid } from "./collection.ts";
import { endPause } from "./dunning.ts";
import { emit } from "./events.ts";
import { setAutoAdvance, setFinalization } from "./invoice-drafts.ts";
import { lineOfItem } from "./invoice-items.ts";
import { refreshUsage } from "./invoice-lines.ts";
import { Invoice, recount, renderInvoice, renderLine } from "./invoices.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, flag, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { fromToken, ownMethod } from "./payment-methods.ts";
import { preview, previewParams } from "./preview.ts";
import { missing, Refusal } from "./refusal.ts";
import { searchOperation } from "./search.ts";
import { stayPaused } from "./subscription-pause.ts";
import type { World } from "./world.ts";

const fiveYears = 5 * 366 * 86_400;
const shared = {
  auto_advance: flag.optional(),
  automatically_finalizes_at: integer.optional(),
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  days_until_due: integer.optional(),
  due_date: integer.optional(),
  default_payment_method: clearable().optional(),
  description: clearable(1500).optional(),
  footer: clearable().optional(),
  metadata: metadata.optional(),
  expand,
};
const createParams = z.strictObject({
  ...shared,
  customer: text(),
  currency: text(3).optional(),
  subscription: text().optional(),
  pending_invoice_items_behavior: z.enum(["include", "exclude"]).optional(),
});
const listParams = z.strictObject({
  ...paging,
  created: timeRange,
  collection_method: z.enum(["charge_automatically", "send_invoice"]).optional(),
  customer: text().optional(),
  status: z.enum(["draft", "open", "paid", "uncollectible", "void"]).optional(),
  subscription: text().optional(),
});
const nothing = z.strictObject({ expand });

/** The calls of this kind that are served. */
export const invoiceOperations: readonly Operation[] = [
  operation("POST", "/v1/invoices", createParams, (world, params) => {
    const customer = world.customer(params.customer);
    const now = world.now(customer.test_clock);
    const invoice = world.invoices.add(
      Invoice.parse({
        id: world.id("in_"),
        created: now,
        customer: customer.id,
        subscription: params.subscription ?? null,
        collection_method: params.collection_method ?? "charge_automatically",
        currency: params.currency ?? customer.currency ?? "usd",
        period_start: now,
        period_end: now,
        test_clock: customer.test_clock,
      }),
    );
    if (params.pending_invoice_items_behavior === "include") {
      for (const item of world.invoiceItems.values()) {
        if (item.customer !== customer.id || item.invoice !== null || item.subscription !== (params.subscription ?? null))
          continue;
        item.invoice = invoice.id;
        invoice.lines.push(lineOfItem(world, item));
      }
    }
    setAutoAdvance(world, invoice, params.auto_advance ?? false);
    change(world, invoice, { ...params, auto_advance: undefined });
    recount(world, invoice);
    emit(world, "invoice.created", renderInvoice(world, invoice), invoice.test_clock);
    return renderInvoice(world, invoice);
  }),
  operation("GET", "/v1/invoices", listParams, (world, params) => {
    const found = world.invoices
      .newestFirst()
      .filter(
        (invoice) =>
          within(invoice.created, params.created) &&
          (params.customer || params.subscription || invoice.test_clock === null) &&
          (!params.customer || invoice.customer === params.customer) &&
          (!params.subscription || invoice.subscription === params.subscription) &&
          (!params.status || invoice.status === params.status) &&
          (!params.collection_method || invoice.collection_method === params.collection_method),
      );
    return page(world, found, params, "/v1/invoices", (invoice) => shown(world, invoice));
  }),
  searchOperation("/v1/invoices/search", (world) =>
    world.invoices.newestFirst().map((invoice) => ({ id: invoice.id, created: invoice.created, body: shown(world, invoice) })),
  ),
  operation("POST", "/v1/invoices/create_preview", previewParams, preview),
  operation("GET", "/v1/invoices/:id", nothing, (world, _params, id) => shown(world, existing(world, id))),
  operation("POST", "/v1/invoices/:id", z.strictObject(shared), (world, params, id) => {
    const invoice = existing(world, id);
    change(world, invoice, params);
    emit(world, "invoice.updated", renderInvoice(world, invoice), invoice.test_clock);
    return shown(world, invoice);
  }),
  operation("DELETE", "/v1/invoices/:id", z.strictObject({}), (world, _params, id) => {
    const invoice = existing(world, id);
    if (invoice.subscription) throw new Refusal("You can't delete invoices created by subscriptions.");
    if (invoice.status !== "draft") throw new Refusal("You can only delete draft invoices.", { code: "invoice_not_editable" });
    for (const item of world.invoiceItems.values()) if (item.invoice === id) item.invoice = null;
    world.invoices.remove(id);
    emit(world, "invoice.deleted", renderInvoice(world, invoice), invoice.test_clock);
    return { id, object: "invoice", deleted: true };
  }),
  operation("GET", "/v1/invoices/:id/lines", z.strictObject(paging), (world, params, id) => {
    const invoice = existing(world, id);
    shown(world, invoice);
    return page(world, invoice.lines, params, `/v1/invoices/${id}/lines`, (line) => renderLine(world, invoice, line));
  }),
  operation(
    "POST",
    "/v1/invoices/:id/finalize",
    z.strictObject({ auto_advance: flag.optional(), expand }),
    (world, params, id) => {
      const invoice = existing(world, id);
      finalize(world, invoice, "never");
      if (invoice.status === "open") setAutoAdvance(world, invoice, params.auto_advance ?? invoice.auto_advance);
      return renderInvoice(world, invoice);
    },
  ),
  operation(
    "POST",
    "/v1/invoices/:id/pay",
    z.strictObject({
      paid_out_of_band: flag.optional(),
      payment_method: text().optional(),
      off_session: flag.optional(),
      expand,
    }),
    (world, params, id) => {
      const invoice = existing(world, id);
      if (invoice.status === "paid") throw new Refusal("Invoice is already paid", { code: "invoice_already_paid" });
      if (invoice.status === "void") throw new Refusal("Invoice is void and can not be paid.");
      if (invoice.status === "draft") finalize(world, invoice, "never");
      if (params.paid_out_of_band) markPaid(world, invoice, true);
      else if (invoice.paid_at === null) {
        const customer = world.customer(invoice.customer);
        const given = params.payment_method
          ? (world.paymentMethods.get(params.payment_method) ?? fromToken(world, params.payment_method))
          : undefined;
        if (params.payment_method && !given) ownMethod(world, params.payment_method, customer, "payment_method");
        const decline = attempt(world, invoice, given, "manual");
        if (decline)
          throw new Refusal(decline.message, {
            status: decline.declineCode ? 402 : 400,
            type: decline.declineCode ? "card_error" : "invalid_request_error",
            code: decline.code,
            ...(decline.declineCode ? { declineCode: decline.declineCode } : {}),
          });
      }
      return renderInvoice(world, invoice);
    },
  ),
  operation("POST", "/v1/invoices/:id/send", nothing, (world, _params, id) => {
    const invoice = existing(world, id);
    if (invoice.status === "draft") finalize(world, invoice, "never");
    emit(world, "invoice.sent", renderInvoice(world, invoice), invoice.test_clock);
    return renderInvoice(world, invoice);
  }),
  operation("POST", "/v1/invoices/:id/void", nothing, (world, _params, id) => {
    const invoice = existing(world, id);
    if (invoice.status !== "open" && invoice.status !== "uncollectible")
      throw new Refusal(
        `You can only pass in open or uncollectible invoices. This invoice isn't open (it is ${invoice.status}).`,
      );
    end(world, invoice, "void");
    emit(world, "invoice.voided", renderInvoice(world, invoice), invoice.test_clock);
    const subscription = invoice.subscription === null ? undefined : world.subscriptions.get(invoice.subscription);
    // Voided by hand, a resumption invoice leaves the subscription paused.
    if (subscription?.resumption_invoice === id) stayPaused(subscription);
    return renderInvoice(world, invoice);
  }),
  operation("POST", "/v1/invoices/:id/mark_uncollectible", nothing, (world, _params, id) => {
    const invoice = existing(world, id);
    if (invoice.status !== "open") throw new Refusal(`This invoice isn't open (it is ${invoice.status}).`);
    end(world, invoice, "uncollectible");
    emit(world, "invoice.marked_uncollectible", renderInvoice(world, invoice), invoice.test_clock);
    endPause(world, invoice);
    return renderInvoice(world, invoice);
  }),
];

/** A read. Under `draftUsage: fresh` it counts a draft's metered lines again. */
function shown(world: World, invoice: Invoice): object {
  if (world.settings.draftUsage === "fresh") refreshUsage(world, invoice);
  return renderInvoice(world, invoice);
}

function existing(world: World, id: string): Invoice {
  const invoice = world.invoices.get(id);
  if (!invoice) throw missing("invoice", id);
  return invoice;
}

function change(world: World, invoice: Invoice, params: z.infer<z.ZodObject<typeof shared>>): void {
  const draftOnly = (
    ["automatically_finalizes_at", "collection_method", "days_until_due", "due_date", "description", "footer"] as const
  ).find((name) => params[name] !== undefined);
  if (draftOnly && invoice.status !== "draft")
    throw new Refusal("Finalized invoices can't be updated in this way.", { code: "invoice_not_editable", param: draftOnly });
  if (params.collection_method) invoice.collection_method = params.collection_method;
  if (params.days_until_due !== undefined) invoice.days_until_due = params.days_until_due;
  if (params.due_date !== undefined) invoice.due_date = params.due_date;
  if (params.description !== undefined) invoice.description = params.description;
  if (params.footer !== undefined) invoice.footer = params.footer;
  if (params.default_payment_method !== undefined)
    invoice.default_payment_method =
      params.default_payment_method === null
        ? null
        : ownMethod(world, params.default_payment_method, world.customer(invoice.customer), "default_payment_method").id;
  invoice.metadata = mergeMetadata(invoice.metadata, params.metadata);
  if (params.auto_advance !== undefined && params.auto_advance !== invoice.auto_advance)
    setAutoAdvance(world, invoice, params.auto_advance);
  if (params.automatically_finalizes_at !== undefined) moveFinalization(world, invoice, params.automatically_finalizes_at);
}

function moveFinalization(world: World, invoice: Invoice, at: number): void {
  const param = "automatically_finalizes_at";
  const now = world.now(invoice.test_clock);
  if (invoice.subscription && world.settings.moveFinalization === "refused")
    throw new Refusal("automatically_finalizes_at cannot be changed on an invoice of a subscription.", { param });
  if (at <= now || at > now + fiveYears)
    throw new Refusal("automatically_finalizes_at must be in the future, by at most 5 years.", { param });
  invoice.auto_advance = true;
  setFinalization(world, invoice, at);
}

function end(world: World, invoice: Invoice, status: "void" | "uncollectible"): void {
  const now = world.now(invoice.test_clock);
  invoice.status = status;
  invoice.next_payment_attempt = null;
  invoice.auto_advance = false;
  if (status === "void") invoice.voided_at = now;
  else invoice.marked_uncollectible_at = now;
}
