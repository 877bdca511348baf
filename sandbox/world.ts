import type { Emulator, EmulatorContext } from "./emulator.ts";
import type { Traffic } from "./traffic.ts";

/** The emulated vendors and what joins them: people's traffic, the edge, and what a customer does in a browser. */
export interface World {
  readonly emulators: Readonly<Record<Emulator["vendor"], Emulator>>;
  readonly traffic: Traffic;
  /** Answers a request to the emulated edge; the Host header chooses the tenant. */
  edge(request: Request): Response | Promise<Response>;
  /** Completes a set-up session as the customer does on the hosted page; throws an Error that says what is wrong. */
  completeSetup(wish: Record<string, unknown>): unknown;
  /** JSON. `restore(snapshot())` changes nothing; a snapshot of another form throws. */
  snapshot(): unknown;
  restore(snapshot: unknown): void;
}

export type MakeWorld = (context: EmulatorContext) => World;
