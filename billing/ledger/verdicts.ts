/** Verdicts in the ledger: append-only, a change is a new revision. */
import { createHash } from "node:crypto";
import { type HourZ, hourOf } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { sourceNames } from "../rules/rule.ts";
import type { Verdict } from "../rules/verdict.ts";
import type { Write } from "./lease.ts";
import type { Ledger } from "./open.ts";

export interface StoredVerdict extends Verdict {
  readonly revision: number;
  readonly run: string;
  readonly judgedAt: number;
}

/** The newest revision of each hour that begins in `[from, to)`. */
export async function loadVerdicts(
  ledger: Pick<Ledger, "db">,
  uid: TenantUid,
  from: number,
  to: number,
): Promise<Map<HourZ, StoredVerdict>> {
  const rows = await ledger.db
    .selectFrom("verdicts")
    .selectAll()
    .distinctOn("hour")
    .where("uid", "=", uid)
    .where("hour", ">=", hourOf(from))
    .where("hour", "<", hourOf(to))
    .orderBy("hour")
    .orderBy("revision", "desc")
    .execute();
  return new Map(
    rows.map((row) => [
      row.hour,
      {
        hour: row.hour,
        verdict: row.verdict,
        because: sourceNames.filter((name) => row.because.includes(name)),
        uptimeOnly: row.uptime_only,
        contradiction: row.contradiction,
        rule: row.rule,
        revision: row.revision,
        run: row.run,
        judgedAt: row.judged_at.getTime(),
      },
    ]),
  );
}

/** Adds a revision where the verdict differs from the newest one; returns how many. */
export async function addVerdicts(
  tx: Write,
  uid: TenantUid,
  verdicts: readonly Verdict[],
  newest: ReadonlyMap<HourZ, StoredVerdict>,
  by: { readonly run: string; readonly now: number },
): Promise<number> {
  const rows = verdicts
    .filter((verdict) => !isSame(verdict, newest.get(verdict.hour)))
    .map((verdict) => ({
      uid,
      hour: verdict.hour,
      revision: (newest.get(verdict.hour)?.revision ?? -1) + 1,
      verdict: verdict.verdict,
      because: [...verdict.because],
      uptime_only: verdict.uptimeOnly,
      contradiction: verdict.contradiction,
      rule: verdict.rule,
      run: by.run,
      judged_at: new Date(by.now),
    }));
  for (let start = 0; start < rows.length; start += 1000)
    await tx
      .insertInto("verdicts")
      .values(rows.slice(start, start + 1000))
      .execute();
  return rows.length;
}

function isSame(verdict: Verdict, stored: StoredVerdict | undefined): boolean {
  return stored !== undefined && canonical(verdict) === canonical(stored);
}

/** What a verdict says, one line; the digest of a month is over these lines. */
function canonical({ hour, verdict, because, uptimeOnly, contradiction, rule }: Verdict): string {
  return JSON.stringify([hour, verdict, because, uptimeOnly, contradiction, rule]);
}

/** SHA-256 over a tenant's verdicts in the order of their hours: published with the close, so that a later change shows. */
export function digestOf(uid: TenantUid, verdicts: readonly Verdict[]): string {
  const lines = [...verdicts].sort((one, other) => (one.hour < other.hour ? -1 : 1)).map(canonical);
  return createHash("sha256")
    .update([uid, ...lines].join("\n"))
    .digest("hex");
}
