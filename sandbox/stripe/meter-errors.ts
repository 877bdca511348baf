import * as z from "zod";
import type { MeterEvent } from "./meter-events.ts";
import { emitThin } from "./thin-events.ts";
import type { World } from "./world.ts";

/** The errors of one validation window: of one meter, or (`none`) of event names without meter. */
export const ErrorWindow = z.object({
  id: z.string(),
  startMs: z.number(),
  errors: z.record(
    z.string(),
    z.object({ count: z.number(), samples: z.array(z.object({ message: z.string(), identifier: z.string() })) }),
  ),
});
export type ErrorWindow = z.infer<typeof ErrorWindow>;

/** Puts a rejected event into its meter's open window; the first one opens it. Only some are kept as samples: the report is an alarm, not a list. */
export function reportError(world: World, event: MeterEvent, code: string, message: string): void {
  const id = event.meter ?? "none";
  let window = world.errorWindows.get(id);
  if (!window) {
    window = world.errorWindows.add({ id, startMs: world.nowMs(), errors: {} });
    world.schedule("errorReport", id, world.nowMs() / 1000 + world.settings.validationWindowSeconds);
  }
  const entry = window.errors[code] ?? { count: 0, samples: [] };
  entry.count += 1;
  if (entry.samples.length < world.settings.errorSamples)
    entry.samples.push({ message, identifier: event.idempotencyKey ?? event.identifier });
  window.errors[code] = entry;
}

/** Closes a window: one thin event with counts and sample identifiers. */
export function closeErrorWindow(world: World, id: string): void {
  const window = world.errorWindows.get(id);
  if (!window) return;
  world.errorWindows.remove(id);
  const types = Object.entries(window.errors).map(([code, entry]) => ({
    code,
    error_count: entry.count,
    sample_errors: entry.samples.map((sample) => ({ error_message: sample.message, request: { identifier: sample.identifier } })),
  }));
  const count = types.reduce((sum, type) => sum + type.error_count, 0);
  const data = {
    developer_message_summary: `There ${count === 1 ? "is 1 invalid event" : `are ${count} invalid events`}.`,
    reason: { error_count: count, error_types: types },
    validation_start: new Date(window.startMs).toISOString(),
    validation_end: new Date(world.nowMs()).toISOString(),
  };
  if (id === "none") emitThin(world, "v1.billing.meter.no_meter_found", null, data);
  else
    emitThin(
      world,
      "v1.billing.meter.error_report_triggered",
      { id, type: "billing.meter", url: `/v1/billing/meters/${id}` },
      data,
    );
}
