import { type Clock, memoryClock } from "../../domain/clock.ts";

/** A clock for tests of clients: request deadlines of exactly `deadlineMs` never come, all other waits pass at once and are noted in `waits`.
 *  (The memory clock alone lets every sleep pass at once, so that each request would be over before it began.) */
export function patientClock(
  deadlineMs: number,
  startMs = Date.parse("2026-11-24T10:00:00Z"),
): Clock & { readonly waits: number[] } {
  const clock = memoryClock(startMs);
  const waits: number[] = [];
  return {
    waits,
    now: clock.now,
    sleep: (ms, signal) => {
      if (ms === deadlineMs) return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      waits.push(ms);
      return clock.sleep(ms, signal);
    },
  };
}
