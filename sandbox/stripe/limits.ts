import { Refusal } from "./refusal.ts";
import type { Settings } from "./settings.ts";

/** Calls counted per second of the sandbox's clock: while time stands still, only waiting (which moves it) helps. */
export class RateLimiter {
  #second = 0;
  #basic = 0;
  #meterEvents = 0;
  readonly #locks = new Set<string>();

  /** Counts a call; throws 429 above the limit. */
  count(nowMs: number, meterEvent: boolean, settings: Settings): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#basic = 0;
      this.#meterEvents = 0;
    }
    const separate = meterEvent && !settings.meterEventsCountAsBasic;
    if (separate ? this.#meterEvents >= settings.meterEventsPerSecond : this.#basic >= settings.basicPerSecond)
      throw new Refusal("Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.", {
        status: 429,
        code: "rate_limit",
        headers: { "Stripe-Rate-Limited-Reason": separate ? "endpoint-rate" : "global-rate" },
        beforeWork: true,
      });
    if (separate) this.#meterEvents += 1;
    else this.#basic += 1;
  }

  /** One call at a time for a customer and meter; throws 429 while another one runs. */
  lock(name: string): void {
    if (this.#locks.has(name))
      throw new Refusal("Only one concurrent meter event call is allowed per customer per meter.", {
        status: 429,
        code: "rate_limit",
        headers: { "Stripe-Rate-Limited-Reason": "resource-specific" },
        beforeWork: true,
      });
    this.#locks.add(name);
  }
  unlock(name: string): void {
    this.#locks.delete(name);
  }
}
