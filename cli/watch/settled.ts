/** A look at a stack that counts only if nothing worked on it meanwhile: what an `up` is changing would seem to be changed by hand. */
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { exitCode, OperatorError } from "../../domain/error.ts";

const Exported = z.looseObject({
  deployment: z.looseObject({ pending_operations: z.array(z.unknown()).nullish() }),
});

export interface Settled<T> {
  /** The state of which the look was. */
  readonly exported: string;
  readonly look: T;
}

export interface SettledOptions<T> {
  readonly stack: string;
  readonly read: () => Promise<string>;
  readonly look: (exported: string) => Promise<T>;
  readonly clock: Clock;
  /** Told before each wait. */
  readonly waiting: () => void;
}

const [mostLooks, betweenMs] = [3, 60_000];

/** The engine takes no lock for a preview, so an `up` that begins during the look is not held up. It writes down each step before it begins and when it is done:
 *  so a state without pending steps that is the same after the look was nobody's work. Looks three times at most, a minute apart; then OperatorError. */
export async function settledLook<T>({ stack, read, look, clock, waiting }: SettledOptions<T>): Promise<Settled<T>> {
  for (let looks = 1; ; looks++) {
    const exported = await read();
    if (!isUnderWay(exported)) {
      const seen = await look(exported);
      if ((await read()) === exported) return { exported, look: seen };
    }
    if (looks === mostLooks)
      throw new OperatorError(
        `an up works on ${stack}, or one was killed in the middle: nobody knows what differs before it has ended. Run this again then; after a killed one: docs/runbooks/up-was-killed.md`,
        exitCode.failed,
      );
    waiting();
    await clock.sleep(betweenMs);
  }
}

function isUnderWay(exported: string): boolean {
  return (Exported.parse(JSON.parse(exported)).deployment.pending_operations ?? []).length > 0;
}
