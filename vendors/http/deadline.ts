import { setTimeout as realDelay } from "node:timers/promises";
import type { Clock } from "../../domain/clock.ts";

/** Long enough for a request to be on the wire on a busy machine, and nothing beside a deadline of tens of seconds. */
const headStartMs = 250;

/** Resolves when a request that begins now has waited `milliseconds` on this clock for its answer; rejects when aborted. The first quarter second is real
 *  time: a virtual clock jumps to the earliest sleep when no request reaches a vendor for a moment, so a deadline that is asked for before a slow
 *  process has sent its request would be over at once. */
export async function deadlineOf(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  await realDelay(headStartMs, undefined, { signal });
  await clock.sleep(milliseconds, signal);
}
