/** Adopt or create. Railway has no idempotency keys and loses answers after the work is done, so an own object is looked for before one is made. */
import { OperatorError } from "../../../domain/error.ts";
import { isAmbiguous } from "../../../vendors/http/request.ts";
import { readLagMs } from "../../../vendors/railway/graphql.ts";
import { RailwayRefusal } from "../../../vendors/railway/refusal.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

export interface AdoptOrCreate<Found> {
  /** For progress lines: `project prod-shop`. */
  readonly what: string;
  /** false when nothing can exist yet. */
  readonly lookFirst: boolean;
  /** Finds the own object; throws when it cannot tell. Left out where nothing tells it from others': then a create whose answer was lost fails. */
  readonly look?: () => Promise<Found | undefined>;
  create(): Promise<Found>;
}

/** How often a create that got lost is looked for, and how long apart: past the read lag, and past a gateway that gave up before Railway did. */
const lookWaitsMs = [readLagMs, 5_000, 15_000];
/** A volume is in the way of a second one long before it is listed (90 s were seen). */
const takenWaitsMs = [...lookWaitsMs, 30_000, 60_000];
const rounds = 3;

/** The object found, or made. A create whose outcome is unknown is looked for past the read lag before it is done again. */
export async function adoptOrCreate<Found>(steps: AdoptOrCreate<Found>, context: RailwayContext, call: Call): Promise<Found> {
  const { look } = steps;
  if (steps.lookFirst && look) {
    const found = await look();
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
      if (!look) throw isAmbiguous(error) ? unclear(steps.what, error) : error;
      const found = await lookPastLag(look, taken ? takenWaitsMs : lookWaitsMs, context, call);
      if (found !== undefined) return found;
      if (taken || round >= rounds) throw error;
      call.log(`${steps.what} was not made after all; trying again (attempt ${round + 1} of ${rounds})`);
    }
  }
}

function unclear(what: string, error: unknown): OperatorError {
  const words = error instanceof Error ? error.message : String(error);
  const advice = "look in the Railway dashboard: import it or delete it if it is there, then run this again";
  return new OperatorError(
    `whether ${what} was made is unclear, and without a marker it cannot be found again (${words}): ${advice}`,
  );
}

async function lookPastLag<Found>(
  look: () => Promise<Found | undefined>,
  waitsMs: readonly number[],
  context: RailwayContext,
  call: Call,
): Promise<Found | undefined> {
  for (const wait of waitsMs) {
    await context.railway.clock.sleep(wait, call.signal);
    const found = await look();
    if (found !== undefined) return found;
  }
  return undefined;
}
