/** The object that `billing plan --json` and `billing run --json` print, version 1. */
import { z } from "zod";
import { costItems } from "../costs/cost.ts";

const Hour = z.string().regex(/^\d{4}-\d\d-\d\dT\d\dZ$/);
const Month = z.string().regex(/^\d{4}-\d\d$/);
const count = z.int().min(0);

/** What is left of a month by one list of prices. */
const Sums = {
  /** The file of `billing/costs/`. */
  prices: z.string(),
  costMicros: z.int(),
  costCents: z.int(),
  /** Revenue less cost; negative is a loss. */
  profitMicros: z.int(),
  /** `revenue.totalCents - costCents`. */
  profitCents: z.int(),
};

/** A tenant's month in money. `costs`, `costMicros`, … are by the list prices of the month, for the time in which the tenant existed. */
export const MonthMoney = z.strictObject({
  existedMinutes: count,
  /** What the tenant pays for this month; null where it pays nothing (exempt, or no subscription yet), which counts as 0. */
  revenue: z
    .strictObject({
      /** The month's own flat fee and corrections, wherever they are invoiced: in advance, so on an earlier invoice than the hours. */
      flatCents: z.int(),
      /** The month's hours: as closed, or as evidence has them now. */
      hoursCents: z.int(),
      /** `flatCents + hoursCents`. */
      totalCents: z.int(),
      /** The month's invoice is final. */
      closed: z.boolean(),
      /** The renewal that bills the hours, together with the next month's flat fee; null before it is made. */
      invoice: z.strictObject({ id: z.string(), totalCents: z.int() }).nullable(),
    })
    .nullable(),
  /** One entry for each item, in this order. Estimated: part of it is not measured by anybody. */
  costs: z.array(z.strictObject({ item: z.enum(costItems), amountMicros: z.int(), estimated: z.boolean() })),
  ...Sums,
  /** The same by what the business plan of January 2026 counted. */
  planned: z.strictObject(Sums),
});

/** A tenant's month within the last 34 days, by the evidence as it is now. */
export const MonthReport = z.strictObject({
  month: Month,
  /** Hours with activity, billed or not (exempt tenants have them too). */
  activeHours: count,
  /** Of these the ones that a subscription pays for. */
  billableHours: count,
  unknownHours: count,
  /** Active for the instance's memory only: nobody was seen. */
  uptimeOnlyHours: count,
  /** Somebody was seen while the instance slept: a person should look. */
  contradictions: count,
  hoursCents: z.int(),
  /** `activeHours` by the rule it is compared with. */
  comparedHours: count,
  /** Null where Stripe was not asked or did not answer for this tenant. Unlike the hours above, costs and closed revenue are of the whole month. */
  money: MonthMoney.nullable(),
});

export const TenantReport = z.strictObject({
  uid: z.string(),
  slug: z.string(),
  name: z.string(),
  state: z.string(),
  /** Why the tenant is never billed; null for one that is. */
  exempt: z.string().nullable(),
  customer: z.string().nullable(),
  subscription: z.string().nullable(),
  /** The first hour that is billed; null before there is a subscription. */
  billableFrom: Hour.nullable(),
  months: z.array(MonthReport),
  /** Posted by this run, or what a run would post. */
  posts: z.array(z.strictObject({ hour: Hour, value: z.int() })),
  /** Posted and not yet in a summary. */
  inFlight: count,
  /** Differences that wait because the hour got another value less than 15 minutes ago. */
  waiting: count,
  /** Hours of closed months for which evidence says something else now: for `adjust`, never billed by themselves. */
  late: z.array(Hour),
  /** Hours of which nothing was learnt within 34 days: never billed. */
  writtenOff: z.array(Hour),
  /** What was done, or would be done, at Stripe beside posting. */
  actions: z.array(z.string()),
  problems: z.array(z.string()),
});

export const BillingReport = z.strictObject({
  schemaVersion: z.literal(1),
  command: z.enum(["plan", "run"]),
  stack: z.string(),
  run: z.string(),
  at: z.string(),
  rule: z.string(),
  comparedRule: z.string(),
  /** Meter events sent by this run; by a plan: that a run would send. */
  posts: count,
  /** Active hours of all tenants in the window, and by the compared rule. */
  activeHours: count,
  comparedHours: count,
  tenants: z.array(TenantReport),
  /** Closed by this run. */
  invoicesFinalized: z.array(
    z.strictObject({
      uid: z.string(),
      slug: z.string(),
      month: Month,
      invoice: z.string(),
      hours: count,
      unknownHours: count,
      hoursCents: z.int(),
      totalCents: z.int(),
      digest: z.string(),
      note: z.string().nullable(),
    }),
  ),
  /** Renewals that cannot be closed yet, and why. */
  open: z.array(
    z.strictObject({ uid: z.string(), slug: z.string(), month: Month, invoice: z.string(), hours: count, note: z.string() }),
  ),
  /** Problems of no single tenant. */
  problems: z.array(z.string()),
});
export type BillingReport = z.infer<typeof BillingReport>;
export type TenantReport = z.infer<typeof TenantReport>;
export type MonthMoney = z.infer<typeof MonthMoney>;
export type MonthReport = z.infer<typeof MonthReport>;

/** Whether a run would change anything at Stripe now. */
export function hasChanges(report: BillingReport): boolean {
  return report.posts > 0 || report.tenants.some((tenant) => tenant.actions.some((action) => !action.startsWith("waits")));
}
