/** Plays people's use of tenants. A visit goes the way a real one goes (hostname, Access, tunnel, private network, application), so that an
 *  hour is active only where the infrastructure is really wired. Visits in the future wait for the clock to get there. */
import { z } from "zod";
import type { EventSource } from "./clock.ts";
import type { EmulatorClock } from "./emulator.ts";

const Iso = z.iso.datetime({ error: "a time is ISO 8601 with Z, such as 2026-11-30T10:00:00Z" });

/** One stretch of use. */
export const Use = z
  .strictObject({
    /** Hostname, or its first label where that names one host alone. */
    tenant: z.string().min(1),
    /** Begin; default: now. */
    from: Iso.optional(),
    hours: z
      .number()
      .positive()
      .max(24 * 62)
      .optional(),
    minutes: z
      .number()
      .positive()
      .max(24 * 62 * 60)
      .optional(),
    /** A request each so many minutes. */
    everyMinutes: z.number().min(1).default(1),
    /** A sprint runs meanwhile: the application calls models each minute with the tenant's own key. */
    sprint: z.boolean().default(false),
    path: z.string().startsWith("/").default("/"),
    /** Who comes; default: somebody whom the tenant's Access policy lets in. */
    email: z.string().optional(),
  })
  .refine((use) => use.hours !== undefined || use.minutes !== undefined, { error: "say how long: hours or minutes" });
export type Use = z.infer<typeof Use>;

export interface Visit {
  readonly hostname: string;
  readonly path: string;
  readonly email: string | undefined;
  readonly sprint: boolean;
  readonly atMs: number;
}

export interface UsePlayed {
  readonly hostname: string;
  readonly from: string;
  readonly to: string;
  readonly visits: number;
  /** How visits of the past ended, counted by outcome. */
  readonly outcomes: Record<string, number>;
  /** Visits that wait for the clock. */
  readonly waiting: number;
}

/** How a visit ends, in a word: `origin` when the application answered. */
export type PlayVisit = (visit: Visit) => string;

/** Use that is not over: its next visit and the ones after it. Kept as a rule and not as visits, because a month of a fleet has millions. */
interface Stretch {
  readonly hostname: string;
  readonly path: string;
  readonly email?: string | undefined;
  readonly sprint: boolean;
  nextMs: number;
  readonly toMs: number;
  readonly everyMs: number;
}

const minute = 60_000;

export class Traffic implements EventSource {
  #stretches: Stretch[] = [];
  readonly #clock: EmulatorClock;
  readonly #hostnames: () => readonly string[];
  readonly #visit: PlayVisit;
  readonly #prepare: () => void;
  /** Outcomes of all visits since the start, by hostname and outcome. */
  outcomes: Record<string, Record<string, number>> = {};

  /** `prepare` is called before visits of one moment, which find everything else standing still. */
  constructor(clock: EmulatorClock, hostnames: () => readonly string[], visit: PlayVisit, prepare: () => void = () => {}) {
    this.#clock = clock;
    this.#hostnames = hostnames;
    this.#visit = visit;
    this.#prepare = prepare;
  }

  /** Plays what lies in the past at once and keeps the rest; throws an Error that says what is wrong with the request. */
  play(body: unknown): UsePlayed {
    const parsed = Use.safeParse(body);
    if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
    const use = parsed.data;
    const hostname = this.#hostname(use.tenant);
    const now = this.#clock.now();
    const from = use.from === undefined ? now : Date.parse(use.from);
    const to = from + Math.round((use.hours ?? 0) * 60 * minute + (use.minutes ?? 0) * minute);
    const { path, email, sprint } = use;
    const stretch: Stretch = { hostname, path, email, sprint, nextMs: from, toMs: to, everyMs: use.everyMinutes * minute };
    const visits = visitsLeft(stretch);
    this.#prepare();
    const outcomes: Record<string, number> = {};
    while (stretch.nextMs < to && stretch.nextMs <= now) {
      const outcome = this.#next(stretch);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    const waiting = visitsLeft(stretch);
    if (waiting > 0) this.#stretches.push(stretch);
    return { hostname, from: new Date(from).toISOString(), to: new Date(to).toISOString(), visits, outcomes, waiting };
  }

  nextDue(): number | undefined {
    return this.#earliest()?.nextMs;
  }

  /** Plays what is due in the order of time; at the same time, what was ordered first. */
  runDue(): void {
    const now = this.#clock.now();
    this.#prepare();
    for (let due = this.#earliest(); due && due.nextMs <= now; due = this.#earliest()) {
      const stretch = due;
      this.#next(stretch);
      if (visitsLeft(stretch) === 0) this.#stretches = this.#stretches.filter((other) => other !== stretch);
    }
  }

  snapshot(): unknown {
    return { stretches: structuredClone(this.#stretches), outcomes: this.outcomes };
  }

  restore(snapshot: { stretches: Stretch[]; outcomes: Record<string, Record<string, number>> }): void {
    this.#stretches = structuredClone(snapshot.stretches);
    this.outcomes = snapshot.outcomes;
  }

  reset(): void {
    this.#stretches = [];
    this.outcomes = {};
  }

  #earliest(): Stretch | undefined {
    let first: Stretch | undefined;
    for (const stretch of this.#stretches) if (!first || stretch.nextMs < first.nextMs) first = stretch;
    return first;
  }

  /** Moves on before it plays: a visit that fails is not tried for ever. */
  #next(stretch: Stretch): string {
    const { hostname, path, email, sprint, nextMs: atMs } = stretch;
    stretch.nextMs += stretch.everyMs;
    return this.#run({ hostname, path, email, sprint, atMs });
  }

  #run(visit: Visit): string {
    const outcome = this.#visit(visit);
    const counts = this.outcomes[visit.hostname] ?? {};
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    this.outcomes[visit.hostname] = counts;
    return outcome;
  }

  #hostname(tenant: string): string {
    const known = this.#hostnames();
    if (known.includes(tenant)) return tenant;
    const matches = known.filter((hostname) => hostname.split(".")[0] === tenant);
    if (matches.length === 1 && matches[0]) return matches[0];
    const list = known.length > 0 ? known.join(", ") : "none yet: bring tenants up first";
    throw new Error(`"${tenant}" is no hostname of this sandbox's zone (${list})`);
  }
}

function visitsLeft({ nextMs, toMs, everyMs }: Stretch): number {
  return Math.max(0, Math.ceil((toMs - nextMs) / everyMs));
}
