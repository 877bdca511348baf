/** How requests go to Stripe: at most 25 a second (the limit of test accounts, and of each endpoint's reads), each with a deadline of the Clock's. */
import type { Clock } from "../../domain/clock.ts";
import { deadlineOf } from "../http/deadline.ts";

const perSecond = 25;
const deadlineMs = 30_000;

/** A fetch for the SDK. The answer's body is read here, so that the deadline covers it. */
export function stripeFetch(clock: Clock): typeof fetch {
  const pace = pacer(clock);
  return async (input, init) => {
    await pace();
    const done = new AbortController();
    const late = new AbortController();
    deadlineOf(clock, deadlineMs, done.signal).then(
      () => late.abort(new Error(`no answer within ${deadlineMs / 1000} s`)),
      () => undefined,
    );
    try {
      const signals = init?.signal ? [init.signal, late.signal] : [late.signal];
      const answer = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
      const body = await answer.arrayBuffer();
      return new Response(answer.status === 204 ? null : body, { status: answer.status, headers: answer.headers });
    } catch (error) {
      // The SDK repeats a closed connection by itself, without our pace: it only does so when it can see the code.
      throw new Error(late.signal.aborted ? `no answer within ${deadlineMs / 1000} s` : describe(error), { cause: error });
    } finally {
      done.abort(new Error("answered"));
    }
  };
}

/** Lets calls through so that no 25 of them start within less than a second. */
function pacer(clock: Clock): () => Promise<void> {
  const starts: number[] = [];
  let queue: Promise<void> = Promise.resolve();
  const next = async () => {
    const now = await clock.now();
    const oldest = starts.length < perSecond ? undefined : starts.shift();
    const wait = oldest === undefined ? 0 : oldest + 1000 - now;
    if (wait > 0) await clock.sleep(wait);
    starts.push(now + Math.max(0, wait));
  };
  return () => {
    queue = queue.then(next, next);
    return queue;
  };
}

function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? `no connection: ${cause.message || cause.name}` : "no connection";
}
