/** Adopt or create. Railway has no idempotency keys and loses answers after the work is done, so an own object is looked for before one is made. */
import { isAmbiguous } from "../../../vendors/http/request.ts";
import { readLagMs } from "../../../vendors/railway/graphql.ts";
import { RailwayRefusal } from "../../../vendors/railway/refusal.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

export interface AdoptOrCreate<Found> {
  /** For progress lines: `project prod-shop`. */
  readonly what: string;
  /** Finds the own object; throws when it cannot tell. Left out when nothing can exist yet. */
  readonly lookFirst: boolean;
  look(): Promise<Found | undefined>;
  create(): Promise<Found>;
}

/** How often a create that got lost is looked for, and how long apart: past the read lag, and past a gateway that gave up before Railway did. */
const lookWaitsMs = [readLagMs, 5_000, 15_000];
/** A volume is in the way of a second one long before it is listed (90 s were seen). */
const takenWaitsMs = [...lookWaitsMs, 30_000, 60_000];
const rounds = 3;

/** The object found, or made. A create whose outcome is unknown is looked for past the read lag before it is done again. */
export async function adoptOrCreate<Found>(steps: AdoptOrCreate<Found>, context: RailwayContext, call: Call): Promise<Found> {
  if (steps.lookFirst) {
    const found = await steps.look();
    if (found !== undefined) {
      call.log(`${steps.what} exists already and is ours: adopted`);
      return found;
    }
  }
  for (let round = 1; ; round++) {
    try {
      return await steps.create();
    } catch (error) {
      // What is in the way may be our own, made by a run that died a moment ago: its name is taken, its service has its volume.
      const taken = error instanceof RailwayRefusal && /already|exists|taken/i.test(error.refusal.vendorMessage);
      if (!isAmbiguous(error) && !taken) throw error;
      const found = await lookPastLag(steps, taken ? takenWaitsMs : lookWaitsMs, context, call);
      if (found !== undefined) return found;
      if (taken || round >= rounds) throw error;
      call.log(`${steps.what} was not made after all; trying again (attempt ${round + 1} of ${rounds})`);
    }
  }
}

async function lookPastLag<Found>(
  steps: AdoptOrCreate<Found>,
  waitsMs: readonly number[],
  context: RailwayContext,
  call: Call,
): Promise<Found | undefined> {
  for (const wait of waitsMs) {
    await context.railway.clock.sleep(wait, call.signal);
    const found = await steps.look();
    if (found !== undefined) return found;
  }
  return undefined;
}
