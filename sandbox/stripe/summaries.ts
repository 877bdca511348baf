import * as z from "zod";
import { decimalToNumber } from "./decimal.ts";
import { lettersFrom } from "./ids.ts";
import { page } from "./lists.ts";
import { existing, type Meter } from "./meters.ts";
import { type Operation, operation } from "./operation.ts";
import { integer, paging, text } from "./params.ts";
import { Refusal } from "./refusal.ts";
import { aggregate, type Reading, readings, summaryView } from "./usage.ts";
import type { World } from "./world.ts";

interface Row {
  readonly id: string;
  readonly start: number;
  readonly end: number;
  readonly value: bigint;
}

const listParams = z.strictObject({
  ...paging,
  customer: text(),
  start_time: integer,
  end_time: integer,
  value_grouping_window: z.enum(["hour", "day"]).optional(),
});

/** The only read-back of usage: `[start_time, end_time)`, whole or by UTC hour or day, some time behind. Newest row first. */
export const summaryOperations: readonly Operation[] = [
  operation("GET", "/v1/billing/meters/:id/event_summaries", listParams, (world, params, id) => {
    const meter = existing(world, id);
    world.customer(params.customer);
    const width = params.value_grouping_window === "hour" ? 3600 : params.value_grouping_window === "day" ? 86_400 : 60;
    for (const name of ["start_time", "end_time"] as const) refuseUnaligned(params[name], width, name);
    if (params.start_time >= params.end_time)
      throw new Refusal("The start_time must be before the end_time.", { param: "start_time" });
    const found = readings(world, meter, params.customer, summaryView(world), params.start_time, params.end_time);
    const rows = params.value_grouping_window
      ? grouped(world, meter, params.customer, found, params.start_time, params.end_time, width)
      : [row(meter, params.customer, params.start_time, params.end_time, found)].filter(
          () => found.length > 0 || world.settings.emptySummaryRows,
        );
    return page(world, rows, params, `/v1/billing/meters/${id}/event_summaries`, (item) => ({
      id: item.id,
      object: "billing.meter_event_summary",
      aggregated_value: decimalToNumber(item.value),
      start_time: item.start,
      end_time: item.end,
      livemode: false,
      meter: meter.id,
    }));
  }),
];

function grouped(
  world: World,
  meter: Meter,
  customer: string,
  found: readonly Reading[],
  from: number,
  to: number,
  width: number,
): Row[] {
  const byStart = new Map<number, Reading[]>();
  if (world.settings.emptySummaryRows) for (let start = from; start < to; start += width) byStart.set(start, []);
  for (const reading of found) {
    const start = Math.floor(reading.timestamp / width) * width;
    byStart.set(start, [...(byStart.get(start) ?? []), reading]);
  }
  return [...byStart].sort(([a], [b]) => b - a).map(([start, some]) => row(meter, customer, start, start + width, some));
}

function row(meter: Meter, customer: string, start: number, end: number, found: readonly Reading[]): Row {
  return {
    id: `mtrusg_test_${lettersFrom(`${meter.id}:${customer}:${start}:${end}`, 30)}`,
    start,
    end,
    value: aggregate(meter, found),
  };
}

function refuseUnaligned(time: number, width: number, param: string): void {
  if (time % width === 0) return;
  const unit = width === 60 ? "minute" : width === 3600 ? "hour" : "day";
  throw new Refusal(`The ${param} must be aligned with ${unit} boundaries (UTC).`, { param });
}
