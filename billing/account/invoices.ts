/** The account's invoices as far as revenue needs them: what each line is for, and when its service began. */
import type Stripe from "stripe";
import type { StripeClient } from "../../vendors/stripe/client.ts";

export interface InvoiceLine {
  /** `2026-11`: the month that the line's period of service begins in. */
  readonly month: string;
  readonly amountCents: number;
  /** Hours that were metered; anything else is a flat fee or a correction. */
  readonly isHours: boolean;
}

export interface InvoiceView {
  readonly id: string;
  readonly customer: string;
  readonly totalCents: number;
  /** What the card is or will be charged: 0 for an amount below Stripe's least charge, which goes to the customer's balance. */
  readonly dueCents: number;
  readonly lines: readonly InvoiceLine[];
}

/** Every invoice made since `since` that is not void, drafts too, by customer. `hourPrices` tell the lines of hours. */
export async function listInvoices(
  stripe: StripeClient,
  since: number,
  hourPrices: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly InvoiceView[]>> {
  const all = await stripe.read("GET /v1/invoices", (sdk) =>
    sdk.invoices.list({ created: { gte: Math.floor(since / 1000) }, limit: 100 }).autoPagingToArray({ limit: 10_000 }),
  );
  const views: InvoiceView[] = [];
  for (const invoice of all) {
    const customer = typeof invoice.customer === "string" ? invoice.customer : invoice.customer?.id;
    if (invoice.status === "void" || customer === undefined) continue;
    const lines = invoice.lines.has_more ? await allLines(stripe, invoice.id) : invoice.lines.data;
    views.push({
      id: invoice.id,
      customer,
      totalCents: invoice.total,
      dueCents: invoice.amount_due,
      lines: lines.map((line) => lineOf(line, hourPrices)),
    });
  }
  return Map.groupBy(views, (view) => view.customer);
}

/** An invoice carries its first ten lines. */
function allLines(stripe: StripeClient, invoice: string): Promise<readonly Stripe.InvoiceLineItem[]> {
  return stripe.read("GET /v1/invoices/:id/lines", (sdk) =>
    sdk.invoices.listLineItems(invoice, { limit: 100 }).autoPagingToArray({ limit: 1000 }),
  );
}

function lineOf(line: Stripe.InvoiceLineItem, hourPrices: ReadonlySet<string>): InvoiceLine {
  const price = line.pricing?.price_details?.price;
  const id = typeof price === "string" ? price : price?.id;
  return {
    month: new Date(line.period.start * 1000).toISOString().slice(0, 7),
    amountCents: line.amount,
    isHours: id !== undefined && hourPrices.has(id),
  };
}
