import { expireSession } from "./checkout.ts";
import { collectDue } from "./collection.ts";
import { overdue } from "./dunning.ts";
import { emit } from "./events.ts";
import type { Job, JobKind } from "./jobs.ts";
import { completeAdjustment } from "./meter-adjustments.ts";
import { closeErrorWindow } from "./meter-errors.ts";
import { accept } from "./meter-events.ts";
import { cancelAtDue, endPeriod, finalizeDue } from "./renewal.ts";
import { expireIncomplete } from "./subscription-cancel.ts";
import { expireResumption } from "./subscription-pause.ts";
import { deleteClock, renderClock } from "./test-clocks.ts";
import type { World } from "./world.ts";

const handlers: Readonly<Record<JobKind, (world: World, id: string) => void>> = {
  acceptEvent: (world, id) => accept(world, id),
  errorReport: (world, id) => closeErrorWindow(world, id),
  completeAdjustment: (world, id) => completeAdjustment(world, id),
  periodEnd: (world, id) => endPeriod(world, id),
  cancelAt: (world, id) => cancelAtDue(world, id),
  incompleteExpiry: (world, id) => expireIncomplete(world, id),
  resumptionExpiry: (world, id) => expireResumption(world, id),
  finalize: (world, id) => finalizeDue(world, id),
  collect: (world, id) => collectDue(world, id),
  overdue: (world, id) => overdue(world, id),
  sessionExpiry: (world, id) => {
    const session = world.sessions.get(id);
    if (session) expireSession(world, session);
  },
  advanceClock: (world, id) => advanceNow(world, id),
  deleteClock: (world, id) => deleteClock(world, id),
};

/** Lets one due job happen. Each handler looks first whether it still applies. */
export function fire(world: World, job: Job): void {
  handlers[job.kind](world, job.id);
}

/** The advance of a test clock: job after job at its own time, then the target. */
function advanceNow(world: World, id: string): void {
  const clock = world.testClocks.get(id);
  if (!clock || clock.target === null) return;
  const target = clock.target;
  for (let job = world.agenda.peek(id, target * 1000); job; job = world.agenda.peek(id, target * 1000)) {
    world.agenda.remove(job);
    clock.frozen_time = Math.max(clock.frozen_time, Math.floor(job.at / 1000));
    fire(world, job);
  }
  clock.frozen_time = target;
  clock.target = null;
  clock.status = "ready";
  emit(world, "test_helpers.test_clock.ready", renderClock(clock));
}
