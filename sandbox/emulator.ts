/** What every emulated vendor is to the sandbox: a Fetch handler over state that is plain JSON, driven by the sandbox's clock. */

export interface EmulatorClock {
  /** Virtual time, epoch milliseconds. */
  now(): number;
}

/** A source of chance that a seed brings back. */
export type Random = () => number;

export interface EmulatorContext {
  readonly clock: EmulatorClock;
  readonly random: Random;
}

export interface Emulator {
  readonly vendor: "railway" | "cloudflare" | "stripe" | "openrouter";
  /** The operation as calls and faults name it: the GraphQL operation name, or `METHOD /path` with ids as `:id`. */
  operation(request: { readonly method: string; readonly path: string; readonly body: string }): string;
  /** Answers one request. State changes happen before the returned promise resolves, so that a `dropAnswer` fault loses the answer only. */
  fetch(request: Request): Response | Promise<Response>;
  /** All it holds, with the vendor's own field names: `{"projects":[…],"services":[…]}`. */
  state(): Record<string, unknown>;
  /** Adds objects with given ids, in the shape of `state()`; throws an Error whose message says what is wrong. */
  seed(objects: Record<string, unknown>): void;
  /** Back to empty. */
  reset(): void;
  /** Everything needed to go on after a restart, JSON. `restore(snapshot())` changes nothing. */
  snapshot(): unknown;
  restore(snapshot: unknown): void;
  /** When the earliest event of its own is due (a deployment finishes, a period ends); undefined when none is. */
  nextDue(): number | undefined;
  /** Lets the events due at the clock's present time happen. Called with the clock standing at `nextDue()`; must make `nextDue()` move on. */
  runDue(): void;
  /** `graphqlError` faults: the answer with this message in the vendor's shape; absent where the vendor has no GraphQL. */
  graphqlError?(message: string): Response;
  /** Switches of behaviours where the vendor's is unknown (reference pages: "switchable"); `POST /_sandbox/settings`. */
  settings?(): Record<string, unknown>;
  configure?(settings: Record<string, unknown>): void;
}
