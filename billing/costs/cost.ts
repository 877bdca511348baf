/** PURE. What a tenant's month cost us, and what is left of what it paid. */
import { minuteMs } from "../../domain/hour.ts";
import { add, type Money, subtract, usdFromCents } from "../../domain/money.ts";
import type { Sample } from "../rules/evidence.ts";
import type { Nanos, Prices } from "./prices.ts";

/** Both in minutes: half a gigabyte for an hour is 30 GB-minutes. */
export interface ComputeUse {
  readonly memoryGBMinutes: number;
  readonly vCPUMinutes: number | undefined;
}

/** A tenant's month. What is undefined was not measured and is estimated by the prices' `estimates`. */
export interface MonthUse {
  /** Minutes of the month that had passed while the tenant existed. */
  readonly minutes: number;
  readonly activeHours: number;
  readonly app: ComputeUse & { readonly awakeMinutes: number };
  /** Undefined where nothing of it was measured. */
  readonly tunnel: TunnelUse | undefined;
  readonly volumeGBMinutes: number | undefined;
  readonly egressGB: number | undefined;
  readonly seats: SeatUse;
  /** What the tenant's own model key spent. */
  readonly model: Money;
  /** What the tenant pays for the month, and how many charges to its card that takes; each one has a fixed fee. */
  readonly paid: { readonly cents: number; readonly charges: number };
}

/** The tunnel runs all the time: minutes of which no record speaks are counted with the prices' estimate. */
export interface TunnelUse extends ComputeUse {
  readonly unmeasuredMinutes: number;
}

/** Seats are the account's: `before` were taken by tenants ahead of this one, `account` are all of them. */
export interface SeatUse {
  readonly own: number;
  readonly before: number;
  readonly account: number;
}

export const costItems = [
  "railwayApp",
  "railwayTunnel",
  "railwayVolume",
  "railwayEgress",
  "cloudflareSeats",
  "stripeCard",
  "stripeBilling",
  "modelUsage",
] as const;
export type CostItem = (typeof costItems)[number];

export interface CostLine {
  readonly item: CostItem;
  readonly amount: Money;
  /** Part of the amount was not measured: it is estimated, or left out where there is nothing to estimate it by. */
  readonly estimated: boolean;
}

/** The month's costs, one line for each of `costItems` in their order. */
export function costOfMonth(use: MonthUse, prices: Prices): CostLine[] {
  const { railway, estimates, stripe } = prices;
  const compute = ({ memoryGBMinutes, vCPUMinutes = 0 }: ComputeUse) =>
    add(priced(railway.memoryGBMinute, memoryGBMinutes), priced(railway.vCPUMinute, vCPUMinutes));
  const appCPU = use.app.vCPUMinutes ?? use.app.awakeMinutes * estimates.appVCPUs;
  const tunnelCPU = use.tunnel?.vCPUMinutes ?? use.minutes * estimates.tunnelVCPUs;
  const unmeasured = use.tunnel?.unmeasuredMinutes ?? use.minutes;
  const tunnelMemory = (use.tunnel?.memoryGBMinutes ?? 0) + unmeasured * estimates.tunnelGB;
  const volume = use.volumeGBMinutes ?? use.minutes * estimates.volumeGB;
  const charged = Math.max(0, use.paid.cents);
  const lines: Record<CostItem, [Money, estimated?: boolean]> = {
    railwayApp: [
      add(
        compute({ memoryGBMinutes: use.app.memoryGBMinutes, vCPUMinutes: appCPU }),
        priced(railway.activeHour, use.activeHours),
      ),
      use.app.vCPUMinutes === undefined,
    ],
    railwayTunnel: [
      compute({ memoryGBMinutes: tunnelMemory, vCPUMinutes: tunnelCPU }),
      use.tunnel?.vCPUMinutes === undefined || unmeasured > 0,
    ],
    railwayVolume: [priced(railway.volumeGBMinute, volume), use.volumeGBMinutes === undefined],
    railwayEgress: [priced(railway.egressGB, use.egressGB ?? 0), use.egressGB === undefined],
    cloudflareSeats: [priced(prices.cloudflare.seatMonth, chargedSeats(use.seats, prices))],
    // A percentage of cents is a price per cent: 2.9 % of $1 is $0.029.
    stripeCard: [add(priced(stripe.cardPercent, charged / 10_000), priced(stripe.cardFixed, use.paid.charges))],
    stripeBilling: [priced(stripe.billingPercent, charged / 10_000)],
    modelUsage: [prices.modelUsage ? use.model : usdFromCents(0)],
  };
  return costItems.map((item) => ({ item, amount: lines[item][0], estimated: lines[item][1] ?? false }));
}

/** The sum of the lines. */
export function totalCost(lines: readonly CostLine[]): Money {
  return add(...lines.map((line) => line.amount));
}

/** What is left of what the tenant paid; negative is a loss. */
export function profit(paidCents: number, lines: readonly CostLine[]): Money {
  return subtract(usdFromCents(paidCents), totalCost(lines));
}

/** Of each minute in `[fromMs, toMs)` that has a sample the highest counts, as the vendor's own minute: GB-minutes, and the minutes above `awakeAboveGB`. */
export function memoryUse(samples: readonly Sample[], fromMs: number, toMs: number, awakeAboveGB: number) {
  const first = Math.ceil(fromMs / minuteMs);
  const highest = new Float64Array(Math.max(0, Math.ceil(toMs / minuteMs) - first));
  for (const [seconds, memoryGB] of samples) {
    const index = Math.floor(seconds / 60) - first;
    if (index >= 0 && index < highest.length) highest[index] = Math.max(highest[index] ?? 0, memoryGB);
  }
  let memoryGBMinutes = 0;
  let awakeMinutes = 0;
  for (const memoryGB of highest) {
    memoryGBMinutes += memoryGB;
    if (memoryGB > awakeAboveGB) awakeMinutes++;
  }
  return { memoryGBMinutes, awakeMinutes };
}

/** The first seats of an account are free; whoever takes one beyond them costs it. */
function chargedSeats({ own, before, account }: SeatUse, { cloudflare }: Prices): number {
  if (cloudflare.allSeatsChargedBeyondFree) return account > cloudflare.freeSeats ? own : 0;
  return Math.max(0, before + own - Math.max(before, cloudflare.freeSeats));
}

/** Quantities are counted in millionths; an amount is rounded once, half a micro away from zero. */
function priced(rate: Nanos, quantity: number): Money {
  const scaled = rate * BigInt(Math.round(quantity * 1_000_000));
  return { amountMicros: (scaled + 500_000_000n) / 1_000_000_000n, currency: "usd" };
}
