/** Creates that Railway allows only so often: one at a time, spaced, and looked at again before a second try. */
import type { Clock } from "../../domain/clock.ts";
import { type CallOptions, cooldownMs } from "./graphql.ts";
import { RailwayRefusal } from "./refusal.ts";

export interface CreateOptions<Created> extends CallOptions {
  /** Asked before a create is tried again after a cooldown: that it is too soon may mean that a run which died a moment ago made it. */
  readonly lookAgain?: () => Promise<Created | undefined>;
  /** Asked before the first try where the queue held it up: what a run made that died a moment ago may have been too young to be listed until now, and is by
   *  now too old for the cooldown to tell. */
  readonly lookAfterWait?: () => Promise<Created | undefined>;
}

export type Queue = <Created>(
  create: (options: CallOptions) => Promise<Created>,
  options?: CreateOptions<Created>,
) => Promise<Created>;

const attempts = 12;

/** A queue for one kind of object; `windowMs` is how far apart Railway wants its creates (0 = not published). */
export function cooldownQueue(clock: Clock, windowMs: number): Queue {
  let last: Promise<unknown> = Promise.resolve();
  let nextAt = 0;
  return (create, options = {}) => {
    const work = async () => {
      const early = nextAt - (await clock.now());
      if (early > 0) {
        await clock.sleep(early, options.signal);
        const found = await options.lookAfterWait?.();
        if (found !== undefined) return found;
      }
      for (let attempt = 1; ; attempt++) {
        let maybeDone = true;
        try {
          return await create({ ...options, cooldown: "throw" });
        } catch (error) {
          maybeDone = !(error instanceof RailwayRefusal);
          if (!(error instanceof RailwayRefusal) || error.kind !== "cooldown" || attempt >= attempts) throw error;
          const wait = Math.max(windowMs, cooldownMs(error.refusal.vendorMessage, attempt));
          options.log?.(`${error.message}; waiting ${wait / 1000} s (attempt ${attempt + 1} of ${attempts})`);
          await clock.sleep(wait, options.signal);
          const found = await options.lookAgain?.();
          if (found !== undefined) return found;
        } finally {
          // A lost answer counts too.
          if (windowMs > 0 && maybeDone) nextAt = (await clock.now()) + windowMs;
        }
      }
    };
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
