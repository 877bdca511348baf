import * as z from "zod";
import { page } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { expand, paging, text } from "./params.ts";
import { missing } from "./refusal.ts";

/** The link between an invoice and the payment that paid it. */
export const InvoicePayment = z.object({
  id: z.string(),
  created: z.number(),
  invoice: z.string(),
  amount: z.number().int(),
  currency: z.string(),
  payment_intent: z.string(),
  paid_at: z.number(),
});
export type InvoicePayment = z.infer<typeof InvoicePayment>;

/** The invoice payment as Stripe answers it. */
export function renderInvoicePayment(payment: InvoicePayment): object {
  return {
    id: payment.id,
    object: "invoice_payment",
    amount_paid: payment.amount,
    amount_requested: payment.amount,
    created: payment.created,
    currency: payment.currency,
    invoice: payment.invoice,
    is_default: true,
    livemode: false,
    payment: { type: "payment_intent", payment_intent: payment.payment_intent },
    status: "paid",
    status_transitions: { canceled_at: null, paid_at: payment.paid_at },
  };
}

/** The calls of this kind that are served. */
export const invoicePaymentOperations: readonly Operation[] = [
  operation(
    "GET",
    "/v1/invoice_payments",
    z.strictObject({ ...paging, invoice: text().optional(), status: z.enum(["open", "paid", "canceled"]).optional() }),
    (world, params) => {
      const found = world.invoicePayments
        .newestFirst()
        .filter(
          (payment) => (!params.invoice || payment.invoice === params.invoice) && (!params.status || params.status === "paid"),
        );
      return page(world, found, params, "/v1/invoice_payments", renderInvoicePayment);
    },
  ),
  operation("GET", "/v1/invoice_payments/:id", z.strictObject({ expand }), (world, _params, id) => {
    const payment = world.invoicePayments.get(id);
    if (!payment) throw missing("invoice_payment", id);
    return renderInvoicePayment(payment);
  }),
];
