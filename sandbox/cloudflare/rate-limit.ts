/** 1,200 requests in five minutes over all tokens, then five minutes of refusals (reference: cloudflare 5.3). */
import type { Core } from "./core.ts";
import { Refusal } from "./envelope.ts";

const windowMs = 300_000;

export interface RateLimit {
  /** Counts one request; throws the vendor's 429 with `retry-after`. */
  take(core: Core): void;
  remaining(core: Core): number;
  reset(): void;
  snapshot(): { since: number; taken: number; blockedUntil: number };
  restore(held: { since: number; taken: number; blockedUntil: number }): void;
}

export function makeRateLimit(): RateLimit {
  let held = { since: 0, taken: 0, blockedUntil: 0 };
  const turn = (now: number) => {
    if (now - held.since >= windowMs) held = { since: now, taken: 0, blockedUntil: held.blockedUntil };
  };
  return {
    take(core) {
      const now = core.now();
      turn(now);
      held.taken += 1;
      if (now >= held.blockedUntil && held.taken > core.settings.requestsPerFiveMinutes)
        held = { since: now, taken: 0, blockedUntil: now + windowMs };
      if (now >= held.blockedUntil) return;
      const seconds = Math.ceil((held.blockedUntil - now) / 1_000);
      throw new Refusal(429, 971, "Please wait and consider throttling your request speed", {
        "retry-after": String(seconds),
        "x-ratelimit-limit": String(core.settings.requestsPerFiveMinutes),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": String(seconds),
      });
    },
    remaining: (core) => Math.max(0, core.settings.requestsPerFiveMinutes - held.taken),
    reset() {
      held = { since: 0, taken: 0, blockedUntil: 0 };
    },
    snapshot: () => ({ ...held }),
    restore(saved) {
      held = { ...saved };
    },
  };
}
