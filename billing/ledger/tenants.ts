/** The tenants that billing knows: those of the stack, and those that left it until their last invoice is closed. */
import { sql } from "kysely";
import type { StripeCustomerId, TenantUid } from "../../domain/ids.ts";
import { type FleetOutput, TenantOutput } from "../../infra/outputs.ts";
import type { Write } from "./lease.ts";
import type { Ledger } from "./open.ts";

export interface LedgerTenant {
  readonly uid: TenantUid;
  readonly outputs: TenantOutput;
  /** When it left the stack, epoch milliseconds; undefined while the stack has it. */
  readonly leftAt: number | undefined;
  /** The last run that saw it in the stack, epoch milliseconds. */
  readonly seenAt: number;
  readonly customer: StripeCustomerId | undefined;
  readonly subscription: string | undefined;
  readonly subscribedAt: number | undefined;
  readonly auditedAt: number | undefined;
}

/** Writes down what the stack says now: new and changed tenants with their outputs, and which ones left. */
export async function rememberTenants(tx: Write, fleet: FleetOutput, now: number): Promise<void> {
  const seen_at = new Date(now);
  for (const [uid, output] of Object.entries(fleet.tenants)) {
    const values = { slug: output.slug, outputs: JSON.stringify(output), seen_at, left_at: null };
    await tx
      .insertInto("tenants")
      // The outputs' schema has checked the uid's form.
      .values({ uid: uid as TenantUid, ...values })
      .onConflict((conflict) => conflict.column("uid").doUpdateSet(values))
      .execute();
  }
  // Told by the uid, not by the time: two runs may see the stack at the same instant of a clock that stands still.
  const there = sql`${Object.keys(fleet.tenants)}::text[]`;
  await tx
    .updateTable("tenants")
    .set({ left_at: seen_at })
    .where("left_at", "is", null)
    .where(sql<boolean>`uid <> all(${there})`)
    .execute();
}

/** All tenants in the order of their slugs. */
export async function loadTenants(ledger: Pick<Ledger, "db">): Promise<LedgerTenant[]> {
  const rows = await ledger.db.selectFrom("tenants").selectAll().orderBy("slug").orderBy("uid").execute();
  return rows.map((row) => ({
    uid: row.uid,
    outputs: TenantOutput.parse(row.outputs),
    leftAt: row.left_at?.getTime(),
    seenAt: row.seen_at.getTime(),
    customer: (row.customer ?? undefined) as StripeCustomerId | undefined,
    subscription: row.subscription ?? undefined,
    subscribedAt: row.subscribed_at?.getTime(),
    auditedAt: row.audited_at?.getTime(),
  }));
}

export interface Account {
  readonly customer?: string | undefined;
  readonly subscription?: string | undefined;
  readonly subscribedAt?: number | undefined;
}

/** Writes down where the tenant is at Stripe; what is not given stays. */
export async function rememberAccount(tx: Write, uid: TenantUid, account: Account): Promise<void> {
  if (account.customer === undefined && account.subscription === undefined) return;
  await tx
    .updateTable("tenants")
    .set({
      ...(account.customer !== undefined && { customer: account.customer }),
      ...(account.subscription !== undefined && { subscription: account.subscription }),
      ...(account.subscribedAt !== undefined && { subscribed_at: new Date(account.subscribedAt) }),
    })
    .where("uid", "=", uid)
    .execute();
}

/** All its summaries were read hour by hour. */
export async function rememberAudit(tx: Write, uid: TenantUid, now: number): Promise<void> {
  await tx
    .updateTable("tenants")
    .set({ audited_at: new Date(now) })
    .where("uid", "=", uid)
    .execute();
}
