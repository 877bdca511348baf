/** Hours that are still unknown when nothing can be posted for them any more: written off once, and reported. */
import { dayMs, type HourZ, hourMs } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { reachMs } from "../meter/diff.ts";
import type { Lease } from "./lease.ts";
import type { Ledger } from "./open.ts";
import { loadVerdicts } from "./verdicts.ts";

/** How far back a schedule that was down is caught up with. */
const lookBackMs = 62 * dayMs;

/** Writes off what has just left the window; returns the hours, which a second call does not give again. */
export async function writeOff(
  from: { readonly ledger: Pick<Ledger, "db">; readonly lease: Lease; readonly run: string },
  uid: TenantUid,
  now: number,
): Promise<HourZ[]> {
  const end = Math.ceil((now - reachMs) / hourMs) * hourMs;
  const verdicts = await loadVerdicts(from.ledger, uid, end - lookBackMs, end);
  const unknown = [...verdicts.values()].filter((verdict) => verdict.verdict === "unknown").map((verdict) => verdict.hour);
  if (unknown.length === 0) return [];
  const rows = unknown.map((hour) => ({ uid, hour, reason: "unknown after 34 days", run: from.run, written_at: new Date(now) }));
  const written = await from.lease.write((tx) =>
    tx
      .insertInto("write_offs")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .returning("hour")
      .execute(),
  );
  return written.map((row) => row.hour).sort();
}
