/** Ctrl-C, SIGTERM or a closed terminal in the middle of a command: it ends in order, with the embedded ledger stopped, and the next run goes on.
 *  Nothing has to be finished first: every post is written down as an intent before Stripe hears of it. */
import { exitCode, OperatorError } from "../domain/error.ts";

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A terminal's Ctrl-C reaches the whole group, and whoever called us passes on its own: that is one wish. */
const sameWishMs = 1000n;

/** Aborted, with what to tell the operator as its reason, by the first signal; a later one ends the process at once.
 *  For a program's whole life: the listeners are never taken off. */
export function stopOnSignals(say: (message: string) => void): AbortSignal {
  const abort = new AbortController();
  let first = 0n;
  for (const name of names)
    process.on(name, () => {
      const now = process.hrtime.bigint() / 1_000_000n;
      if (!abort.signal.aborted) {
        first = now;
        say("stopping: the ledger is closed first (the same again ends it at once) …");
        abort.abort(
          new OperatorError(
            `stopped by ${name}: what Stripe has accepted stays, and the ledger knows of it; run the same command again, it goes on from there and bills nothing twice`,
            exitCode.failed,
          ),
        );
      } else if (now - first > sameWishMs) {
        for (const one of names) process.removeAllListeners(one);
        process.kill(process.pid, name);
      }
    });
  return abort.signal;
}

/** What `work` gives; rejects with the signal's reason as soon as that is aborted, whatever `work` is waiting for. */
export async function unlessStopped<T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> {
  stop.throwIfAborted();
  let tell = () => {};
  const stopped = new Promise<never>((_, reject) => {
    tell = () => reject(stop.reason);
    stop.addEventListener("abort", tell, { once: true });
  });
  try {
    return await Promise.race([work(), stopped]);
  } finally {
    stop.removeEventListener("abort", tell);
  }
}
