/** Each tenant's months in money: what it pays, what it cost us by the list prices, and by what the plan of January 2026 counted. */
import { dayMs, hourStart, monthStart, parseHour } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { toCents } from "../../domain/money.ts";
import type { InvoiceView } from "../account/invoices.ts";
import type { Close } from "../ledger/closes.ts";
import { loadEvidence, loadFirsts, loadPeople } from "../ledger/evidence.ts";
import type { Ledger } from "../ledger/open.ts";
import type { LedgerTenant } from "../ledger/tenants.ts";
import { loadVerdicts } from "../ledger/verdicts.ts";
import type { MonthHours } from "../report/months.ts";
import type { MonthMoney } from "../report/report.ts";
import { costOfMonth, type MonthUse, totalCost } from "./cost.ts";
import { listPricesOf, loadPrices, type Prices, plannedPricesName } from "./prices.ts";
import { type Revenue, revenueOf } from "./revenue.ts";
import { type EvidenceUse, existsSince, useOf } from "./use.ts";

export interface Account {
  readonly tenant: LedgerTenant;
  /** The months of the report; hours of a month that began before them are looked up. */
  readonly months: readonly MonthHours[];
  /** Undefined for a tenant that pays nothing: exempt, or never subscribed. */
  readonly invoices: readonly InvoiceView[] | undefined;
  /** It has a subscription, so another renewal is to come. */
  readonly renews: boolean;
}

export interface MoneyQuestion {
  readonly ledger: Pick<Ledger, "db">;
  readonly accounts: readonly Account[];
  readonly closes: readonly Close[];
  readonly awakeAboveGB: number;
  readonly now: number;
  /** Where the hours of `months` begin. */
  readonly hoursFrom: number;
}

/** By tenant and month. Costs are those of the part of the month in which the tenant existed and that has passed. */
export async function moneyOf(question: MoneyQuestion): Promise<ReadonlyMap<TenantUid, ReadonlyMap<string, MonthMoney>>> {
  const uses: Use[] = [];
  for (const account of question.accounts) uses.push(...(await usesOf(question, account)));
  const money = new Map<TenantUid, Map<string, MonthMoney>>();
  for (const use of uses) {
    const { uid } = use.account.tenant;
    const months = money.get(uid) ?? new Map<string, MonthMoney>();
    money.set(uid, months.set(use.hours.month, await moneyOfMonth(question, use, uses)));
  }
  return money;
}

interface Use {
  readonly account: Account;
  readonly hours: MonthHours;
  readonly since: number;
  readonly evidence: EvidenceUse;
  /** People who have logged in by the month's end: a seat is taken by the first log-in and kept until somebody removes it. */
  readonly seats: number;
}

async function usesOf(question: MoneyQuestion, account: Account): Promise<Use[]> {
  const { tenant } = account;
  const since = existsSince(await loadFirsts(question.ledger, tenant.uid));
  const [first] = account.months;
  if (first === undefined || since === undefined) return [];
  const end = Math.min(question.now, tenant.leftAt ?? question.now);
  const lines = await loadEvidence(question.ledger, tenant.uid, spanOf(first.month).from - dayMs, question.now);
  const people = [...(await loadPeople(question.ledger, tenant.uid)).values()];
  return account.months.map((hours) => {
    const month = spanOf(hours.month);
    const existed = { from: Math.max(month.from, since), to: Math.min(month.to, end) };
    const options = { awakeAboveGB: question.awakeAboveGB, hasTunnel: tenant.outputs.railway.tunnelServiceId !== null };
    const seats = people.filter((at) => at < month.to).length;
    return { account, hours, since, seats, evidence: useOf(lines, month, existed, options) };
  });
}

async function moneyOfMonth(question: MoneyQuestion, use: Use, all: readonly Use[]): Promise<MonthMoney> {
  const { account, hours, evidence } = use;
  const { month } = hours;
  const { uid } = account.tenant;
  const close = question.closes.find((one) => one.uid === uid && one.month === month);
  const { invoices, renews } = account;
  const revenue = invoices && revenueOf({ month, invoices, close, renews, openHoursCents: hours.hoursCents });
  const monthUse: MonthUse = {
    ...evidence,
    activeHours: hours.activeHours + (await activeBefore(question, uid, month)),
    volumeGBMinutes: account.tenant.outputs.railway.volumeId === null ? 0 : undefined,
    egressGB: undefined,
    seats: seatsOf(use, all),
    paid: { cents: revenue?.totalCents ?? 0, charges: revenue?.charges ?? 0 },
  };
  const prices = listPricesOf(month);
  return {
    existedMinutes: evidence.minutes,
    revenue: revenue ? shown(revenue) : null,
    costs: costOfMonth(monthUse, prices).map(({ item, amount, estimated }) => ({
      item,
      amountMicros: Number(amount.amountMicros),
      estimated,
    })),
    ...sums(monthUse, prices, revenue),
    planned: sums(monthUse, loadPrices(plannedPricesName), revenue),
  };
}

/** Active hours of the month before those that the report has. */
async function activeBefore({ ledger, hoursFrom }: MoneyQuestion, uid: TenantUid, month: string): Promise<number> {
  const { from, to } = spanOf(month);
  if (from >= hoursFrom) return 0;
  const verdicts = await loadVerdicts(ledger, uid, from, Math.min(to, hoursFrom));
  return [...verdicts.values()].filter((verdict) => verdict.verdict === "active").length;
}

/** Seats are an account's: tenants take them in the order in which they came. */
function seatsOf(use: Use, all: readonly Use[]): MonthUse["seats"] {
  const { month } = use.hours;
  const { accountId } = use.account.tenant.outputs.cloudflare;
  const sharing = all
    .filter((one) => one.hours.month === month && one.account.tenant.outputs.cloudflare.accountId === accountId)
    .sort((one, other) => one.since - other.since || (one.account.tenant.uid < other.account.tenant.uid ? -1 : 1));
  const count = (some: readonly Use[]) => some.reduce((sum, one) => sum + one.seats, 0);
  return { own: use.seats, before: count(sharing.slice(0, sharing.indexOf(use))), account: count(sharing) };
}

function sums(use: MonthUse, prices: Prices, revenue: Revenue | undefined): MonthMoney["planned"] {
  const cost = totalCost(costOfMonth(use, prices));
  const revenueCents = revenue?.totalCents ?? 0;
  const costCents = toCents(cost);
  return {
    prices: prices.name,
    costMicros: Number(cost.amountMicros),
    costCents,
    profitMicros: revenueCents * 10_000 - Number(cost.amountMicros),
    profitCents: revenueCents - costCents,
  };
}

function shown({ flatCents, hoursCents, totalCents, closed, invoice }: Revenue): MonthMoney["revenue"] {
  return { flatCents, hoursCents, totalCents, closed, invoice };
}

function spanOf(month: string): { readonly from: number; readonly to: number } {
  const first = parseHour(`${month}-01T00Z`);
  if (first === undefined) throw new Error(`bug: "${month}" is no month`);
  return { from: hourStart(first), to: monthStart(hourStart(first), 1) };
}
