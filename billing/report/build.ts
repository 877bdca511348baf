/** PURE. Puts a run's report together. */
import type { HourZ } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import type { Closed } from "../close/close.ts";
import type { Context } from "../context.ts";
import type { Judged } from "../judging.ts";
import type { LedgerTenant } from "../ledger/tenants.ts";
import type { Difference } from "../meter/diff.ts";
import { isBillable, type Standing } from "../standing.ts";
import { type MonthHours, monthsOf } from "./months.ts";
import type { BillingReport, MonthMoney, TenantReport } from "./report.ts";

/** What is known of a tenant in this run. */
export interface Row {
  readonly tenant: LedgerTenant;
  readonly judged: Judged;
  readonly late: readonly HourZ[];
  readonly writtenOff: readonly HourZ[];
  /** Undefined where Stripe was not asked, or the tenant's part of it failed. */
  readonly standing: Standing | undefined;
  readonly difference: Difference | undefined;
  readonly sent: readonly { readonly hour: HourZ; readonly value: number }[];
}

export interface Outcome {
  readonly command: "plan" | "run";
  readonly now: number;
  readonly rows: readonly Row[];
  readonly closed: ReadonlyMap<TenantUid, Closed>;
  /** Undefined where Stripe was not asked. */
  readonly money: ReadonlyMap<TenantUid, ReadonlyMap<string, MonthMoney>> | undefined;
}

type ReportContext = Pick<Context, "stack" | "run" | "rule" | "comparedRule" | "problems">;

export function reportOf(context: ReportContext, outcome: Outcome): BillingReport {
  const { command, now, rows, closed } = outcome;
  const tenants = rows.map((row) => tenantReport(context, outcome, row));
  const total = (pick: (month: TenantReport["months"][number]) => number) =>
    tenants.reduce((sum, tenant) => sum + tenant.months.reduce((inner, month) => inner + pick(month), 0), 0);
  const of = (uid: string) => rows.find((row) => row.tenant.uid === uid)?.tenant.outputs.slug ?? uid;
  return {
    schemaVersion: 1,
    command,
    stack: context.stack,
    run: context.run,
    at: new Date(now).toISOString(),
    rule: context.rule.name,
    comparedRule: context.comparedRule.name,
    posts: tenants.reduce((sum, tenant) => sum + tenant.posts.length, 0),
    activeHours: total((month) => month.activeHours),
    comparedHours: total((month) => month.comparedHours),
    tenants,
    invoicesFinalized: [...closed.values()].flatMap((one) => one.closed.map((close) => ({ ...close, slug: of(close.uid) }))),
    open: [...closed].flatMap(([uid, one]) => one.held.map((held) => ({ uid, slug: of(uid), ...held }))),
    problems: [...context.problems.of(undefined)],
  };
}

/** The row's hours by month. */
export function hoursOf({ judged, standing }: Row): MonthHours[] {
  const billing = standing?.billing;
  return monthsOf(
    judged.verdicts.values(),
    judged.compared,
    (hour) => billing !== undefined && isBillable(billing, hour),
    standing?.plan.hourAmountCents ?? 0,
  );
}

function tenantReport(context: ReportContext, { command, money }: Outcome, row: Row): TenantReport {
  const { tenant, standing, judged } = row;
  const billing = standing?.billing;
  const first = billing && [...judged.verdicts.keys()].find((hour) => isBillable(billing, hour));
  const posts = command === "run" ? row.sent : (row.difference?.posts ?? []);
  return {
    uid: tenant.uid,
    slug: tenant.outputs.slug,
    name: tenant.outputs.name,
    state: tenant.leftAt === undefined ? tenant.outputs.state : "left",
    exempt: standing?.exempt ?? null,
    customer: standing?.customer ?? tenant.customer ?? null,
    subscription: billing?.subscription.id ?? null,
    billableFrom: first ?? null,
    months: hoursOf(row).map((month) => ({ ...month, money: money?.get(tenant.uid)?.get(month.month) ?? null })),
    posts: posts.map(({ hour, value }) => ({ hour, value })),
    inFlight: row.difference?.inFlight.length ?? 0,
    waiting: row.difference?.waiting.length ?? 0,
    late: [...row.late],
    writtenOff: [...row.writtenOff],
    actions: [...(standing?.actions ?? [])],
    problems: [...context.problems.of(tenant.uid)],
  };
}
