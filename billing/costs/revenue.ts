/** PURE. What a tenant pays for a month. */
import type { InvoiceView } from "../account/invoices.ts";

export interface Revenue {
  /** The month's own flat fee and corrections: every line without hours whose period of service begins in the month. It was invoiced in
   *  advance, so it stands on the first invoice or on the renewal before, not on the one that closes the month. */
  readonly flatCents: number;
  /** The month's hours: as closed, or as evidence has them now. They stand on the renewal after the month. */
  readonly hoursCents: number;
  readonly totalCents: number;
  /** How often the card is charged for the month. Each charge counts for one month only, the earliest that it pays for: a renewal for the
   *  month that it closes. An open month counts the renewal that is to come. */
  readonly charges: number;
  readonly closed: boolean;
  /** The renewal that bills the month's hours, with the next month's flat fee; null before there is one. */
  readonly invoice: { readonly id: string; readonly totalCents: number } | null;
}

export interface RevenueQuestion {
  readonly month: string;
  /** The tenant's; drafts and final ones. */
  readonly invoices: readonly InvoiceView[];
  /** Undefined while the month is open. */
  readonly close: { readonly invoice: string; readonly hoursCents: number; readonly totalCents: number } | undefined;
  /** Whether a renewal is still to come. */
  readonly renews: boolean;
  /** What an open month's hours come to. */
  readonly openHoursCents: number;
}

export function revenueOf({ month, invoices, close, renews, openHoursCents }: RevenueQuestion): Revenue {
  const own = invoices.flatMap((invoice) => invoice.lines).filter((line) => line.month === month);
  const flatCents = own.filter((line) => !line.isHours).reduce((sum, line) => sum + line.amountCents, 0);
  const hoursCents = close?.hoursCents ?? openHoursCents;
  const renewal = close
    ? { id: close.invoice, totalCents: close.totalCents }
    : invoices.find((invoice) => invoice.lines.some((line) => line.isHours && line.month === month && isRenewal(invoice, month)));
  const charged = invoices.filter((invoice) => invoice.dueCents > 0 && monthOf(invoice) === month).length;
  return {
    flatCents,
    hoursCents,
    totalCents: flatCents + hoursCents,
    charges: charged + Number(renews && renewal === undefined && (own.length > 0 || openHoursCents > 0)),
    closed: close !== undefined,
    invoice: renewal ? { id: renewal.id, totalCents: renewal.totalCents } : null,
  };
}

function monthOf(invoice: InvoiceView): string | undefined {
  return invoice.lines.map((line) => line.month).sort()[0];
}

/** A first invoice shows its metered line too, of 0 hours to come; a renewal reaches into a later month. */
function isRenewal(invoice: InvoiceView, month: string): boolean {
  return invoice.lines.some((line) => line.month > month);
}
