import * as z from "zod";
import { maxSignificantDigits, parseDecimal, significantDigits } from "./decimal.ts";
import { reportError } from "./meter-errors.ts";
import { meterFor } from "./meters.ts";
import { type Operation, operation } from "./operation.ts";
import { expand, integer, text } from "./params.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

const uniqueSeconds = 24 * 3600;
const pastSeconds = 35 * 86_400;
const futureSeconds = 300;

/** A meter event as received. It counts once it is accepted; a rejected one only ever shows up in an error report. */
export const MeterEvent = z.object({
  id: z.string(),
  identifier: z.string(),
  event_name: z.string(),
  timestamp: z.number(),
  payload: z.record(z.string(), z.string()),
  receivedMs: z.number(),
  acceptedMs: z.number().nullable(),
  rejected: z.string().nullable().default(null),
  cancelledMs: z.number().nullable().default(null),
  meter: z.string().nullable(),
  customer: z.string(),
  value: z.string(),
  idempotencyKey: z.string().nullable().default(null),
});
export type MeterEvent = z.infer<typeof MeterEvent>;

/** An event as it came, before any judgement; `timestamp` in epoch seconds. */
export interface ReceivedEvent {
  readonly event_name: string;
  readonly payload: Readonly<Record<string, string>>;
  readonly identifier?: string | undefined;
  readonly timestamp?: number | undefined;
}

/** Takes an event in: 200 first, judged later. Throws for what Stripe refuses at once (a known identifier, and the timestamp where so switched). */
export function receive(world: World, given: ReceivedEvent): MeterEvent {
  const identifier = given.identifier ?? world.id("mevt_");
  refuseKnown(world, identifier);
  const meter = meterFor(world, given.event_name);
  const customer = given.payload[meter?.customer_mapping.event_payload_key ?? "stripe_customer_id"] ?? "";
  const timestamp = given.timestamp ?? world.now(eventClock(world, customer));
  const misplaced = outsideWindow(world, timestamp, customer);
  if (misplaced && world.settings.timestampCheck === "sync")
    throw new Refusal(misplaced.message, { code: misplaced.code, param: "timestamp" });
  const event = MeterEvent.parse({
    id: `mev_${world.nextSequence()}`,
    identifier,
    event_name: given.event_name,
    timestamp,
    payload: given.payload,
    receivedMs: world.nowMs(),
    acceptedMs: null,
    meter: meter?.id ?? null,
    customer,
    value: given.payload[meter?.value_settings.event_payload_key ?? "value"] ?? "",
    idempotencyKey: world.request?.idempotencyKey ?? null,
  });
  world.meterEvents.add(event);
  world.usage.add(event);
  const delay = world.settings.acceptanceDelaySeconds;
  if (delay === 0) accept(world, event.id);
  else world.schedule("acceptEvent", event.id, world.nowMs() / 1000 + delay);
  return event;
}

/** An event of the past, as a seed brings it: received and accepted at `received` (epoch seconds). */
export function acceptedAtOnce(world: World, given: ReceivedEvent, received: number): MeterEvent {
  const meter = meterFor(world, given.event_name);
  if (!meter) throw new Error(`no meter for event name ${given.event_name}; seed it too`);
  const event = MeterEvent.parse({
    id: `mev_${world.nextSequence()}`,
    ...given,
    identifier: given.identifier ?? world.id("mevt_"),
    receivedMs: received * 1000,
    acceptedMs: received * 1000,
    meter: meter.id,
    customer: given.payload[meter.customer_mapping.event_payload_key] ?? "",
    value: given.payload[meter.value_settings.event_payload_key] ?? "",
  });
  world.meterEvents.add(event);
  world.usage.add(event);
  return event;
}

/** Judges a received event: from now on it counts, or it goes into the next error report. */
export function accept(world: World, id: string): void {
  const event = world.meterEvents.get(id);
  if (!event || event.acceptedMs !== null || event.rejected !== null) return;
  const problem = problemOf(world, event);
  if (!problem) {
    event.acceptedMs = world.nowMs();
    return;
  }
  event.rejected = problem.code;
  reportError(world, event, problem.code, problem.message);
}

/** The meter event as Stripe answers it. */
export function renderMeterEvent(event: MeterEvent): object {
  return {
    object: "billing.meter_event",
    created: Math.floor(event.receivedMs / 1000),
    event_name: event.event_name,
    identifier: event.identifier,
    livemode: false,
    payload: event.payload,
    timestamp: event.timestamp,
  };
}

const createParams = z.strictObject({
  event_name: text(100),
  payload: z.record(z.string().max(100), z.string().max(100)),
  identifier: text(100).optional(),
  timestamp: integer.optional(),
  expand,
});
const createParamsV2 = z.strictObject({
  event_name: text(100),
  payload: z.record(z.string().max(100), z.string().max(100)),
  identifier: text(100).optional(),
  timestamp: z.iso.datetime({ offset: true }).optional(),
});

/** The calls of this kind that are served. */
export const meterEventOperations: readonly Operation[] = [
  operation("POST", "/v1/billing/meter_events", createParams, (world, params) => renderMeterEvent(receive(world, params)), true),
  operation(
    "POST",
    "/v2/billing/meter_events",
    createParamsV2,
    (world, { timestamp, ...params }) => {
      const seconds = timestamp === undefined ? undefined : Math.floor(Date.parse(timestamp) / 1000);
      const event = receive(world, { ...params, timestamp: seconds });
      return {
        ...renderMeterEvent(event),
        object: "v2.billing.meter_event",
        created: new Date(event.receivedMs).toISOString(),
        timestamp: new Date(event.timestamp * 1000).toISOString(),
      };
    },
    true,
  ),
];

/** The exact words matter: clients must read them as "delivered" (a repeated identifier inside 24 hours of receipt). */
function refuseKnown(world: World, identifier: string): void {
  const known = world.usage.identified(identifier);
  if (known && known.receivedMs > world.nowMs() - uniqueSeconds * 1000)
    throw new Refusal(`An event already exists with identifier ${identifier}.`, { headers: { "stripe-should-retry": "false" } });
}

function eventClock(world: World, customer: string): string | null {
  return world.settings.eventWindowFollowsTestClock ? (world.customers.get(customer)?.test_clock ?? null) : null;
}

function outsideWindow(world: World, timestamp: number, customer: string): { code: string; message: string } | undefined {
  const now = world.now(eventClock(world, customer));
  if (timestamp < now - pastSeconds)
    return { code: "timestamp_too_far_in_past", message: "The timestamp must be within the past 35 calendar days." };
  if (timestamp > now + futureSeconds)
    return { code: "timestamp_in_future", message: "The timestamp cannot be more than 5 minutes in the future." };
  return undefined;
}

function problemOf(world: World, event: MeterEvent): { code: string; message: string } | undefined {
  const meter = meterFor(world, event.event_name);
  if (!meter) return { code: "no_meter", message: `No meter found for event name ${event.event_name}.` };
  event.meter = meter.id;
  if (meter.status === "inactive") return { code: "archived_meter", message: `Meter ${meter.id} is archived.` };
  const misplaced = world.settings.timestampCheck === "async" ? outsideWindow(world, event.timestamp, event.customer) : undefined;
  if (misplaced) return misplaced;
  if (event.customer === "")
    return { code: "meter_event_no_customer_defined", message: `Payload has no ${meter.customer_mapping.event_payload_key}.` };
  const customer = world.customers.get(event.customer);
  if (!customer || customer.deleted)
    return { code: "meter_event_customer_not_found", message: `Customer ${event.customer} was not found.` };
  if (meter.default_aggregation.formula === "count" && event.value === "") return undefined;
  if (significantDigits(event.value) > maxSignificantDigits)
    return { code: "meter_event_value_too_many_digits", message: `Value ${event.value} has too many digits.` };
  if (parseDecimal(event.value) === undefined)
    return { code: "meter_event_invalid_value", message: `Value '${event.value}' is not a number.` };
  return undefined;
}
