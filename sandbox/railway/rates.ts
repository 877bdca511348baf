/** Two walls: the API's points per token, with headers, and the edge before it for URLs without a query string, as HTML. */
import { planLimits } from "./limits.ts";
import type { TokenRow } from "./model.ts";
import type { Counter, Store } from "./store.ts";

const hourMs = 3_600_000;

export interface HourOfToken {
  readonly limit: number;
  readonly used: number;
  readonly resetsAtMs: number;
}

/** The hour window of a token that runs now. */
export function hourOf(store: Store, token: TokenRow): HourOfToken {
  const limit = limitsOf(store, token).requestsPerHour;
  const counter = store.counters.get(`hour:${token.id}`);
  if (!counter || store.now() >= counter.fromMs + hourMs) return { limit, used: 0, resetsAtMs: store.now() + hourMs };
  return { limit, used: counter.used, resetsAtMs: counter.fromMs + hourMs };
}

export interface Admission {
  readonly headers: Record<string, string>;
  /** Seconds to wait when the request is refused. */
  readonly retryAfterSeconds: number | undefined;
}

/** Counts one request of the token; a refused one costs nothing. Without limits there is nothing to say in headers either. */
export function admit(store: Store, token: TokenRow): Admission {
  const { requestsPerHour, requestsPerSecond } = limitsOf(store, token);
  const hour = running(store, `hour:${token.id}`, hourMs);
  const second = running(store, `second:${token.id}`, 1_000);
  const full = hour.used >= requestsPerHour ? hour.fromMs + hourMs : undefined;
  const fast = requestsPerSecond !== undefined && second.used >= requestsPerSecond ? second.fromMs + 1_000 : undefined;
  const until = store.settings.rateLimits ? (full ?? fast) : undefined;
  if (until === undefined) {
    hour.used += 1;
    second.used += 1;
  }
  const retryAfterSeconds = until === undefined ? undefined : Math.max(1, Math.ceil((until - store.now()) / 1_000));
  if (!store.settings.rateLimits) return { retryAfterSeconds, headers: {} };
  return {
    retryAfterSeconds,
    headers: {
      "X-RateLimit-Limit": String(requestsPerHour),
      "X-RateLimit-Remaining": String(Math.max(0, requestsPerHour - hour.used)),
      "X-RateLimit-Reset": String(Math.ceil((hour.fromMs + hourMs) / 1_000)),
      "RateLimit-Policy": `${requestsPerHour};w=3600${requestsPerSecond === undefined ? "" : `, ${requestsPerSecond};w=1`}`,
      ...(retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) }),
    },
  };
}

/** Whether the edge lets a URL without a query string through. Once tripped it stays shut for long. */
export function edgeAdmits(store: Store): boolean {
  const shut = store.counters.get("edge:shut");
  if (shut && store.now() < shut.fromMs + store.settings.edgeWallMs) return false;
  const minute = running(store, "edge:minute", 60_000);
  minute.used += 1;
  if (minute.used <= store.settings.edgeRequestsPerMinute) return true;
  store.counters.set("edge:shut", { fromMs: store.now(), used: 1 });
  return false;
}

function running(store: Store, name: string, windowMs: number): Counter {
  const present = store.counters.get(name);
  if (present && store.now() < present.fromMs + windowMs) return present;
  const fresh = { fromMs: store.now(), used: 0 };
  store.counters.set(name, fresh);
  return fresh;
}

function limitsOf(store: Store, token: TokenRow) {
  const plans = [...store.tables.workspaces.values()].filter((row) => token.kind === "account" || row.id === token.workspaceId);
  const plan = plans.some((row) => row.plan === "PRO") ? "PRO" : plans.some((row) => row.plan === "HOBBY") ? "HOBBY" : "FREE";
  return planLimits[plan];
}
