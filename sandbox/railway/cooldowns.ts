/** Cooldowns: HTTP 200 with a GraphQL error, and the call did nothing. */
import { refusal } from "./errors.ts";
import type { Store } from "./store.ts";

/** Refuses when the same act was done less than `windowMs` ago; otherwise starts the window. */
export function cooldown(store: Store, name: string, windowMs: number, message: string): void {
  const last = store.counters.get(`cooldown:${name}`);
  if (last && store.now() < last.fromMs + windowMs) throw refusal(message);
  store.counters.set(`cooldown:${name}`, { fromMs: store.now(), used: 1 });
}
