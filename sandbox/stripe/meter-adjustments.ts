import * as z from "zod";
import { type Operation, operation } from "./operation.ts";
import { expand, text } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

const cancelSeconds = 24 * 3600;

/** The cancellation of one event; it takes as long as the acceptance of an event does. */
export const Adjustment = z.object({
  id: z.string(),
  event_name: z.string(),
  identifier: z.string(),
  event: z.string(),
  createdMs: z.number(),
  status: z.enum(["pending", "complete"]),
});
export type Adjustment = z.infer<typeof Adjustment>;

/** From now on the event no longer counts; a finalized invoice is never touched, because it is never counted again. */
export function completeAdjustment(world: World, id: string): void {
  const adjustment = world.adjustments.get(id);
  const event = adjustment && world.meterEvents.get(adjustment.event);
  if (!adjustment || !event) return;
  adjustment.status = "complete";
  event.cancelledMs = world.nowMs();
}

const createParams = z.strictObject({
  type: z.enum(["cancel"]),
  event_name: text(100),
  cancel: z.strictObject({ identifier: text(100) }),
  expand,
});

/** The calls of this kind that are served. */
export const adjustmentOperations: readonly Operation[] = [
  operation("POST", "/v1/billing/meter_event_adjustments", createParams, (world, params) => {
    const adjustment = cancel(world, params.event_name, params.cancel.identifier);
    return {
      object: "billing.meter_event_adjustment",
      cancel: { identifier: adjustment.identifier },
      event_name: adjustment.event_name,
      livemode: false,
      status: adjustment.status,
      type: "cancel",
    };
  }),
  operation("POST", "/v2/billing/meter_event_adjustments", createParams.omit({ expand: true }), (world, params) => {
    const adjustment = cancel(world, params.event_name, params.cancel.identifier);
    return {
      id: adjustment.id,
      object: "v2.billing.meter_event_adjustment",
      created: new Date(adjustment.createdMs).toISOString(),
      cancel: { identifier: adjustment.identifier },
      event_name: adjustment.event_name,
      livemode: false,
      status: adjustment.status,
      type: "cancel",
    };
  }),
];

function cancel(world: World, eventName: string, identifier: string): Adjustment {
  const event = world.usage.identified(identifier);
  if (!event || event.event_name !== eventName) throw missing("meter event", identifier, "cancel[identifier]", 400);
  if (event.receivedMs <= world.nowMs() - cancelSeconds * 1000)
    throw new Refusal("Meter events can only be cancelled within 24 hours of Stripe receiving them.", {
      param: "cancel[identifier]",
    });
  const adjustment = world.adjustments.add({
    id: world.id("mtr_adj_"),
    event_name: eventName,
    identifier,
    event: event.id,
    createdMs: world.nowMs(),
    status: "pending",
  });
  world.schedule("completeAdjustment", adjustment.id, world.nowMs() / 1000 + world.settings.acceptanceDelaySeconds);
  return adjustment;
}
