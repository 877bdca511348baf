/** PURE. May a month be closed, and does its final invoice say what the ledger says? */
import { type HourZ, hourMs, hourStart, hoursBeginningIn } from "../../domain/hour.ts";
import { firstBillableHour, isSealed, type Wanted } from "../meter/diff.ts";

/** From then on a month is finalized without the hours that are still unknown: Stripe's own timer ends at 72 h. */
export const closeAnywayAfterMs = 60 * hourMs;

export interface MonthView {
  /** The metered item's period, `[from, to)`. */
  readonly from: number;
  readonly to: number;
  readonly now: number;
  readonly subscribedAt: number;
  readonly wanted: ReadonlyMap<HourZ, Wanted>;
  /** Read hour by hour over the whole period. */
  readonly held: ReadonlyMap<HourZ, number>;
}

export interface Gate {
  readonly open: boolean;
  /** Billable hours by the ledger, all of them confirmed when the gate is open. */
  readonly hours: number;
  readonly unknown: readonly HourZ[];
  /** Hours for which Stripe's summaries hold something else than the ledger. */
  readonly unconfirmed: readonly HourZ[];
  readonly unsealed: number;
  /** Stripe holds more than the ledger: its own timer must not finalize this. */
  readonly tooMuch: boolean;
  /** Why it is shut, or what was left out; undefined where all is well. */
  readonly note: string | undefined;
}

/** Open when every billable hour of the month is sealed, known and held by Stripe as the ledger says; after 60 hours unknown hours no longer
 *  keep it shut. An unknown hour counts as what Stripe holds, because it never changes that. */
export function gate(view: MonthView): Gate {
  const first = hourStart(firstBillableHour(view.subscribedAt));
  const unknown: HourZ[] = [];
  const unconfirmed: HourZ[] = [];
  let hours = 0;
  let unsealed = 0;
  let tooMuch = false;
  for (const hour of hoursBeginningIn(view.from, view.to)) {
    const held = view.held.get(hour) ?? 0;
    const wanted = hourStart(hour) < first ? 0 : (view.wanted.get(hour) ?? "unknown");
    if (!isSealed(hour, view.now)) unsealed++;
    if (wanted === "unknown") {
      unknown.push(hour);
      hours += held;
    } else {
      hours += wanted;
      if (held !== wanted) unconfirmed.push(hour);
      if (held > wanted) tooMuch = true;
    }
  }
  const late = view.now >= view.to + closeAnywayAfterMs;
  const open = unsealed === 0 && unconfirmed.length === 0 && (unknown.length === 0 || late);
  const reasons = [
    unsealed > 0 && `${unsealed} hours are not sealed yet`,
    unconfirmed.length > 0 && `Stripe's summaries differ from the ledger in ${list(unconfirmed)}`,
    unknown.length > 0 && (late ? `closed without knowing ${list(unknown)}; they are not billed` : `unknown: ${list(unknown)}`),
  ].filter((reason) => reason !== false);
  return { open, hours, unknown, unconfirmed, unsealed, tooMuch, note: reasons.length ? reasons.join("; ") : undefined };
}

export interface FinalInvoice {
  readonly meteredQuantity: number;
  readonly meteredCents: number;
}

/** What is wrong with the final invoice's hours; undefined where they are the ledger's. */
export function mismatch(invoice: FinalInvoice, hours: number, hourCents: number): string | undefined {
  if (invoice.meteredQuantity !== hours) return `the invoice bills ${invoice.meteredQuantity} hours, the ledger has ${hours}`;
  if (invoice.meteredCents !== hours * hourCents)
    return `the invoice bills ${invoice.meteredCents} cents for ${hours} hours, the plan says ${hours * hourCents}`;
  return undefined;
}

function list(hours: readonly HourZ[]): string {
  return hours.length > 6 ? `${hours.slice(0, 5).join(", ")} and ${hours.length - 5} more hours` : hours.join(", ");
}
