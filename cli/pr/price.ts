/** PURE. What a tenant brings and costs in a month of 30 days, by list prices and one stated assumption of use. */

import { costOfMonth, totalCost } from "../../billing/costs/cost.ts";
import type { Prices } from "../../billing/costs/prices.ts";
import { toCents } from "../../domain/money.ts";
import type { SideTenant } from "./side.ts";

const monthMinutes = 43_200;

/** Hours with activity a tenant and month that costs are reckoned with where nobody says otherwise. */
export const assumedHours = 20;

export interface Price {
  /** The flat fee: certain. */
  readonly flatCents: number;
  /** Expected: the flat fee and the assumed hours. */
  readonly revenueCents: number;
  /** Expected: the whole memory while awake, awake in each active hour (always, where it does not sleep); without seats and model use. */
  readonly costCents: number;
  /** People named one by one; of a domain, an organization or a group one is counted. */
  readonly seats: number;
}

/** Only an active tenant that is not exempt pays a flat fee; only an active one runs. Data costs until the tenant is gone. */
export function priceOf({ tenant, state }: SideTenant, activeHours: number, prices: Prices): Price {
  const { app, plan, billing, access } = tenant;
  const runs = state === "active";
  const pays = runs && billing.exempt === null;
  const active = runs ? activeHours : 0;
  const awakeMinutes = runs ? (app.sleep ? Math.min(monthMinutes, active * 60) : monthMinutes) : 0;
  const paid = pays ? Math.round(plan.flatAmountCents + active * plan.hourAmountCents) : 0;
  const lines = costOfMonth(
    {
      minutes: monthMinutes,
      activeHours: active,
      app: { memoryGBMinutes: app.memoryGB * awakeMinutes, vCPUMinutes: undefined, awakeMinutes },
      tunnel: runs ? undefined : { memoryGBMinutes: 0, vCPUMinutes: 0, unmeasuredMinutes: 0 },
      volumeGBMinutes: undefined,
      egressGB: 0,
      seats: { own: 0, before: 0, account: 0 },
      model: { amountMicros: 0n, currency: "usd" },
      paid: { cents: paid, charges: paid > 0 ? 1 : 0 },
    },
    prices,
  );
  return {
    flatCents: pays ? plan.flatAmountCents : 0,
    revenueCents: paid,
    costCents: toCents(totalCost(lines)),
    seats: runs ? access.members.length : 0,
  };
}

/** What an account's seats cost a month. */
export function seatCostCents(seats: number, prices: Prices): number {
  const lines = costOfMonth(
    {
      ...{ minutes: 0, activeHours: 0, volumeGBMinutes: 0, egressGB: 0 },
      app: { memoryGBMinutes: 0, vCPUMinutes: 0, awakeMinutes: 0 },
      tunnel: { memoryGBMinutes: 0, vCPUMinutes: 0, unmeasuredMinutes: 0 },
      seats: { own: seats, before: 0, account: seats },
      model: { amountMicros: 0n, currency: "usd" },
      paid: { cents: 0, charges: 0 },
    },
    prices,
  );
  return toCents(totalCost(lines));
}
