/** What every `up` heals: a lock and creates that a killed run left, and at Cloudflare what was made and never written down, or made twice. Providers of ours
 *  adopt by themselves (they look for their marker first); the official Cloudflare plugin cannot. */
import { z } from "zod";
import { type Clock, systemClock } from "../domain/clock.ts";
import { OperatorError } from "../domain/error.ts";
import type { CloudflareObject } from "../vendors/cloudflare/objects.ts";
import type { Context } from "./context.ts";
import type { Edge } from "./edge.ts";
import { engineStep, Stopped } from "./engine-step.ts";
import type { StackEnvironment } from "./environment.ts";
import { describeLock, locksAreLeft, locksIn, saysLocked } from "./lock.ts";
import { mend } from "./mending.ts";
import { exportState } from "./state.ts";

const Exported = z.looseObject({
  deployment: z.looseObject({ pending_operations: z.array(z.looseObject({ type: z.string() })).optional() }),
});

/** What a run has to tell. */
export interface Run {
  readonly code: number;
  readonly stderr: string;
  /** Whether somebody asked to stop: then nothing more is begun. */
  readonly stopped: boolean;
  /** Whether it made something at Cloudflare. */
  readonly madeAtEdge: boolean;
}

export interface Healing<T extends Run> {
  /** `--recover`: a person says that no other run works on the stack. */
  readonly force: boolean;
  /** When this run began; epoch milliseconds. */
  readonly began: number;
  readonly clock?: Clock;
  /** The stack's state as it was read a moment ago; asked for if absent. */
  readonly exported?: string | undefined;
  /** Undefined where nobody can look at Cloudflare. */
  readonly edge?: Edge | undefined;
  /** A look that has begun already. */
  readonly looking?: Promise<readonly CloudflareObject[] | undefined> | undefined;
  /** Two runs told as one. */
  readonly together: (first: T, second: T) => T;
}

/** Runs after clearing up what earlier runs left, and looks after it at what the run itself left. A lock that may be somebody's stays, and the engine's refusal
 *  is the outcome. What could not be looked at or cleared up is said; `edge.failures` remembers it. */
export async function heal<T extends Run>(
  context: Context,
  whole: StackEnvironment,
  { force, began, clock = systemClock, exported, edge, looking, together }: Healing<T>,
  run: () => Promise<T>,
): Promise<T> {
  const onlyRun = inCi(context.process.env);
  const freed = async (message: string) => {
    const locks = locksIn(message);
    if (!saysLocked(message) || !(await locksAreLeft(locks, { began, onlyRun, clock }))) return false;
    context.say(`nobody works behind the lock of ${locks.map(describeLock).join(", ")}: breaking it`);
    await breakLock(context, whole);
    return true;
  };
  /** Once more after a lock that nobody holds was met. */
  const freely = async (step: () => Promise<void>) => {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof OperatorError) || !saysLocked(error.message)) throw error;
      if (!(await freed(error.message))) throw new OperatorError(`${error.message}\n${recoverHint(whole.stack)}`, error.exitCode);
      await step();
    }
  };
  const finished = (outcome: T) => finish(context, whole, edge, { outcome, run, together });

  if (force) {
    await breakLock(context, whole);
    await settle(context, whole, edge);
    return finished(await run());
  }
  const state = exported ?? (await exportState(context, whole));
  // With creates pending, a run before they are settled would make them again.
  if (hasPendingCreates(state)) {
    await freely(() => settle(context, whole, edge));
    return finished(await run());
  }
  const found = await (looking ?? edge?.look());
  if (edge && found)
    await freely(async () => {
      await mend(context, whole, edge, { found, exported: state, lost: true });
    }).catch((error) => goOn(edge, error));
  const outcome = await run();
  if (!(await freed(outcome.stderr))) return finished(outcome);
  await freely(() => settle(context, whole, edge));
  return finished(await run());
}

/** A run that only deletes: what is deleted already, by a request whose answer was lost, would be asked for in vain. */
export async function healDeleting<T extends Run>(
  context: Context,
  whole: StackEnvironment,
  { exported, edge, together }: Pick<Healing<T>, "edge" | "together"> & { readonly exported: string },
  run: () => Promise<T>,
): Promise<T> {
  if (hasPendingCreates(exported))
    context.say(
      `an earlier run was killed, and what it was making then is in no state: it stays at the vendors. fleet up ${whole.stack}, before this, takes it in`,
    );
  const found = await edge?.look();
  if (edge && found) await mend(context, whole, edge, { found, exported, lost: true }).catch((error) => goOn(edge, error));
  return finish(context, whole, edge, { outcome: await run(), run, together });
}

/** What cannot be mended is one tenant's, or Cloudflare's trouble: the others' run is not held up by it, and the next one mends. */
function goOn(edge: Edge, error: unknown): void {
  if (!(error instanceof OperatorError) || error instanceof Stopped || saysLocked(error.message)) throw error;
  edge.fail(`what the state and Cloudflare say differently could not be mended: ${error.message}\nrun this again`);
}

export function recoverHint(stack: string): string {
  return `an earlier run was killed, or one still works; if none does: fleet up ${stack} --recover`;
}

/** Every CI sets `CI`. There the job that runs `up` has a concurrency group for its stack (.github/workflows/deploy.yml), so an older lock has no run. */
function inCi({ CI }: NodeJS.ProcessEnv): boolean {
  return CI === "true" || CI === "1";
}

/** Whether an earlier run ended between asking a vendor for an object and writing down its id. */
export function hasPendingCreates(exported: string): boolean {
  const { pending_operations = [] } = Exported.parse(JSON.parse(exported)).deployment;
  return pending_operations.some(({ type }) => type === "creating");
}

/** After the lock is free: brings the state in line with what the vendors have, and takes in what the killed run made. The engine's list of pending creates
 *  is not enough for that: a killed engine may not have written the last ones down. So what the program still wants to make is looked for. */
async function settle(context: Context, whole: StackEnvironment, edge: Edge | undefined): Promise<void> {
  if (!edge) throw new OperatorError("CLOUDFLARE_API_TOKEN is not set: without it nobody can look what a killed run made");
  const { stack } = whole;
  context.say("an earlier run was killed; looking what it made …");
  await engineStep(context, whole, ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack]);
  const found = await edge.look();
  if (!found) throw new OperatorError("what a killed run made cannot be found before Cloudflare answers; run this again then");
  await mend(context, whole, edge, { found, exported: await exportState(context, whole), lost: true });
}

/** After the first one, in one command. */
const mostRuns = 3;

interface Finish<T extends Run> {
  readonly outcome: T;
  readonly run: () => Promise<T>;
  readonly together: Healing<T>["together"];
}

/** The plugin's own retries make a second one of what was made, or fail at it: so after a run that made something or failed, Cloudflare is looked at again.
 *  Twins go only now, while the engine has just had the lock and the state holds the one that stays. */
async function finish<T extends Run>(
  context: Context,
  whole: StackEnvironment,
  edge: Edge | undefined,
  { outcome, run, together }: Finish<T>,
): Promise<T> {
  if (!edge || edge.failures.length > 0 || outcome.stopped || saysLocked(outcome.stderr)) return outcome;
  if (outcome.code === 0 && !outcome.madeAtEdge && !edge.unsettled) return outcome;
  let whatCame = outcome;
  try {
    let found = await edge.look();
    if (!found || (outcome.code === 0 && !edge.suspicious(found))) return outcome;
    let exported = await exportState(context, whole);
    // What a lost answer held up may lose the next one: a destroy deletes the last objects only then.
    for (let more = mostRuns; more > 0 && (await mend(context, whole, edge, { found, exported, lost: false })); more--) {
      context.say("going on with what that held up …");
      whatCame = together(whatCame, await run());
      if (whatCame.stopped) return whatCame;
      found = await edge.look();
      if (!found) return whatCame;
      exported = await exportState(context, whole);
    }
    await edge.tidy(found, exported);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    edge.fail(`what this run left at Cloudflare is not cleared up: ${error.message}`);
  }
  return whatCame;
}

async function breakLock(context: Context, whole: StackEnvironment): Promise<void> {
  await engineStep(context, whole, ["cancel", whole.stack, "--yes"]);
}
