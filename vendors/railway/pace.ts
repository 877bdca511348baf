/** Railway's rate limits, kept before they bite: its answers say how many requests a second and an hour allow, and how many are left. */
import type { Clock } from "../../domain/clock.ts";
import { VendorError } from "../../domain/error.ts";
import { retryAfterMs } from "../http/request.ts";

export interface Pace {
  /** Resolves when one more request may go; one after the other. Rejects with VendorError when the hour's requests are used up for longer than is waited. */
  admit(operation: string, options?: { readonly signal?: AbortSignal; readonly log?: (message: string) => void }): Promise<void>;
  /** Every admitted request ends with this; without an answer if none came. */
  ended(answer?: { readonly status: number; readonly headers: Headers }): Promise<void>;
}

/** Beyond this the next run of the same command goes on. */
const longestWaitMs = 15 * 60_000;
/** Of a second's requests. What is left is for a run that begins in the second in which this one ends. */
const shareOfSecond = 0.9;
const secondMs = 1_000;

/** The pace of one token. The first request goes alone, because its answer tells the limits; where there are no such headers nothing is held back after it.
 *  A request counts until a second after its answer: nobody here knows when it reached Railway, or when Railway's second began. */
export function paceOf(clock: Clock): Pace {
  let perSecond: number | undefined;
  /** End of the second in which the limit became known. */
  let firstSecondEndsMs: number | undefined;
  let underway = 0;
  /** When the requests that ended no longer count, in order. */
  let fading: number[] = [];
  let left: { readonly requests: number; readonly untilMs: number } | undefined;
  let shutUntilMs = 0;
  let turn: Promise<void> = Promise.resolve();
  let answered: (() => void) | undefined;
  let firstAnswer: Promise<void> | undefined;
  let nextEnd = Promise.withResolvers<void>();

  const isFull = (limit: number) => {
    const own = Math.max(1, Math.floor(limit * shareOfSecond));
    // A run that ended a moment ago, with the same token, may have used its share of this second: what it left is for this one.
    return underway + fading.length >= (firstSecondEndsMs === undefined ? own : Math.max(1, limit - own));
  };

  const waitForRoom = async (signal: AbortSignal | undefined) => {
    while (perSecond !== undefined && isFull(perSecond)) {
      const now = await clock.now();
      fading = fading.filter((untilMs) => untilMs > now);
      if (firstSecondEndsMs !== undefined && firstSecondEndsMs <= now) firstSecondEndsMs = undefined;
      if (!isFull(perSecond)) return;
      const nextMs = Math.min(firstSecondEndsMs ?? Number.POSITIVE_INFINITY, fading[0] ?? Number.POSITIVE_INFINITY);
      if (Number.isFinite(nextMs)) await clock.sleep(nextMs - now, signal);
      else await nextEnd.promise;
      signal?.throwIfAborted();
    }
  };

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
    if (shutUntilMs > 0 || (left && left.requests <= underway)) {
      const untilMs = Math.max(shutUntilMs, left && left.requests <= underway ? left.untilMs : 0);
      const wait = untilMs - (await clock.now());
      if (wait > longestWaitMs) throw usedUp(operation, untilMs);
      if (wait > secondMs) options.log?.(`Railway's requests of this hour are used up; waiting ${Math.ceil(wait / 1000)} s`);
      if (wait > 0) await clock.sleep(wait, options.signal);
      if (shutUntilMs <= untilMs) shutUntilMs = 0;
      if (left && left.untilMs <= untilMs) left = undefined;
    }
    await waitForRoom(options.signal);
    underway += 1;
  };

  const note = async (status: number | undefined, headers: Headers) => {
    const limit = secondLimit(headers.get("ratelimit-policy")) ?? perSecond;
    const requests = whole(headers.get("x-ratelimit-remaining"));
    const reset = whole(headers.get("x-ratelimit-reset"));
    // Where Railway tells no limits, its time is not asked for either.
    if (limit === undefined && reset === undefined && status !== 429) return;
    const now = await clock.now();
    if (limit !== undefined) {
      if (perSecond === undefined) firstSecondEndsMs = now + secondMs;
      perSecond = limit;
      fading.push(now + secondMs);
    }
    // What is refused to one is refused to all.
    const retryAfter = status === 429 ? retryAfterMs(headers.get("retry-after"), now) : undefined;
    if (retryAfter !== undefined) shutUntilMs = Math.max(shutUntilMs, now + retryAfter);
    if (requests === undefined || reset === undefined) return;
    left = { requests, untilMs: reset < 1e9 ? now + reset * 1_000 : reset < 1e12 ? reset * 1_000 : reset };
  };

  return {
    admit(operation, options) {
      const mine = turn.then(() => hold(operation, options));
      turn = mine.catch(() => {});
      return mine;
    },
    async ended(answer) {
      try {
        await note(answer?.status, answer?.headers ?? new Headers());
      } finally {
        underway -= 1;
        nextEnd.resolve();
        nextEnd = Promise.withResolvers();
        answered?.();
      }
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
