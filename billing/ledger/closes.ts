/** Closed months and runs. */
import type { TenantUid } from "../../domain/ids.ts";
import type { Write } from "./lease.ts";
import type { Ledger } from "./open.ts";

/** A tenant's month whose invoice is final. */
export interface Close {
  readonly uid: TenantUid;
  /** `2026-11`. */
  readonly month: string;
  readonly hours: number;
  readonly unknownHours: number;
  readonly hoursCents: number;
  readonly totalCents: number;
  readonly invoice: string;
  readonly digest: string;
  readonly note: string | null;
}

export async function loadCloses(ledger: Pick<Ledger, "db">): Promise<Close[]> {
  const rows = await ledger.db.selectFrom("closes").selectAll().orderBy("month").orderBy("uid").execute();
  return rows.map((row) => ({
    uid: row.uid,
    month: row.month,
    hours: row.hours,
    unknownHours: row.unknown_hours,
    hoursCents: row.hours_cents,
    totalCents: row.total_cents,
    invoice: row.invoice,
    digest: row.digest,
    note: row.note,
  }));
}

export async function addClose(tx: Write, close: Close, by: { readonly run: string; readonly now: number }): Promise<void> {
  await tx
    .insertInto("closes")
    .values({
      uid: close.uid,
      month: close.month,
      hours: close.hours,
      unknown_hours: close.unknownHours,
      hours_cents: close.hoursCents,
      total_cents: close.totalCents,
      invoice: close.invoice,
      digest: close.digest,
      note: close.note,
      run: by.run,
      closed_at: new Date(by.now),
    })
    .execute();
}

export async function beginRun(tx: Write, run: string, command: string, now: number): Promise<void> {
  await tx
    .insertInto("runs")
    .values({ run, command, started_at: new Date(now), result: null })
    .execute();
}

/** What the run did: for people and alarms. */
export async function endRun(tx: Write, run: string, result: object, now: number): Promise<void> {
  await tx
    .updateTable("runs")
    .set({ ended_at: new Date(now), result: JSON.stringify(result) })
    .where("run", "=", run)
    .execute();
}
