/** PURE. A tenant's hours by month. */
import type { HourZ } from "../../domain/hour.ts";
import type { Verdict } from "../rules/verdict.ts";
import type { MonthReport } from "./report.ts";

export type MonthHours = Omit<MonthReport, "money">;

export function monthsOf(
  verdicts: Iterable<Verdict>,
  compared: ReadonlyMap<HourZ, Verdict>,
  isBillable: (hour: HourZ) => boolean,
  hourCents: number,
): MonthHours[] {
  const months = new Map<string, MonthHours>();
  for (const verdict of verdicts) {
    const month = verdict.hour.slice(0, 7);
    const sum = months.get(month) ?? {
      month,
      activeHours: 0,
      billableHours: 0,
      unknownHours: 0,
      uptimeOnlyHours: 0,
      contradictions: 0,
      hoursCents: 0,
      comparedHours: 0,
    };
    const active = verdict.verdict === "active";
    const billed = active && isBillable(verdict.hour);
    months.set(month, {
      month,
      activeHours: sum.activeHours + Number(active),
      billableHours: sum.billableHours + Number(billed),
      unknownHours: sum.unknownHours + Number(verdict.verdict === "unknown"),
      uptimeOnlyHours: sum.uptimeOnlyHours + Number(verdict.uptimeOnly),
      contradictions: sum.contradictions + Number(verdict.contradiction),
      hoursCents: sum.hoursCents + (billed ? hourCents : 0),
      comparedHours: sum.comparedHours + Number(compared.get(verdict.hour)?.verdict === "active"),
    });
  }
  return [...months.values()].sort((one, other) => (one.month < other.month ? -1 : 1));
}
