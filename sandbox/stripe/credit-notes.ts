import * as z from "zod";
import { moveBalance } from "./balance.ts";
import { markPaid } from "./collection.ts";
import { emit } from "./events.ts";
import { type Invoice, remaining } from "./invoices.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { missing, missingParam, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

const CreditLine = z.object({
  id: z.string(),
  amount: z.number().int(),
  description: z.string().nullable(),
  quantity: z.number().nullable(),
  invoice_line_item: z.string().nullable(),
  unit_amount: z.number().int().nullable(),
});

/** The only correction after finalization: less to pay before payment; refund, balance credit or out of band after it. */
export const CreditNote = z.object({
  id: z.string(),
  created: z.number(),
  invoice: z.string(),
  customer: z.string(),
  currency: z.string(),
  number: z.string(),
  amount: z.number().int(),
  lines: z.array(CreditLine),
  memo: z.string().nullable(),
  metadata: z.record(z.string(), z.string()).default({}),
  reason: z.enum(["duplicate", "fraudulent", "order_change", "product_unsatisfactory"]).nullable(),
  status: z.enum(["issued", "void"]).default("issued"),
  pre_payment_amount: z.number().int(),
  post_payment_amount: z.number().int(),
  out_of_band_amount: z.number().int(),
  refund_amount: z.number().int(),
  refund: z.string().nullable(),
  balance_transaction: z.string().nullable(),
  voided_at: z.number().nullable().default(null),
});
export type CreditNote = z.infer<typeof CreditNote>;

/** The credit note as Stripe answers it. */
export function renderCreditNote(note: CreditNote): object {
  return {
    id: note.id,
    object: "credit_note",
    amount: note.amount,
    amount_shipping: 0,
    created: note.created,
    currency: note.currency,
    customer: note.customer,
    customer_account: null,
    customer_balance_transaction: note.balance_transaction,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: note.created,
    invoice: note.invoice,
    lines: {
      object: "list",
      data: note.lines.map(({ invoice_line_item, ...line }) => ({
        ...line,
        object: "credit_note_line_item",
        discount_amount: 0,
        discount_amounts: [],
        ...(invoice_line_item === null ? {} : { invoice_line_item }),
        livemode: false,
        metadata: {},
        pretax_credit_amounts: [],
        tax_rates: [],
        taxes: [],
        type: invoice_line_item === null ? "custom_line_item" : "invoice_line_item",
        unit_amount_decimal: line.unit_amount === null ? null : String(line.unit_amount),
      })),
      has_more: false,
      url: `/v1/credit_notes/${note.id}/lines`,
    },
    livemode: false,
    memo: note.memo,
    metadata: note.metadata,
    number: note.number,
    out_of_band_amount: note.out_of_band_amount || null,
    pdf: `https://pay.stripe.com/credit_notes/test_${note.id}/pdf`,
    post_payment_amount: note.post_payment_amount,
    pre_payment_amount: note.pre_payment_amount,
    pretax_credit_amounts: [],
    reason: note.reason,
    refunds:
      note.refund === null
        ? []
        : [{ amount_refunded: note.refund_amount, payment_record_refund: null, refund: note.refund, type: "refund" }],
    shipping_cost: null,
    status: note.status,
    subtotal: note.amount,
    subtotal_excluding_tax: note.amount,
    total: note.amount,
    total_excluding_tax: note.amount,
    total_taxes: [],
    type: note.post_payment_amount === 0 ? "pre_payment" : note.pre_payment_amount === 0 ? "post_payment" : "mixed",
    voided_at: note.voided_at,
  };
}

const createParams = z.strictObject({
  invoice: text(),
  amount: integer.optional(),
  lines: z
    .array(
      z.strictObject({
        type: z.enum(["invoice_line_item", "custom_line_item"]),
        invoice_line_item: text().optional(),
        amount: integer.optional(),
        quantity: integer.optional(),
        unit_amount: integer.optional(),
        description: clearable().optional(),
      }),
    )
    .optional(),
  credit_amount: integer.optional(),
  refund_amount: integer.optional(),
  out_of_band_amount: integer.optional(),
  email_type: z.enum(["credit_note", "none"]).optional(),
  memo: clearable().optional(),
  metadata: metadata.optional(),
  reason: z.enum(["duplicate", "fraudulent", "order_change", "product_unsatisfactory"]).optional(),
  expand,
});

/** The calls of this kind that are served. */
export const creditNoteOperations: readonly Operation[] = [
  operation("POST", "/v1/credit_notes", createParams, (world, params) => {
    const { note, invoice } = compose(world, params);
    world.creditNotes.add(note);
    invoice.pre_payment_credit_notes_amount += note.pre_payment_amount;
    invoice.post_payment_credit_notes_amount += note.post_payment_amount;
    const credit = params.credit_amount ?? 0;
    if (credit > 0)
      note.balance_transaction = moveBalance(world, world.customer(invoice.customer), {
        amount: -credit,
        currency: invoice.currency,
        type: "credit_note",
        credit_note: note.id,
      }).id;
    if (note.refund_amount > 0) note.refund = world.id("re_");
    emit(world, "credit_note.created", renderCreditNote(note), invoice.test_clock);
    if (invoice.status === "open" && remaining(invoice) === 0) markPaid(world, invoice);
    return renderCreditNote(note);
  }),
  operation(
    "GET",
    "/v1/credit_notes",
    z.strictObject({ ...paging, created: timeRange, customer: text().optional(), invoice: text().optional() }),
    (world, params) => {
      const found = world.creditNotes
        .newestFirst()
        .filter(
          (note) =>
            within(note.created, params.created) &&
            (!params.customer || note.customer === params.customer) &&
            (!params.invoice || note.invoice === params.invoice),
        );
      return page(world, found, params, "/v1/credit_notes", renderCreditNote);
    },
  ),
  operation("GET", "/v1/credit_notes/preview", createParams, (world, params) => renderCreditNote(compose(world, params).note)),
  operation("GET", "/v1/credit_notes/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderCreditNote(existing(world, id)),
  ),
  operation("POST", "/v1/credit_notes/:id/void", z.strictObject({ expand }), (world, _params, id) => {
    const note = existing(world, id);
    const invoice = world.invoices.get(note.invoice);
    if (note.status === "void") throw new Refusal("This credit note is already void.");
    if (invoice?.status !== "open") throw new Refusal("You can only void a credit note if the associated invoice is open.");
    note.status = "void";
    note.voided_at = world.now(invoice.test_clock);
    invoice.pre_payment_credit_notes_amount -= note.pre_payment_amount;
    emit(world, "credit_note.voided", renderCreditNote(note), invoice.test_clock);
    return renderCreditNote(note);
  }),
];

function existing(world: World, id: string): CreditNote {
  const note = world.creditNotes.get(id);
  if (!note) throw missing("credit note", id);
  return note;
}

function compose(world: World, params: z.infer<typeof createParams>): { note: CreditNote; invoice: Invoice } {
  const invoice = world.invoices.get(params.invoice);
  if (!invoice) throw missing("invoice", params.invoice, "invoice", 400);
  if (invoice.status !== "open" && invoice.status !== "paid")
    throw new Refusal(`Credit notes can only be created for open or paid invoices; this one is ${invoice.status}.`, {
      param: "invoice",
    });
  const lines = (params.lines ?? []).map((given) => creditLine(world, invoice, given));
  const sum = lines.reduce((total, line) => total + line.amount, 0);
  const amount = params.amount ?? sum;
  if (params.amount === undefined && lines.length === 0) throw missingParam("amount");
  if (params.amount !== undefined && lines.length > 0 && params.amount !== sum)
    throw new Refusal(`The amount ${params.amount} does not match the sum of the lines, ${sum}.`, { param: "amount" });
  const before = invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount;
  if (amount <= 0 || amount > invoice.total - before)
    throw new Refusal(
      `The credit note amount must be positive and at most ${invoice.total - before}, what is left of the invoice.`,
      { param: "amount" },
    );
  const pre = invoice.status === "open" ? Math.min(amount, remaining(invoice)) : 0;
  const post = amount - pre;
  const given = (params.refund_amount ?? 0) + (params.credit_amount ?? 0) + (params.out_of_band_amount ?? 0);
  if (given !== post)
    throw new Refusal(
      `The sum of credit amount, refund amount and out of band amount (${given}) must equal the post payment amount (${post}).`,
      { param: "refund_amount" },
    );
  const number = world.creditNotes.all().filter((note) => note.invoice === invoice.id).length + 1;
  const note = CreditNote.parse({
    id: world.id("cn_"),
    created: world.now(invoice.test_clock),
    invoice: invoice.id,
    customer: invoice.customer,
    currency: invoice.currency,
    number: `${invoice.number ?? invoice.id}-CN-${String(number).padStart(2, "0")}`,
    amount,
    lines:
      lines.length > 0
        ? lines
        : [{ id: world.id("cnli_"), amount, description: null, quantity: 1, invoice_line_item: null, unit_amount: amount }],
    memo: params.memo ?? null,
    metadata: mergeMetadata({}, params.metadata),
    reason: params.reason ?? null,
    pre_payment_amount: pre,
    post_payment_amount: post,
    out_of_band_amount: params.out_of_band_amount ?? 0,
    refund_amount: params.refund_amount ?? 0,
    refund: null,
    balance_transaction: null,
  });
  return { note, invoice };
}

function creditLine(
  world: World,
  invoice: Invoice,
  given: NonNullable<z.infer<typeof createParams>["lines"]>[number],
): z.infer<typeof CreditLine> {
  const id = world.id("cnli_");
  if (given.type === "custom_line_item") {
    if (given.unit_amount === undefined || given.quantity === undefined) throw missingParam("lines[unit_amount]");
    return {
      id,
      amount: given.unit_amount * given.quantity,
      description: given.description ?? null,
      quantity: given.quantity,
      invoice_line_item: null,
      unit_amount: given.unit_amount,
    };
  }
  const line = invoice.lines.find((candidate) => candidate.id === given.invoice_line_item);
  if (!line) throw missing("invoice line item", given.invoice_line_item ?? "", "lines[invoice_line_item]", 400);
  const amount = given.amount ?? (given.quantity === undefined ? line.amount : given.quantity * (line.unit_amount ?? 0));
  if (amount > line.amount)
    throw new Refusal(`The line ${line.id} bills ${line.amount}; you cannot credit ${amount}.`, { param: "lines[amount]" });
  return {
    id,
    amount,
    description: line.description,
    quantity: given.quantity ?? null,
    invoice_line_item: line.id,
    unit_amount: line.unit_amount,
  };
}
