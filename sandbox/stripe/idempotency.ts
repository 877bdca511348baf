import * as z from "zod";
import { Refusal } from "./refusal.ts";

const keptMs = 24 * 3_600_000;

const Kept = z.object({
  key: z.string(),
  fingerprint: z.string(),
  atMs: z.number(),
  requestId: z.string(),
  status: z.number(),
  body: z.string(),
  headers: z.record(z.string(), z.string()),
});
export type Kept = z.infer<typeof Kept>;

/** First answers by idempotency key, for 24 hours on the sandbox's clock. 500s are kept too. */
export class IdempotencyStore {
  readonly #kept = new Map<string, Kept>();
  readonly #inFlight = new Set<string>();

  /** The first answer to this key; throws where the key came with other parameters, or its first request is still running. */
  find(key: string, fingerprint: string, nowMs: number): Kept | undefined {
    if (this.#inFlight.has(key))
      throw new Refusal(
        `There is currently another in-progress request using this Idempotency Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
        { status: 409, type: "idempotency_error", code: "idempotency_key_in_use", beforeWork: true },
      );
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    if (kept.atMs <= nowMs - keptMs) {
      this.#kept.delete(key);
      return undefined;
    }
    if (kept.fingerprint !== fingerprint)
      throw new Refusal(
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        { type: "idempotency_error", beforeWork: true },
      );
    return kept;
  }
  begin(key: string): void {
    this.#inFlight.add(key);
  }
  /** Ends the request; `kept` undefined means that its work never began, so the key stays free. */
  end(key: string, kept: Kept | undefined): void {
    this.#inFlight.delete(key);
    if (!kept) return;
    for (const [old, answer] of this.#kept) {
      if (answer.atMs > kept.atMs - keptMs) break;
      this.#kept.delete(old);
    }
    this.#kept.set(key, kept);
  }
  dump(): Kept[] {
    return [...this.#kept.values()];
  }
  load(kept: unknown): void {
    this.#kept.clear();
    for (const answer of z.array(Kept).parse(kept)) this.#kept.set(answer.key, answer);
  }
}
