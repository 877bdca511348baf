/** Everything that waits or asks for the time does it through a Clock that is handed in. Times are epoch milliseconds, UTC. */
export interface Clock {
  now(): Promise<number>;
  /** Resolves when that many milliseconds have passed; rejects with the signal's reason when aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: async () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, milliseconds);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

/** A clock in memory for pure tests: a sleep moves the time and returns at once. */
export function memoryClock(startMs: number): Clock & { set(epochMs: number): void; readonly sleeps: readonly number[] } {
  let now = startMs;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: async () => now,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      sleeps.push(milliseconds);
      now += milliseconds;
    },
    set: (epochMs) => {
      now = epochMs;
    },
  };
}
