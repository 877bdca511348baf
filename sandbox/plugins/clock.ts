/** How a stand-in waits: on the sandbox's virtual clock if there is one, else in real time. */
import { type Clock, systemClock } from "../../domain/clock.ts";

export type Waiting = Pick<Clock, "sleep">;

/** `url` is FLEET_CLOCK_URL. A sleep there is an open request: aborting the signal closes its socket, which is how the sandbox learns of it. */
export function waitingOn(url: string | undefined): Waiting {
  if (!url) return systemClock;
  const base = url.replace(/\/+$/, "");
  return {
    async sleep(milliseconds, signal) {
      const answer = await fetch(`${base}/sleep?ms=${Math.ceil(milliseconds)}`, { signal });
      if (!answer.ok) throw new Error(`the clock at ${base} (FLEET_CLOCK_URL) answered HTTP ${answer.status} to a sleep`);
      await answer.arrayBuffer();
    },
  };
}
