/** Faults that anybody may order on a vendor's port: `POST /_sandbox/faults [{operation, nth|probability, effect}]`. */
import { z } from "zod";
import type { Random } from "./emulator.ts";

const Fault = z
  .strictObject({
    /** The operation as `/_sandbox/calls` shows it; `*` = every one. */
    operation: z.string().min(1),
    /** The nth matching call from now on, counted from 1; happens once. */
    nth: z.int().min(1).optional(),
    /** Each matching call with this chance, until the faults are cleared. */
    probability: z.number().min(0).max(1).optional(),
    effect: z
      .string()
      .regex(/^(status:[2-5]\d\d|afterWork:[45]\d\d|delay:\d+|dropAnswer|hold|holdAnswer|graphqlError:.+|echo)$/s, {
        error:
          "an effect is status:<code>, afterWork:<code>, delay:<ms>, dropAnswer, hold, holdAnswer, graphqlError:<message> or echo",
      }),
  })
  .refine((fault) => (fault.nth === undefined) !== (fault.probability === undefined), {
    error: "a fault has either nth or probability",
  });
type Fault = z.infer<typeof Fault>;

export type Effect =
  /** Instead of the work. */
  | { readonly kind: "status"; readonly status: number }
  /** Instead of the answer to work that was done: a gateway that gave up waiting. */
  | { readonly kind: "afterWork"; readonly status: number }
  | { readonly kind: "delay"; readonly milliseconds: number }
  | { readonly kind: "dropAnswer" }
  /** Neither work nor answer until the client is gone; time stands still meanwhile, so that whoever wants to kill it has all the time. Clearing the
   *  faults lets it go on. */
  | { readonly kind: "hold" }
  /** As `hold`, but the work is done first. */
  | { readonly kind: "holdAnswer" }
  | { readonly kind: "graphqlError"; readonly message: string }
  | { readonly kind: "echo" };

export class Faults {
  #waiting: { fault: Fault; seen: number }[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Adds faults from a request body; throws an Error that names every problem. */
  add(body: unknown): number {
    const parsed = z.array(Fault).safeParse(Array.isArray(body) ? body : [body]);
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
    for (const fault of parsed.data) this.#waiting.push({ fault, seen: 0 });
    return parsed.data.length;
  }

  list(): readonly (Fault & { seen: number })[] {
    return this.#waiting.map(({ fault, seen }) => ({ ...fault, seen }));
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Takes what `list()` gave: ordered is ordered, whatever process the call comes to. */
  restore(kept: readonly (Fault & { seen: number })[]): void {
    this.#waiting = kept.map(({ seen, ...fault }) => ({ fault, seen }));
  }

  /** The effects for this call, in the order in which they were ordered; counts it. */
  take(operation: string): Effect[] {
    const effects: Effect[] = [];
    this.#waiting = this.#waiting.filter((waiting) => {
      if (waiting.fault.operation !== "*" && waiting.fault.operation !== operation) return true;
      waiting.seen++;
      const { nth, probability, effect } = waiting.fault;
      const happens = nth === undefined ? this.#random() < (probability ?? 0) : waiting.seen === nth;
      if (happens) effects.push(parseEffect(effect));
      return nth === undefined || waiting.seen < nth;
    });
    return effects;
  }
}

function parseEffect(text: string): Effect {
  const split = text.indexOf(":");
  const kind = split < 0 ? text : text.slice(0, split);
  const value = split < 0 ? "" : text.slice(split + 1);
  switch (kind) {
    case "status":
    case "afterWork":
      return { kind, status: Number(value) };
    case "delay":
      return { kind, milliseconds: Number(value) };
    case "graphqlError":
      return { kind, message: value };
    case "echo":
    case "hold":
    case "holdAnswer":
      return { kind };
    default:
      return { kind: "dropAnswer" };
  }
}
