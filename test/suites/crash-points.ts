/** PURE. The points of `crash`: what a clean run asks of the vendors, and what goes wrong at each of these calls. */
import { randomOf } from "./random.ts";

export const effects = ["killed before", "killed after", "answer lost"] as const;
/** Engine and program are killed at the call; the plugin gets its answer, works on alone, and its result is lost. */
export const alone = "plugin left alone";
export type Effect = (typeof effects)[number] | typeof alone;

/** `wire`: the provider's process is driven over gRPC as the engine does it. */
export type Way = "engine" | "wire";

/** In the order of a life; each begins where the one before it ended. */
export const phases = ["create", "update", "suspend", "resume", "offboard", "delete"] as const;
export type Phase = (typeof phases)[number];

export const vendors = ["railway", "cloudflare", "openrouter"] as const;
export type Vendor = (typeof vendors)[number];

/** How often each operation is asked. */
export type Calls = Readonly<Record<Vendor, Readonly<Record<string, number>>>>;
export type Recorded = Readonly<Record<Phase, Calls>>;

/** One call of a clean run and what happens to it. */
export interface Point {
  readonly phase: Phase;
  readonly vendor: Vendor;
  readonly operation: string;
  /** Among the phase's calls of this operation, from 1. */
  readonly nth: number;
  readonly effect: Effect;
  readonly way: Way;
}

/** `update: railway serviceInstanceUpdate 1, killed after (wire)` */
export function nameOf({ phase, vendor, operation, nth, effect, way }: Point): string {
  return `${phase}: ${vendor} ${operation} ${nth}, ${effect} (${way})`;
}

/** Asked until something is there or up: how often differs from run to run, so that only the first two have a place of their own. */
const polls = new Set(["deployment", "deployments", "volumeInstances", "environmentPatch", "workflowStatus"]);
const polledPlaces = 2;

/** `up` looks at Cloudflare's lists beside its work, and once more where it found something: only the first look has a place of its own. */
const looks = /^GET \/client\/v4\//;

function placesOf(operation: string): number {
  return looks.test(operation) ? 1 : polls.has(operation) ? polledPlaces : Number.POSITIVE_INFINITY;
}

/** What was asked, counted; in the order of the names, because plugins ask beside each other. */
export function count(asked: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const operation of asked) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  const entries = [...counts].map(([operation, times]) => [operation, Math.min(times, placesOf(operation))] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** Whether the operation makes, changes or deletes something. */
export function writes(operation: string): boolean {
  return (
    /^(POST|PUT|PATCH|DELETE) /.test(operation) ||
    /(Create|Update|Upsert|Deploy\w*|Delete|Lock|Stop|Changes|Commit\w*)$/.test(operation)
  );
}

/** Every third write at Railway and OpenRouter goes through the engine, each with another effect than the one before. */
const engineShare = 3;
/** And so many of these writes leave the plugin alone. */
const aloneShare = 6;

/** The look is the same in each phase, and changes nothing: every second call of those after the first phase's has a point, with one effect in turn. */
const lookShare = 2;

/** Every call with every effect. The official Cloudflare plugin is known to the engine alone; of the others' points a spread over all phases goes through it. */
export function pointsOf(recorded: Recorded): Point[] {
  const points: Point[] = [];
  let write = 0;
  let again = 0;
  for (const phase of phases)
    for (const vendor of vendors)
      for (const [operation, times] of Object.entries(recorded[phase][vendor]))
        for (let nth = 1; nth <= times; nth++) {
          const call = { phase, vendor, operation, nth };
          if (looks.test(operation) && phase !== phases[0]) {
            const effect = again % lookShare === 0 ? effects[(again / lookShare) % effects.length] : undefined;
            if (effect) points.push({ ...call, effect, way: "engine" });
            again++;
            continue;
          }
          const own = vendor !== "cloudflare";
          const index = own && writes(operation) ? write++ : undefined;
          const through =
            index !== undefined && index % engineShare === 0 ? effects[(index / engineShare) % effects.length] : undefined;
          for (const effect of effects) points.push({ ...call, effect, way: !own || effect === through ? "engine" : "wire" });
          if (index !== undefined && index % aloneShare === 1) points.push({ ...call, effect: alone, way: "engine" });
        }
  return points;
}

const ofPhaseADay = 2;

/** The points of one day through the engine: of each phase the next of those that go through it, in an order that another seed changes. */
export function ofDay(points: readonly Point[], day: number, seed: number): Point[] {
  return phases.flatMap((phase) => {
    const all = randomOf(seed, phases.indexOf(phase)).shuffle(
      points.filter((point) => point.phase === phase && point.way === "engine"),
    );
    const first = (day * ofPhaseADay) % all.length;
    return [...all, ...all].slice(first, first + ofPhaseADay);
  });
}

/** Days since 1970 in UTC. */
export function dayOf(epochMs: number): number {
  return Math.floor(epochMs / 86_400_000);
}
