/** What the tenants' files say in each phase of a life. */
import { type Phase, phases } from "./crash-points.ts";
import { type Entry, entryOf, type Files } from "./edits-files.ts";

/** An empty folder of tenants is refused, so somebody stays. */
export const keeper = entryOf("tn_keeper0000", "keeper");
export const slug = "crash";
const first = entryOf("tn_crash00000", slug);

/** More than the 50 GB that the emulated Railway's plan gives a new volume: a volume only grows. */
const app = { memoryGB: 2, vCPUs: 2, volumeGB: 60, release: "beta", variables: { CRASH: "tested" } };

const entries: Readonly<Record<Phase, Entry | undefined>> = {
  create: first,
  update: { ...first, app },
  suspend: { ...first, app, state: "suspended" },
  resume: { ...first, app, state: "active" },
  offboard: { ...first, app, state: "offboarding" },
  delete: undefined,
};

/** Everything as the phase wants it. */
export function filesOf(phase: Phase): Files {
  const entry = entries[phase];
  return new Map([["keeper", keeper], ...(entry ? [[slug, entry] as const] : [])]);
}

/** Everything as it is before the phase. */
export function filesBefore(phase: Phase): Files {
  const before = phases[phases.indexOf(phase) - 1];
  return before ? filesOf(before) : new Map([["keeper", keeper]]);
}
