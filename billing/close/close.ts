/** Closes months: holds the renewal draft, finalizes it when the gate is open, compares what it bills with the ledger, and only then lets it collect. */
import type Stripe from "stripe";
import { OperatorError } from "../../domain/error.ts";
import { hourMs } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import type { Context } from "../context.ts";
import { wantedOf } from "../judging.ts";
import { addClose, type Close } from "../ledger/closes.ts";
import { digestOf, loadVerdicts } from "../ledger/verdicts.ts";
import { readHours } from "../meter/summaries.ts";
import { type Billing, isBillable } from "../standing.ts";
import { type Gate, gate, mismatch } from "./gate.ts";

/** The finalization grace that the account must have, read from a draft: Stripe's own default of an hour loses usage. */
const shortestGraceSeconds = 71 * 3600;

export interface Closing {
  readonly uid: TenantUid;
  readonly slug: string;
  readonly meter: string;
  readonly hourCents: number;
  readonly billing: Billing;
}

/** A month that is not closed yet, and why. */
export interface Held {
  readonly month: string;
  readonly invoice: string;
  readonly hours: number;
  readonly note: string;
}

export interface Closed {
  readonly closed: readonly Close[];
  readonly held: readonly Held[];
}

/** Every invoice of the account that may be a renewal to close: drafts, and what became final since. */
export async function listRenewals(context: Context, since: number): Promise<readonly Stripe.Invoice[]> {
  const all = await context
    .stripe()
    .read("GET /v1/invoices", (sdk) =>
      sdk.invoices.list({ created: { gte: Math.floor(since / 1000) }, limit: 100 }).autoPagingToArray({ limit: 10_000 }),
    );
  return all.filter((invoice) => invoice.status !== "void" && invoice.billing_reason !== "subscription_create");
}

/** Closes what can be closed of the tenant; a second call finds nothing to do. */
export async function closeTenant(
  context: Context,
  closing: Closing,
  renewals: readonly Stripe.Invoice[],
  done: readonly Close[],
): Promise<Closed> {
  const closed: Close[] = [];
  const held: Held[] = [];
  for (const invoice of renewals) {
    const subscription = invoice.parent?.subscription_details?.subscription;
    const id = typeof subscription === "string" ? subscription : subscription?.id;
    if (id !== closing.billing.subscription.id || done.some((close) => close.invoice === invoice.id)) continue;
    const metered = await meteredLine(context, invoice, closing.billing.prices.hour);
    if (!metered) continue;
    const result = await closeInvoice(context, closing, invoice, metered);
    if ("digest" in result) closed.push(result);
    else held.push(result);
  }
  return { closed, held };
}

async function closeInvoice(
  context: Context,
  closing: Closing,
  invoice: Stripe.Invoice,
  metered: Metered,
): Promise<Close | Held> {
  const { uid, slug, billing } = closing;
  const now = await context.clock.now();
  const { from, to } = metered;
  const month = new Date(from).toISOString().slice(0, 7);
  const verdicts = await loadVerdicts(context.ledger, uid, from, to);
  const range = {
    meter: closing.meter,
    customer: billing.customer,
    from: Math.floor(from / hourMs) * hourMs,
    to: Math.ceil(to / hourMs) * hourMs,
  };
  const held = await readHours(context.stripe(), range);
  const wanted = wantedOf([...verdicts.values()].filter((verdict) => isBillable(billing, verdict.hour)));
  const state = gate({ from, to, now, subscribedAt: billing.subscribedAt, wanted, held });
  if (invoice.status === "draft") {
    checkGrace(context, closing, invoice);
    if (!state.open) {
      // More than the ledger: Stripe's timer would bill it.
      if (state.tooMuch && invoice.auto_advance) await setAutoAdvance(context, invoice.id, false, "hold");
      return { month, invoice: invoice.id, hours: state.hours, note: state.note ?? "not ready" };
    }
    await setAutoAdvance(context, invoice.id, false, "hold");
    await context
      .stripe()
      .write("POST /v1/invoices/:id/finalize", `finalize:${invoice.id}`, (sdk, options) =>
        sdk.invoices.finalizeInvoice(invoice.id, { auto_advance: false }, options),
      );
  }
  return settle(context, closing, {
    invoice: invoice.id,
    month,
    state,
    digest: digestOf(uid, [...verdicts.values()]),
    now,
    slug,
  });
}

interface Settling {
  readonly invoice: string;
  readonly month: string;
  readonly state: Gate;
  readonly digest: string;
  readonly now: number;
  readonly slug: string;
}

/** The final line is compared before anything is collected; a mismatch stays uncollected until a person has looked. Too little on an
 *  invoice that Stripe finalized and collects by itself is said once, as a problem. */
async function settle(context: Context, closing: Closing, settling: Settling): Promise<Close> {
  const final = await context.stripe().read("GET /v1/invoices/:id", (sdk) => sdk.invoices.retrieve(settling.invoice));
  const line = await meteredLine(context, final, closing.billing.prices.hour);
  const billed = { meteredQuantity: line?.quantity ?? 0, meteredCents: line?.cents ?? 0 };
  // Stripe's own timer was first: what it left out is never billed by itself, and the month is closed as it was billed.
  const lost = final.auto_advance ? Math.max(0, settling.state.hours - billed.meteredQuantity) : 0;
  const wrong = mismatch(billed, settling.state.hours - lost, closing.hourCents);
  if (wrong)
    throw new OperatorError(
      `${settling.slug}: invoice ${settling.invoice} of ${settling.month} does not match: ${wrong}. ${final.auto_advance ? "Stripe collects it already" : "It is not collected"}; void it or credit the difference, then run this again`,
    );
  if (final.status === "open" && !final.auto_advance) await setAutoAdvance(context, final.id, true, "collect");
  const left = `Stripe's timer made the invoice final before this run: ${lost} hours of the ledger are not on it and not billed`;
  if (lost > 0) context.problems.add(closing.uid, new OperatorError(`${settling.slug}: ${settling.month}: ${left}`));
  const notes = [lost > 0 ? left : undefined, settling.state.note].filter((note) => note !== undefined);
  const close: Close = {
    uid: closing.uid,
    month: settling.month,
    hours: billed.meteredQuantity,
    unknownHours: settling.state.unknown.length,
    hoursCents: line?.cents ?? 0,
    totalCents: final.total,
    invoice: final.id,
    digest: settling.digest,
    note: notes.length ? notes.join("; ") : null,
  };
  await context.lease.write((tx) => addClose(tx, close, { run: context.run, now: settling.now }));
  if (close.note) context.say(`${settling.slug}: ${settling.month} is closed; ${close.note}`);
  return close;
}

async function setAutoAdvance(context: Context, invoice: string, value: boolean, why: string): Promise<void> {
  await context
    .stripe()
    .write("POST /v1/invoices/:id", `${why}:${invoice}:${context.run}`, (sdk, options) =>
      sdk.invoices.update(invoice, { auto_advance: value }, options),
    );
}

function checkGrace(context: Context, closing: Closing, invoice: Stripe.Invoice): void {
  const finalizes = invoice.automatically_finalizes_at;
  if (finalizes !== null && finalizes - invoice.created < shortestGraceSeconds)
    context.problems.add(
      closing.uid,
      new OperatorError(
        `${closing.slug}: Stripe finalizes drafts ${Math.round((finalizes - invoice.created) / 3600)} h after they are made: set the account's invoice finalization grace to 72 h (Dashboard, Settings, Invoices)`,
      ),
    );
}

interface Metered {
  readonly from: number;
  readonly to: number;
  readonly quantity: number;
  readonly cents: number;
}

/** The invoice's line of hours; its period, not the invoice's, is the time of service. */
async function meteredLine(context: Context, invoice: Stripe.Invoice, hourPrice: string): Promise<Metered | undefined> {
  const lines = await context
    .stripe()
    .read("GET /v1/invoices/:id/lines", (sdk) =>
      sdk.invoices.listLineItems(invoice.id, { limit: 100 }).autoPagingToArray({ limit: 1000 }),
    );
  const own = lines.filter((line) => {
    const price = line.pricing?.price_details?.price;
    return (typeof price === "string" ? price : price?.id) === hourPrice;
  });
  const first = own[0];
  if (!first) return undefined;
  return {
    from: Math.min(...own.map((line) => line.period.start)) * 1000,
    to: Math.max(...own.map((line) => line.period.end)) * 1000,
    quantity: own.reduce((sum, line) => sum + (line.quantity ?? 0), 0),
    cents: own.reduce((sum, line) => sum + line.amount, 0),
  };
}
