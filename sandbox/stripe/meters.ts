import * as z from "zod";
import { emit } from "./events.ts";
import { page } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { expand, paging, text } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** A billing meter. Only its display name and status can change. */
export const Meter = z.object({
  id: z.string(),
  created: z.number(),
  updated: z.number(),
  display_name: z.string(),
  event_name: z.string(),
  event_time_window: z.enum(["hour", "day"]).nullable().default(null),
  default_aggregation: z.object({ formula: z.enum(["sum", "count", "last"]) }).default({ formula: "sum" }),
  customer_mapping: z
    .object({ event_payload_key: z.string(), type: z.literal("by_id") })
    .default({ event_payload_key: "stripe_customer_id", type: "by_id" }),
  value_settings: z.object({ event_payload_key: z.string() }).default({ event_payload_key: "value" }),
  status: z.enum(["active", "inactive"]).default("active"),
  status_transitions: z.object({ deactivated_at: z.number().nullable() }).default({ deactivated_at: null }),
});
export type Meter = z.infer<typeof Meter>;

/** The meter as Stripe answers it. */
export function renderMeter(meter: Meter): object {
  return { ...meter, object: "billing.meter", livemode: false };
}

/** The active meter that takes events of this name, else the newest archived one. */
export function meterFor(world: World, eventName: string): Meter | undefined {
  const named = world.meters.newestFirst().filter((meter) => meter.event_name === eventName);
  return named.find((meter) => meter.status === "active") ?? named[0];
}

const createParams = z.strictObject({
  display_name: text(250),
  event_name: text(100),
  default_aggregation: z.strictObject({ formula: z.enum(["sum", "count", "last"]) }),
  event_time_window: z.enum(["hour", "day"]).optional(),
  customer_mapping: z.strictObject({ event_payload_key: text(100), type: z.enum(["by_id"]) }).optional(),
  value_settings: z.strictObject({ event_payload_key: text(100) }).optional(),
  expand,
});

const nothing = z.strictObject({ expand });

/** The calls of this kind that are served. */
export const meterOperations: readonly Operation[] = [
  operation("POST", "/v1/billing/meters", createParams, (world, params) => {
    refuseTaken(world, params.event_name);
    const now = world.now();
    const meter = world.meters.add(Meter.parse({ ...params, id: world.id("mtr_test_"), created: now, updated: now }));
    emit(world, "billing.meter.created", renderMeter(meter));
    return renderMeter(meter);
  }),
  operation(
    "GET",
    "/v1/billing/meters",
    z.strictObject({ ...paging, status: z.enum(["active", "inactive"]).optional() }),
    (world, params) => {
      const found = world.meters.newestFirst().filter((meter) => !params.status || meter.status === params.status);
      return page(world, found, params, "/v1/billing/meters", renderMeter);
    },
  ),
  operation("GET", "/v1/billing/meters/:id", nothing, (world, _params, id) => renderMeter(existing(world, id))),
  operation(
    "POST",
    "/v1/billing/meters/:id",
    z.strictObject({ display_name: text(250).optional(), expand }),
    (world, params, id) => {
      const meter = existing(world, id);
      if (params.display_name !== undefined) meter.display_name = params.display_name;
      meter.updated = world.now();
      emit(world, "billing.meter.updated", renderMeter(meter));
      return renderMeter(meter);
    },
  ),
  operation("POST", "/v1/billing/meters/:id/deactivate", nothing, (world, _params, id) => {
    const meter = existing(world, id);
    if (meter.status === "inactive") throw new Refusal("The meter is already inactive.", { code: "resource_already_inactive" });
    meter.status = "inactive";
    meter.updated = world.now();
    meter.status_transitions = { deactivated_at: world.now() };
    emit(world, "billing.meter.deactivated", renderMeter(meter));
    return renderMeter(meter);
  }),
  operation("POST", "/v1/billing/meters/:id/reactivate", nothing, (world, _params, id) => {
    const meter = existing(world, id);
    if (meter.status === "active") throw new Refusal("The meter is already active.", { code: "resource_already_active" });
    refuseTaken(world, meter.event_name);
    meter.status = "active";
    meter.updated = world.now();
    meter.status_transitions = { deactivated_at: null };
    emit(world, "billing.meter.reactivated", renderMeter(meter));
    return renderMeter(meter);
  }),
];

/** The meter of a path; 404 otherwise. */
export function existing(world: World, id: string): Meter {
  const meter = world.meters.get(id);
  if (!meter) throw missing("billing meter", id);
  return meter;
}

/** One active meter an event name; the exact code is not documented. */
function refuseTaken(world: World, eventName: string): void {
  const taken = world.meters.all().find((meter) => meter.status === "active" && meter.event_name === eventName);
  if (taken)
    throw new Refusal(`An active meter (${taken.id}) already exists for event name '${eventName}'.`, {
      code: "resource_already_exists",
      param: "event_name",
    });
}
