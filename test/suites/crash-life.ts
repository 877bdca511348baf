/** A tenant's whole life on the real engine, in which one vendor call after the other goes wrong: killed before it, killed after it, its answer lost. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { type Entry, entryOf, type Files } from "./edits-files.ts";
import { type Answer, EditedStack, type VendorName } from "./edits-stack.ts";
import { family, kill } from "./hostile-machine-ground.ts";

export const effects = ["killed before", "killed after", "answer lost"] as const;
export type Effect = (typeof effects)[number];

const vendors = ["railway", "cloudflare", "openrouter"] as const satisfies readonly VendorName[];
const faults = { "killed before": "hold", "killed after": "holdAnswer", "answer lost": "dropAnswer" } as const;

/** In the order of a life; each begins where the one before it ended. */
export const phases = ["create", "update", "suspend", "resume", "offboard", "delete"] as const;
export type Phase = (typeof phases)[number];

/** One call of a clean run and what happens to it. */
export interface Point {
  readonly phase: Phase;
  readonly vendor: VendorName;
  readonly operation: string;
  /** Among the phase's calls of this operation, from 1. */
  readonly nth: number;
  readonly effect: Effect;
}

/** `update: railway volumeUpdate 1, killed after` */
export function nameOf({ phase, vendor, operation, nth, effect }: Point): string {
  return `${phase}: ${vendor} ${operation} ${nth}, ${effect}`;
}

/** Living objects by kind. */
type World = Readonly<Record<string, number>>;

/** Asked until something is there or up: how often differs from run to run, so that only the first two have a place of their own. */
const polls = new Set(["deployment", "deployments", "volumeInstances", "environmentPatch", "workflowStatus"]);
const polledPlaces = 2;

/** At most so many runs of `up` after the one that went wrong. */
const mostRuns = 2;
/** An empty folder of tenants is refused, so somebody stays. */
const keeper = entryOf("tn_keeper0000", "keeper");

export class CrashLives {
  #started: Promise<EditedStack> | undefined;
  readonly #clean = new Map<Phase, World>();
  #count = 0;
  #at: Phase = "delete";
  #entry: Entry = keeper;

  async end(): Promise<void> {
    const stack = await this.#started?.catch(() => undefined);
    await stack?.end();
  }

  #stack(): Promise<EditedStack> {
    this.#started ??= (async () => {
      const stack = await EditedStack.start(new Map([["keeper", keeper]]));
      await came(stack);
      return stack;
    })();
    return this.#started;
  }

  /** A life in which nothing goes wrong: the calls that each phase makes. */
  async record(): Promise<Omit<Point, "effect">[]> {
    const stack = await this.#stack();
    const points: Omit<Point, "effect">[] = [];
    for (const phase of phases) {
      const before = await callsOf(stack);
      this.#turn(stack, phase);
      await came(stack);
      const after = await callsOf(stack);
      this.#clean.set(phase, await worldOf(stack));
      for (const vendor of vendors) {
        const seen = new Map<string, number>();
        for (const operation of after[vendor].slice(before[vendor].length)) {
          const nth = (seen.get(operation) ?? 0) + 1;
          seen.set(operation, nth);
          if (!polls.has(operation) || nth <= polledPlaces) points.push({ phase, vendor, operation, nth });
        }
      }
    }
    return points;
  }

  /** The phase with the point's fault in it; lives on, without faults, to where the phase begins. */
  async run(point: Point): Promise<void> {
    const stack = await this.#stack();
    while (follower(this.#at) !== point.phase) {
      this.#turn(stack, follower(this.#at));
      await came(stack);
    }
    const kept = point.phase === "create" ? undefined : await volumesOf(stack);
    this.#turn(stack, point.phase);
    const first = await wrong(stack, point);
    let last = first;
    for (let run = 0; run < mostRuns && (run === 0 || last.code !== 0); run++) last = await stack.fleet("up", "sandbox");
    strictEqual(last.code, 0, `the first run:\n${told(first)}\nand ${mostRuns} more did not heal it:\n${told(last)}`);
    deepStrictEqual(await worldOf(stack), this.#clean.get(point.phase));
    if (kept && point.phase !== "delete") deepStrictEqual(await volumesOf(stack), kept);
    deepStrictEqual(pending(stack.deployment()), []);
    const preview = await stack.fleet("preview", "sandbox");
    strictEqual(preview.code, 0, `the preview is not empty:\n${told(preview)}`);
  }

  /** Writes the files of the phase. */
  #turn(stack: EditedStack, phase: Phase): void {
    if (phase === "create") this.#entry = entryOf(`tn_crash${String(this.#count++).padStart(5, "0")}`, "crash");
    const { state: _, ...entry } = this.#entry;
    const app = { memoryGB: 2, vCPUs: 2, volumeGB: 10, release: "beta", variables: { CRASH: "tested" } };
    const turned: Entry | undefined = {
      create: entry,
      update: { ...entry, app },
      suspend: { ...entry, state: "suspended" },
      resume: { ...entry, state: "active" },
      offboard: { ...entry, state: "offboarding" },
      delete: undefined,
    }[phase];
    if (turned) this.#entry = turned;
    const files: Files = new Map([["keeper", keeper], ...(turned ? [["crash", turned] as const] : [])]);
    stack.write(files);
    this.#at = phase;
  }
}

function follower(phase: Phase): Phase {
  return phases[(phases.indexOf(phase) + 1) % phases.length] ?? "create";
}

/** `up`, in which the point's call goes wrong. */
async function wrong(stack: EditedStack, { vendor, operation, nth, effect }: Point): Promise<Answer> {
  await stack.order(vendor, { operation, nth, effect: faults[effect] });
  const { pid, answer } = stack.begin(["up", "sandbox"]);
  let over = false;
  void answer.then(() => {
    over = true;
  });
  while (!over && (effect === "answer lost" || (await stack.waits(vendor))))
    await Promise.race([answer, new Promise((done) => setTimeout(done, 50))]);
  // Engine, program and plugins die together, as on a machine that is switched off.
  for (const one of over ? [] : family(pid)) kill(one, "SIGKILL");
  const said = await answer;
  const missed = await stack.waits(vendor);
  await stack.clearFaults(vendor);
  ok(!missed, `the run never came to its call:\n${told(said)}`);
  return said;
}

async function came(stack: EditedStack): Promise<void> {
  const answer = await stack.fleet("up", "sandbox");
  strictEqual(answer.code, 0, told(answer));
}

const kinds = {
  railway: ["projects", "services", "volumeInstances"],
  cloudflare: ["tunnels", "apps", "policies", "dnsRecords", "identityProviders"],
  openrouter: ["keys"],
} as const satisfies Record<VendorName, readonly string[]>;
const Living = z.array(
  z.looseObject({ deletedAt: z.unknown(), deleted_at: z.unknown(), isPendingDeletion: z.unknown() }).partial(),
);

async function worldOf(stack: EditedStack): Promise<World> {
  const world: Record<string, number> = {};
  for (const vendor of vendors) {
    const state = await stack.stateOf(vendor);
    for (const kind of kinds[vendor])
      world[kind] = Living.parse(state[kind]).filter((one) => !one.deletedAt && !one.deleted_at && !one.isPendingDeletion).length;
  }
  return world;
}

async function volumesOf(stack: EditedStack): Promise<string[]> {
  const { volumeInstances } = await stack.railway();
  return volumeInstances.flatMap(({ volumeId, isPendingDeletion }) => (isPendingDeletion ? [] : [volumeId])).sort();
}

async function callsOf(stack: EditedStack): Promise<Record<VendorName, string[]>> {
  return {
    railway: await stack.calls("railway"),
    cloudflare: await stack.calls("cloudflare"),
    openrouter: await stack.calls("openrouter"),
  };
}

const Checkpoint = z.looseObject({
  checkpoint: z.looseObject({ latest: z.looseObject({ pending_operations: z.array(z.unknown()).nullish() }).nullish() }),
});

function pending(deployment: unknown): unknown[] {
  return Checkpoint.parse(deployment).checkpoint.latest?.pending_operations ?? [];
}

function told({ code, out, err }: Answer): string {
  return `exit code ${code}\n${out}${err}`;
}
