/** Railway's rate limits, kept before they bite: its answers say how many requests a second and an hour allow, and how many are left. */
import type { Clock } from "../../domain/clock.ts";
import { VendorError } from "../../domain/error.ts";

export interface Pace {
  /** Resolves when one more request may go; one after the other. Rejects with VendorError when the hour's requests are used up for longer than is waited. */
  admit(operation: string, options?: { readonly signal?: AbortSignal; readonly log?: (message: string) => void }): Promise<void>;
  /** Every admitted request ends with this; without headers if there was no answer. */
  ended(headers?: Headers): Promise<void>;
}

/** Beyond this the next run of the same command goes on. */
const longestWaitMs = 15 * 60_000;
/** Of a second's requests: Railway's second need not begin with ours. */
const shareOfSecond = 0.9;

/** The pace of one token. The first request goes alone, because its answer tells the limits; where there are no such headers nothing is held back after it. */
export function paceOf(clock: Clock): Pace {
  let perSecond = Number.POSITIVE_INFINITY;
  let second = { fromMs: 0, sent: 0 };
  let left: { readonly requests: number; readonly untilMs: number } | undefined;
  let underway = 0;
  let turn: Promise<void> = Promise.resolve();
  let answered: (() => void) | undefined;
  let firstAnswer: Promise<void> | undefined;

  const hold: Pace["admit"] = async (operation, options = {}) => {
    options.signal?.throwIfAborted();
    // Many may come at once (a refresh of a whole stack): sent before the limit is known, most of them would be refused.
    if (firstAnswer) await firstAnswer;
    else
      firstAnswer = new Promise((resolve) => {
        answered = resolve;
      });
    options.signal?.throwIfAborted();
    // The last count does not know of the requests that are still underway.
    if (left && left.requests <= underway) {
      const wait = left.untilMs - (await clock.now());
      if (wait > longestWaitMs) throw usedUp(operation, left.untilMs);
      if (wait > 0) {
        options.log?.(`Railway's requests of this hour are used up; waiting ${Math.ceil(wait / 1000)} s`);
        await clock.sleep(wait, options.signal);
      }
      left = undefined;
    }
    if (second.sent >= perSecond) {
      const wait = second.fromMs + 1_000 - (await clock.now());
      if (wait > 0) await clock.sleep(wait, options.signal);
      second = { fromMs: await clock.now(), sent: 0 };
    }
    second.sent += 1;
    underway += 1;
  };

  return {
    admit(operation, options) {
      const mine = turn.then(() => hold(operation, options));
      turn = mine.catch(() => {});
      return mine;
    },
    async ended(headers) {
      underway -= 1;
      if (!headers) return answered?.();
      const limit = secondLimit(headers.get("ratelimit-policy"));
      if (limit !== undefined && perSecond === Number.POSITIVE_INFINITY) second.fromMs = await clock.now();
      if (limit !== undefined) perSecond = Math.max(1, Math.floor(limit * shareOfSecond));
      answered?.();
      const requests = whole(headers.get("x-ratelimit-remaining"));
      const reset = whole(headers.get("x-ratelimit-reset"));
      if (requests === undefined || reset === undefined) return;
      left = { requests, untilMs: reset < 1e9 ? (await clock.now()) + reset * 1_000 : reset < 1e12 ? reset * 1_000 : reset };
    },
  };
}

/** `10000;w=3600, 50;w=1` → 50. */
function secondLimit(policy: string | null): number | undefined {
  const limit = /(?:^|,)\s*(\d+)\s*;\s*w=1(?:\s*[,;]|\s*$)/.exec(policy ?? "")?.[1];
  return limit === undefined ? undefined : Number(limit);
}

function whole(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

function usedUp(operation: string, untilMs: number): VendorError {
  const vendorMessage = `this hour's requests are used up until ${new Date(untilMs).toISOString()}; run this again then`;
  return new VendorError({ vendor: "railway", operation, vendorMessage, retryable: true });
}
