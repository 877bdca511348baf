/** Calls in flight: each has a deadline in real time (the engine's limits are real), and all end when the engine cancels. */
import type { Call } from "./resource.ts";

export const defaultTimeoutSeconds = 15 * 60;

export interface Calls {
  /** Runs work with a signal that aborts at the deadline, when the caller goes away, or on `cancelAll`; rejects then, even if the work does not listen. */
  run<Result>(options: CallOptions, work: (call: Call) => Promise<Result>): Promise<Result>;
  /** Aborts everything in flight and everything that comes later. */
  cancelAll(reason: string): void;
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>;
}

export interface CallOptions {
  /** 0 or less = the default. */
  readonly timeoutSeconds: number;
  readonly caller: AbortSignal;
  readonly log: (message: string) => void;
}

export function makeCalls(): Calls {
  const all = new AbortController();
  const running = new Set<Promise<unknown>>();
  return {
    async run(options, work) {
      const seconds = options.timeoutSeconds > 0 ? options.timeoutSeconds : defaultTimeoutSeconds;
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(stopped(`no result within ${seconds} s`)), seconds * 1000);
      const signal = AbortSignal.any([all.signal, deadline.signal, options.caller]);
      const done = Promise.resolve().then(() => {
        signal.throwIfAborted();
        return work({ signal, log: options.log });
      });
      running.add(done);
      const forget = () => running.delete(done);
      done.then(forget, forget);
      try {
        return await Promise.race([done, aborted(signal, done)]);
      } finally {
        clearTimeout(timer);
      }
    },
    cancelAll: (reason) => all.abort(stopped(reason)),
    async idle() {
      await Promise.allSettled(running);
    },
  };
}

/** Gives work that listens a moment to say itself how far it came (`Unfinished`); then rejects with the reason. */
function aborted(signal: AbortSignal, done: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => {
      const timer = setTimeout(() => reject(signal.reason), graceMs);
      const settled = () => clearTimeout(timer);
      done.then(settled, settled);
    };
    if (signal.aborted) giveUp();
    else {
      signal.addEventListener("abort", giveUp, { once: true });
      const settled = () => signal.removeEventListener("abort", giveUp);
      done.then(settled, settled);
    }
  });
}

const graceMs = 1_000;

function stopped(reason: string): Error {
  return Object.assign(new Error(`stopped: ${reason}; run the same command again`), { name: "AbortError" });
}
