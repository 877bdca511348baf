/** One billing run: collect → plan → apply → reconcile → close. Each run works everything out again from evidence; only differences are sent. */
import { type HourZ, hourMs, monthStart } from "../domain/hour.ts";
import type { TenantUid } from "../domain/ids.ts";
import { listInvoices } from "./account/invoices.ts";
import { type Closed, closeTenant, listRenewals } from "./close/close.ts";
import { collect } from "./collect/collect.ts";
import { collectStates } from "./collect/states.ts";
import type { Context } from "./context.ts";
import { moneyOf } from "./costs/months.ts";
import { judgeTenant, storeVerdicts, wantedOf } from "./judging.ts";
import { type Close, loadCloses } from "./ledger/closes.ts";
import { loadPosts, markConfirmed, newestPosts } from "./ledger/posts.ts";
import { type LedgerTenant, loadTenants, rememberAudit } from "./ledger/tenants.ts";
import { writeOff } from "./ledger/write-offs.ts";
import { type Difference, difference, reachMs } from "./meter/diff.ts";
import { sendPosts } from "./meter/post.ts";
import { readHeld } from "./meter/summaries.ts";
import { hoursOf, type Row, reportOf } from "./report/build.ts";
import type { BillingReport } from "./report/report.ts";
import { type AccountView, isBillable, standingOf, viewAccount } from "./standing.ts";

export const stages = ["collect", "plan", "apply", "reconcile", "close"] as const;
export type Stage = (typeof stages)[number];

/** How long reconcile waits for summaries to show what was just posted, so that one run can also close. */
const confirmPatienceMs = 180_000;
const confirmEveryMs = 30_000;
const auditEveryMs = 24 * hourMs;

/** Runs the stages; problems of single tenants are in the context, everything else is thrown. */
export async function runBilling(context: Context, only: ReadonlySet<Stage>): Promise<BillingReport> {
  const command = only.has("apply") || only.has("close") ? "run" : "plan";
  const now = await context.clock.now();
  if (only.has("collect")) await collectAll(context, now);
  const closes = await loadCloses(context.ledger);
  const known = await loadTenants(context.ledger);
  const tenants = known.filter((tenant) => isOpen(tenant, now));
  const needsStripe = (["plan", "apply", "reconcile", "close"] as const).some((stage) => only.has(stage));
  const account = needsStripe ? await viewAccount(context, tenants, known, now) : undefined;
  const rows: Row[] = [];
  for (const tenant of tenants) {
    const judged = await judgeTenant(context, tenant.uid, now);
    const isClosed = closedHours(closes, tenant.uid);
    const late = only.has("apply") ? (await storeVerdicts(context, tenant.uid, judged, isClosed, now)).late : [];
    const writtenOff = only.has("apply") ? await writeOff(context, tenant.uid, now) : [];
    let row: Row = { tenant, judged, late, writtenOff, standing: undefined, difference: undefined, sent: [] };
    try {
      if (account) row = await billTenant(context, account, row, isClosed, only);
    } catch (error) {
      context.problems.add(tenant.uid, error);
    }
    rows.push(row);
  }
  if (account && only.has("reconcile")) await awaitSummaries(context, account, rows);
  const closed =
    account && only.has("close") ? await closeAll(context, account, rows, closes, now) : new Map<TenantUid, Closed>();
  const all = [...closes, ...[...closed.values()].flatMap((one) => one.closed)];
  const money = account ? await moneyOfRows(context, account, rows, all, now) : undefined;
  return reportOf(context, { command, now, rows, closed, money });
}

async function collectAll(context: Context, now: number): Promise<void> {
  const { ledger, lease, clock, stack } = context;
  const tenants = (await collectStates(ledger, lease, context.outputs, now)).filter((tenant) => isOpen(tenant, now));
  await collect({
    ledger,
    lease,
    vendors: context.vendors(),
    clock,
    stack,
    tenants,
    problem: (uid, error) => context.problems.add(uid, error),
  });
}

/** A tenant that left stays until nothing of it can be billed any more: the month in which it left ends its subscription, and the last
 *  invoice is closed within the reach of hours from then. */
function isOpen(tenant: LedgerTenant, now: number): boolean {
  return tenant.leftAt === undefined || monthStart(tenant.leftAt, 1) > now - reachMs;
}

function closedHours(closes: readonly Close[], uid: TenantUid): (hour: HourZ) => boolean {
  const months = new Set(closes.filter((close) => close.uid === uid).map((close) => close.month));
  return (hour) => months.has(hour.slice(0, 7));
}

async function billTenant(
  context: Context,
  account: AccountView,
  row: Row,
  isClosed: (hour: HourZ) => boolean,
  only: ReadonlySet<Stage>,
): Promise<Row> {
  const { tenant } = row;
  const now = await context.clock.now();
  const standing = await standingOf(context, account, tenant, isClosed, now, only.has("apply"));
  const found = await differenceOf(context, account, { ...row, standing }, isClosed, only.has("apply") || only.has("reconcile"));
  if (!found || !standing.billing || !only.has("apply") || found.posts.length === 0)
    return { ...row, standing, difference: found };
  const { uid } = tenant;
  const { customer } = standing.billing;
  const { accepted, rejected } = await sendPosts({
    stripe: context.stripe(),
    lease: context.lease,
    clock: context.clock,
    uid,
    customer,
    run: context.run,
    posts: found.posts,
  });
  for (const { post, refusal } of rejected)
    context.problems.add(uid, `the post of ${post.hour} = ${post.value} was refused: ${refusal}`);
  return { ...row, standing, difference: found, sent: accepted };
}

/** Reads what Stripe holds and compares; with `confirm` posts that a summary shows are marked so. */
async function differenceOf(
  context: Context,
  account: AccountView,
  row: Row,
  isClosed: (hour: HourZ) => boolean,
  confirm: boolean,
): Promise<Difference | undefined> {
  const billing = row.standing?.billing;
  if (!billing) return undefined;
  const now = await context.clock.now();
  const { uid, auditedAt } = row.tenant;
  const from = Math.max(billing.subscribedAt, now - reachMs);
  const wanted = wantedOf([...row.judged.verdicts.values()].filter((verdict) => isBillable(billing, verdict.hour)));
  const lastPosts = newestPosts(await loadPosts(context.ledger, uid, now - reachMs, now));
  const open = [...lastPosts.values()].filter((post) => post.state === "accepted" || post.state === "intent");
  const audit = auditedAt === undefined || now - auditedAt >= auditEveryMs;
  const mustSee = new Set(open.map((post) => post.hour));
  const held = await readHeld(context.stripe(), {
    meter: account.catalogue.meter,
    customer: billing.customer,
    now,
    from,
    wanted,
    mustSee,
    audit,
  });
  const shown = open.filter((post) => (held.get(post.hour) ?? 0) === post.value);
  if (confirm) {
    await context.lease.write(async (tx) => {
      await markConfirmed(
        tx,
        shown.map((post) => post.identifier),
        now,
      );
      if (audit) await rememberAudit(tx, uid, now);
    });
    for (const post of shown) lastPosts.set(post.hour, { ...post, state: "confirmed" });
  }
  return difference({ now, subscribedAt: billing.subscribedAt, wanted, held, lastPosts, isClosed });
}

/** Summaries lag: waits a little for what was just posted, so that the month can close in the same run. */
async function awaitSummaries(context: Context, account: AccountView, rows: Row[]): Promise<void> {
  const until = (await context.clock.now()) + confirmPatienceMs;
  const isClosed = () => false;
  for (;;) {
    let open = 0;
    for (const [index, row] of rows.entries()) {
      const unconfirmed = new Set([...row.sent.map((post) => post.hour), ...(row.difference?.inFlight ?? [])]).size;
      if (unconfirmed === 0) continue;
      try {
        const found = await differenceOf(context, account, row, isClosed, true);
        const inFlight = found?.inFlight ?? [];
        open += inFlight.length;
        if (found) rows[index] = { ...row, difference: { ...found, posts: row.difference?.posts ?? [] } };
        if (inFlight.length === 0) context.say(`${row.tenant.outputs.slug}: Stripe's summaries show all ${unconfirmed} posts`);
      } catch (error) {
        context.problems.add(row.tenant.uid, error);
      }
    }
    const left = until - (await context.clock.now());
    if (open === 0 || left <= 0) return;
    await context.clock.sleep(Math.min(confirmEveryMs, left));
  }
}

async function closeAll(
  context: Context,
  account: AccountView,
  rows: readonly Row[],
  closes: readonly Close[],
  now: number,
): Promise<Map<TenantUid, Closed>> {
  const renewals = await listRenewals(context, monthStart(now, -1));
  const results = new Map<TenantUid, Closed>();
  for (const { tenant, standing } of rows) {
    if (!standing?.billing) continue;
    const closing = {
      uid: tenant.uid,
      slug: tenant.outputs.slug,
      meter: account.catalogue.meter,
      hourCents: standing.plan.hourAmountCents,
      billing: standing.billing,
    };
    try {
      results.set(tenant.uid, await closeTenant(context, closing, renewals, closes));
    } catch (error) {
      context.problems.add(tenant.uid, error);
    }
  }
  return results;
}

/** Costs and revenue; only tenants of which it is known whether they pay. */
async function moneyOfRows(
  context: Context,
  account: AccountView,
  rows: readonly Row[],
  closes: readonly Close[],
  now: number,
): ReturnType<typeof moneyOf> {
  const hoursFrom = Math.ceil((now - reachMs) / hourMs) * hourMs;
  const hourPrices = new Set([...account.catalogue.prices.values()].map((prices) => prices.hour));
  // The first month's flat fee stands on an invoice made within it.
  const invoices = await listInvoices(context.stripe(), monthStart(hoursFrom), hourPrices);
  const accounts = rows.flatMap(({ standing, ...row }) => {
    if (standing === undefined) return [];
    const { exempt, customer, billing } = standing;
    const own = exempt === null && customer !== undefined ? invoices.get(customer) : undefined;
    const renews = billing !== undefined;
    return [{ tenant: row.tenant, months: hoursOf({ ...row, standing }), invoices: own ?? (renews ? [] : undefined), renews }];
  });
  return moneyOf({ ledger: context.ledger, accounts, closes, awakeAboveGB: context.rule.awakeAboveGB, now, hoursFrom });
}
