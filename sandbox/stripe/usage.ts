import { fromInteger, parseDecimal } from "./decimal.ts";
import type { MeterEvent } from "./meter-events.ts";
import type { Meter } from "./meters.ts";
import type { World } from "./world.ts";

/** Meter events by event name and customer, in the order of receipt. */
export class UsageIndex {
  readonly #byKey = new Map<string, MeterEvent[]>();
  readonly #byName = new Map<string, MeterEvent[]>();
  readonly #byIdentifier = new Map<string, MeterEvent>();

  add(event: MeterEvent): void {
    push(this.#byKey, `${event.event_name}\n${event.customer}`, event);
    push(this.#byName, event.event_name, event);
    this.#byIdentifier.set(event.identifier, event);
  }
  of(eventName: string, customer: string): readonly MeterEvent[] {
    return this.#byKey.get(`${eventName}\n${customer}`) ?? [];
  }
  named(eventName: string): readonly MeterEvent[] {
    return this.#byName.get(eventName) ?? [];
  }
  /** The newest event with this identifier. */
  identified(identifier: string): MeterEvent | undefined {
    return this.#byIdentifier.get(identifier);
  }
  clear(): void {
    this.#byKey.clear();
    this.#byName.clear();
    this.#byIdentifier.clear();
  }
}

/** Whether an event counts at all, and whether it has been cancelled, as seen by the asker (invoices see more than summaries do). */
export interface View {
  counts(event: MeterEvent): boolean;
  cancelled(event: MeterEvent): boolean;
}

/** What invoices count: everything accepted by now. */
export const acceptedView: View = {
  counts: (event) => event.acceptedMs !== null,
  cancelled: (event) => event.cancelledMs !== null,
};

/** What summaries show: the same, some time later. */
export function summaryView(world: World): View {
  const until = world.nowMs() - world.settings.summaryLagSeconds * 1000;
  return {
    counts: (event) => event.acceptedMs !== null && event.acceptedMs <= until,
    cancelled: (event) => event.cancelledMs !== null && event.cancelledMs <= until,
  };
}

/** A value that counts. */
export interface Reading {
  readonly timestamp: number;
  /** When Stripe received it, epoch seconds: decides its price after a price swap. */
  readonly received: number;
  /** In units of 10^-12. */
  readonly value: bigint;
}

/** The readings that stand for one customer: of each window the winner, or every event of a meter without window. */
export function readings(world: World, meter: Meter, customer: string, view: View, from: number, to: number): Reading[] {
  const { overwriteScope, cancelOnWindowedMeter } = world.settings;
  const keepsCancelled = meter.event_time_window !== null && cancelOnWindowedMeter === "zero";
  const shared = overwriteScope === "meter" && meter.event_time_window !== null;
  const candidates = shared ? world.usage.named(meter.event_name) : world.usage.of(meter.event_name, customer);
  const width = meter.event_time_window === "hour" ? 3600 : 86_400;
  // A window that reaches over the edge of the range is decided by all of its events.
  const first = meter.event_time_window ? Math.floor(from / width) * width : from;
  const last = meter.event_time_window ? Math.ceil(to / width) * width : to;
  const counted = candidates.filter(
    (event) =>
      event.timestamp >= first &&
      event.timestamp < last &&
      event.meter === meter.id &&
      view.counts(event) &&
      (keepsCancelled || !view.cancelled(event)),
  );
  const standing = meter.event_time_window ? winners(world, counted, width) : counted;
  return standing
    .filter((event) => event.timestamp >= from && event.timestamp < to && event.customer === customer && !view.cancelled(event))
    .map((event) => ({
      timestamp: event.timestamp,
      received: Math.floor(event.receivedMs / 1000),
      value: parseDecimal(event.value) ?? 0n,
    }));
}

/** Sum, count or last of readings; 0 without any. */
export function aggregate(meter: Meter, found: readonly Reading[]): bigint {
  switch (meter.default_aggregation.formula) {
    case "sum":
      return found.reduce((sum, reading) => sum + reading.value, 0n);
    case "count":
      return fromInteger(found.length);
    case "last":
      return (
        found.reduce<Reading | undefined>(
          (last, reading) => (!last || reading.timestamp >= last.timestamp ? reading : last),
          undefined,
        )?.value ?? 0n
      );
  }
}

function winners(world: World, events: readonly MeterEvent[], width: number): MeterEvent[] {
  const byWindow = new Map<number, MeterEvent>();
  for (const event of events) {
    const window = Math.floor(event.timestamp / width);
    const holder = byWindow.get(window);
    // Events come in the order of receipt; under "timestamp" a later-received equal one still wins.
    if (!holder || world.settings.overwriteOrder === "receipt" || event.timestamp >= holder.timestamp)
      byWindow.set(window, event);
  }
  return [...byWindow.values()];
}

function push(map: Map<string, MeterEvent[]>, key: string, event: MeterEvent): void {
  const list = map.get(key);
  if (list) list.push(event);
  else map.set(key, [event]);
}
