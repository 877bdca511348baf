/** What Stripe holds: the hourly sums of its meter, the only read-back there is. Some time behind what was posted. */
import { dayMs, dayOf, type HourZ, hourMs, hourOf, hourStart } from "../../domain/hour.ts";
import type { StripeClient } from "../../vendors/stripe/client.ts";
import type { Wanted } from "./diff.ts";

export interface SummaryRange {
  readonly meter: string;
  readonly customer: string;
  /** Aligned to UTC days for days, to hours for hours; `[from, to)`. */
  readonly from: number;
  readonly to: number;
}

/** Sums by the starts of UTC hours or days; hours without events have no row or one of 0. */
async function readSums(stripe: StripeClient, range: SummaryRange, window: "hour" | "day"): Promise<Map<number, number>> {
  if (range.from >= range.to) return new Map();
  const rows = await stripe.read("GET /v1/billing/meters/:id/event_summaries", (sdk) =>
    sdk.billing.meters
      .listEventSummaries(range.meter, {
        customer: range.customer,
        start_time: range.from / 1000,
        end_time: range.to / 1000,
        value_grouping_window: window,
        limit: 100,
      })
      .autoPagingToArray({ limit: 10_000 }),
  );
  return new Map(rows.filter((row) => row.aggregated_value !== 0).map((row) => [row.start_time * 1000, row.aggregated_value]));
}

/** Every hour of the range, as Stripe holds it now. */
export async function readHours(stripe: StripeClient, range: SummaryRange): Promise<Map<HourZ, number>> {
  const sums = await readSums(stripe, range, "hour");
  return new Map([...sums].map(([start, value]) => [hourOf(start), value]));
}

export interface HeldQuestion {
  readonly meter: string;
  readonly customer: string;
  readonly now: number;
  /** First hour that matters. */
  readonly from: number;
  readonly wanted: ReadonlyMap<HourZ, Wanted>;
  /** Hours whose own value must be seen: they have posts that no summary has confirmed. */
  readonly mustSee: ReadonlySet<HourZ>;
  /** Read everything by the hour: equal days can hide two wrong hours. */
  readonly audit: boolean;
}

/** What Stripe holds of the window: by day first, and by hour where a day differs, something is unknown or unconfirmed, and for the last 48 hours. */
export async function readHeld(stripe: StripeClient, question: HeldQuestion): Promise<Map<HourZ, number>> {
  const { meter, customer } = question;
  const from = Math.floor(question.from / dayMs) * dayMs;
  const to = Math.ceil(question.now / hourMs) * hourMs;
  if (question.audit) return readHours(stripe, { meter, customer, from, to });
  const byHour = new Set([dayOf(question.now), dayOf(question.now - dayMs), dayOf(question.now - 2 * dayMs)]);
  for (const hour of question.mustSee) byHour.add(dayOf(hourStart(hour)));
  const wantedOfDay = new Map<string, number>();
  for (const [hour, value] of question.wanted) {
    const day = dayOf(hourStart(hour));
    if (value === "unknown") byHour.add(day);
    else wantedOfDay.set(day, (wantedOfDay.get(day) ?? 0) + value);
  }
  const lastDay = Math.floor(question.now / dayMs) * dayMs - 2 * dayMs;
  const days = await readSums(stripe, { meter, customer, from, to: lastDay }, "day");
  for (let start = from; start < lastDay; start += dayMs) {
    if ((days.get(start) ?? 0) !== (wantedOfDay.get(dayOf(start)) ?? 0)) byHour.add(dayOf(start));
  }
  const held = new Map<HourZ, number>();
  // A day whose sum is as wanted holds what is wanted, until the nightly audit looks at each hour.
  for (const [hour, value] of question.wanted) if (value === 1 && !byHour.has(dayOf(hourStart(hour)))) held.set(hour, 1);
  for (const span of spansOfDays([...byHour].filter((day) => Date.parse(day) >= from).sort(), to)) {
    for (const [hour, value] of await readHours(stripe, { meter, customer, ...span })) held.set(hour, value);
  }
  return held;
}

/** Days that follow one another are read together. */
function spansOfDays(days: readonly string[], end: number): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const day of days) {
    const from = Date.parse(day);
    const to = Math.min(from + dayMs, end);
    const last = spans.at(-1);
    if (last && last.to === from) spans[spans.length - 1] = { from: last.from, to };
    else if (from < to) spans.push({ from, to });
  }
  return spans;
}
