/** PURE. What a tenant used in a month, out of the evidence that the collectors wrote. What nobody measures stays undefined. */
import { minuteMs } from "../../domain/hour.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import { type Interval, unionOf } from "../rules/interval.ts";
import { type MonthUse, memoryUse } from "./cost.ts";

export type EvidenceUse = Pick<MonthUse, "minutes" | "app" | "tunnel" | "model">;

/** `existed` is the part of the month in which there was the tenant; `lines` may reach beyond it. */
export function useOf(
  lines: readonly LedgerLine[],
  month: Interval,
  existed: Interval,
  options: { readonly awakeAboveGB: number; readonly hasTunnel: boolean },
): EvidenceUse {
  const span = { from: Math.floor(existed.from / minuteMs) * minuteMs, to: Math.max(existed.from, existed.to) };
  const railway = lines.filter((line) => line.source === "railway");
  const memory = (series: "appSamples" | "tunnelSamples") =>
    memoryUse(
      railway.flatMap((line) => line[series]),
      span.from,
      span.to,
      options.awakeAboveGB,
    );
  const off = lines.filter((line) => line.source === "state" && line.state !== "active");
  const spoken = overlapMs(unionOf(railway, off), span);
  const tunnel = { memoryGBMinutes: memory("tunnelSamples").memoryGBMinutes, vCPUMinutes: undefined };
  const none = { memoryGBMinutes: 0, vCPUMinutes: 0, unmeasuredMinutes: 0 };
  const inMonth = (at: number) => at >= month.from && at < month.to;
  const spent = lines.flatMap((line) => line.spent ?? []).filter(([at]) => inMonth(at));
  return {
    minutes: Math.round((span.to - span.from) / minuteMs),
    app: { ...memory("appSamples"), vCPUMinutes: undefined },
    tunnel: options.hasTunnel ? { ...tunnel, unmeasuredMinutes: Math.round((span.to - span.from - spoken) / minuteMs) } : none,
    model: { amountMicros: BigInt(spent.reduce((sum, [, micros]) => sum + micros, 0)), currency: "usd" },
  };
}

/** When the tenant came to be, by the earliest evidence of its instance: the first deployment's second where it is known, else the hour that the
 *  record of memory begins with. `firsts` are the earliest day's lines of each source. Undefined: nothing is known of it yet. */
export function existsSince(firsts: readonly LedgerLine[]): number | undefined {
  const instance = firsts.filter((line) => ["railway", "ours", "state"].includes(line.source)).map((line) => line.from);
  if (instance.length === 0) return undefined;
  const earliest = Math.min(...instance);
  const made = firsts.filter((line) => line.source === "ours").map((line) => line.from);
  const deployed = Math.min(...made);
  return deployed - earliest < 60 * minuteMs ? deployed : earliest;
}

function overlapMs(union: readonly Interval[], span: Interval): number {
  return union.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, span.to) - Math.max(from, span.from)), 0);
}
