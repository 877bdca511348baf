/** Evidence of the ledger → verdicts of the last 34 days, by the rule in force and by the one it is compared with. */
import { dayMs, type HourZ, hourMs, hourStart, hoursBeginningIn } from "../domain/hour.ts";
import type { TenantUid } from "../domain/ids.ts";
import type { Context } from "./context.ts";
import { loadEvidence } from "./ledger/evidence.ts";
import type { LedgerLine } from "./ledger/pack.ts";
import { addVerdicts, loadVerdicts } from "./ledger/verdicts.ts";
import { isSealed, reachMs, type Wanted } from "./meter/diff.ts";
import { evidenceOf } from "./rules/evidence.ts";
import { judge, type Verdict } from "./rules/verdict.ts";

export interface Judged {
  readonly verdicts: ReadonlyMap<HourZ, Verdict>;
  readonly compared: ReadonlyMap<HourZ, Verdict>;
}

/** Every sealed hour of the window from the tenant's first evidence on. Depends on nothing but the evidence. */
export async function judgeTenant(
  context: Pick<Context, "ledger" | "rule" | "comparedRule">,
  uid: TenantUid,
  now: number,
): Promise<Judged> {
  const from = Math.ceil((now - reachMs) / hourMs) * hourMs;
  const lines = await loadEvidence(context.ledger, uid, from - dayMs, now);
  const first = firstHour(lines, from);
  const hours = first === undefined ? [] : hoursBeginningIn(first, now).filter((hour) => isSealed(hour, now));
  const evidence = evidenceOf(lines);
  const byHour = (verdicts: readonly Verdict[]) => new Map(verdicts.map((verdict) => [verdict.hour, verdict]));
  return {
    verdicts: byHour(judge(evidence, context.rule, hours)),
    compared: byHour(judge(evidence, context.comparedRule, hours)),
  };
}

/** Writes what changed as new revisions. Hours of closed months keep their last revision: what differs is listed, never billed by itself. */
export async function storeVerdicts(
  context: Pick<Context, "ledger" | "lease" | "run">,
  uid: TenantUid,
  judged: Judged,
  isClosed: (hour: HourZ) => boolean,
  now: number,
): Promise<{ readonly revisions: number; readonly late: readonly HourZ[] }> {
  const verdicts = [...judged.verdicts.values()];
  const [first, last] = [verdicts[0], verdicts.at(-1)];
  if (!first || !last) return { revisions: 0, late: [] };
  const newest = await loadVerdicts(context.ledger, uid, hourStart(first.hour), hourStart(last.hour) + hourMs);
  const open = verdicts.filter((verdict) => !isClosed(verdict.hour));
  const revisions = await context.lease.write((tx) => addVerdicts(tx, uid, open, newest, { run: context.run, now }));
  const late = verdicts
    .filter(
      (verdict) =>
        isClosed(verdict.hour) && verdict.verdict !== "unknown" && verdict.verdict !== newest.get(verdict.hour)?.verdict,
    )
    .map((verdict) => verdict.hour);
  return { revisions, late };
}

/** What the meter should hold, hour by hour. */
export function wantedOf(verdicts: Iterable<Verdict>): Map<HourZ, Wanted> {
  const values = { active: 1, idle: 0, unknown: "unknown" } as const;
  return new Map(Array.from(verdicts, (verdict) => [verdict.hour, values[verdict.verdict]]));
}

/** The record of log-ins or of model use may reach back before the tenant was made; its instance's does not. */
function firstHour(lines: readonly LedgerLine[], from: number): number | undefined {
  const starts = lines.filter((line) => ["railway", "ours", "state"].includes(line.source)).map((line) => line.from);
  return starts.length ? Math.max(from, Math.floor(Math.min(...starts) / hourMs) * hourMs) : undefined;
}
