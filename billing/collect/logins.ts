/** Access's log of log-ins: one question an account, for all its tenants. */
import { createHmac } from "node:crypto";
import { hourMs, minuteMs } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import type { Interval } from "../rules/interval.ts";
import type { LoginRecord } from "./ports.ts";

export const settleMs = 10 * minuteMs;
/** The free plan keeps a day; half an hour less, so that no answer is cut at its start. */
export const retentionMs = 23.5 * hourMs;

/** The tenant's line of an answer that covers `span`. Refused log-ins and log-outs are no activity. */
export function loginsOf(
  rows: readonly LoginRecord[],
  tenant: { readonly uid: TenantUid; readonly applicationId: string },
  span: Interval,
  salt: string,
): LedgerLine {
  const own = rows.filter((row) => row.applicationId === tenant.applicationId && row.allowed && row.action === "login");
  return {
    source: "access",
    ...span,
    logins: own.map((row) => row.atMs),
    who: own.map((row) => createHmac("sha256", salt).update(`${tenant.uid} ${row.email}`).digest("hex").slice(0, 12)),
  };
}
