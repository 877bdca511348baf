import { hourMs, minuteMs } from "../../domain/hour.ts";
import { anyIn, covers, lowerBound } from "./interval.ts";
import { type HourMinutes, has, minuteState } from "./minutes.ts";
import type { Reading } from "./reading.ts";
import type { SourceName } from "./rule.ts";

export type Answer = "active" | "idle" | "unknown";

/** What a source says of the hour; undefined where it is not counted. */
export type SourceAnswer = (reading: Reading, minutes: HourMinutes) => Answer | undefined;

/** The three sources of the formula. */
export const sources: Readonly<Record<SourceName, SourceAnswer>> = {
  railwayUptime(_reading, { states, judged, explained, undecided }) {
    let open = false;
    for (let i = 0; i < 60; i++) {
      if (!judged[i]) continue;
      if (undecided[i] || states[i] === minuteState.unmeasured) open = true;
      else if (states[i] === minuteState.awake && !explained[i]) return "active";
    }
    return open ? "unknown" : "idle";
  },

  cloudflareSessions(reading, { start }) {
    const end = start + hourMs;
    if (anyIn(reading.requests, start, end)) return "active";
    const hasGateway = has(reading, "gateway", start);
    if (hasGateway && covers(reading.gatewayOrOff, start, end)) return "idle";
    if (anyIn(reading.loginsOutsideGateway, start, end)) return "active";
    if (!hasGateway && covers(reading.accessOrOff, start, end)) return "idle";
    return "unknown";
  },

  sprintActivity(reading, { start, states }) {
    const end = start + hourMs;
    const hasModel = has(reading, "model", start);
    if (!hasModel && !has(reading, "gateway", start)) return undefined;
    if (anyIn(reading.sprintEvents, start, end) || usedModelAwake(reading, start, states)) return "active";
    return covers(hasModel ? reading.modelOrOff : reading.gatewayOrOff, start, end) ? "idle" : "unknown";
  },
};

/** A model minute while the instance sleeps is the key used elsewhere: a contradiction at most. */
function usedModelAwake({ modelMinutes }: Reading, start: number, states: Uint8Array): boolean {
  for (let k = lowerBound(modelMinutes, start); k < modelMinutes.length; k++) {
    const at = modelMinutes[k] ?? 0;
    if (at >= start + hourMs) return false;
    if (states[(at - start) / minuteMs] !== minuteState.asleep) return true;
  }
  return false;
}
