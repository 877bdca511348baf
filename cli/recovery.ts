/** What a killed run leaves: a lock, and creates of which nobody knows whether the vendor did them. Ours adopt by themselves (they look for their marker
 *  first); the official Cloudflare plugin cannot, so its objects are looked for here and taken into the state. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Clock, systemClock } from "../domain/clock.ts";
import { exitCode, OperatorError, redact } from "../domain/error.ts";
import { runPulumi } from "../engine/run.ts";
import { findMade, MadeInputs } from "../vendors/cloudflare/made.ts";
import type { Context } from "./context.ts";
import type { StackEnvironment } from "./environment.ts";
import { interruptible } from "./interrupt.ts";
import { describeLock, locksAreLeft, locksIn, saysLocked } from "./lock.ts";

const Exported = z.looseObject({
  deployment: z.looseObject({ pending_operations: z.array(z.looseObject({ type: z.string() })).optional() }),
});
const Preview = z.looseObject({
  steps: z
    .array(
      z.looseObject({
        op: z.string(),
        urn: z.string(),
        newState: z.looseObject({ type: z.string(), inputs: z.unknown().optional() }).optional(),
      }),
    )
    .default([]),
});
const ImportFile = z.looseObject({
  resources: z.array(
    z.looseObject({ type: z.string(), name: z.string(), logicalName: z.string().optional(), component: z.boolean().optional() }),
  ),
});

export interface Healing {
  /** `--recover`: a person says that no other run works on the stack. */
  readonly force: boolean;
  /** When this run began; epoch milliseconds. */
  readonly began: number;
  readonly clock?: Clock;
  /** The stack's state as it was read a moment ago; asked for if absent. */
  readonly exported?: string | undefined;
}

/** Runs after clearing up what a killed run left: its lock where nobody works behind it, and creates that it did not write down.
 *  With `force` both in any case. A lock that may be somebody's stays, and the engine's refusal is the outcome. */
export async function heal<T extends { readonly stderr: string }>(
  context: Context,
  whole: StackEnvironment,
  { force, began, clock = systemClock, exported }: Healing,
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
  if (force) {
    await breakLock(context, whole);
    await settle(context, whole);
    return run();
  }
  // With creates pending, a run before they are settled would make them again.
  const outcome = hasPendingCreates(exported ?? (await must(context, whole, ["stack", "export", "--stack", whole.stack])))
    ? undefined
    : await run();
  if (outcome && !(await freed(outcome.stderr))) return outcome;
  try {
    await settle(context, whole);
  } catch (error) {
    if (!(error instanceof OperatorError) || !saysLocked(error.message)) throw error;
    if (!(await freed(error.message))) throw new OperatorError(`${error.message}\n${recoverHint(whole.stack)}`, error.exitCode);
    await settle(context, whole);
  }
  return run();
}

export function recoverHint(stack: string): string {
  return `an earlier run was killed, or one still works; if none does: fleet up ${stack} --recover`;
}

/** Every CI sets `CI`. There the job that runs `up` has a concurrency group for its stack (.github/workflows/deploy.yml), so an older lock has no run. */
function inCi({ CI }: NodeJS.ProcessEnv): boolean {
  return CI === "true" || CI === "1";
}

/** Whether an earlier run ended between asking a vendor for an object and writing down its id. */
function hasPendingCreates(exported: string): boolean {
  const { pending_operations = [] } = Exported.parse(JSON.parse(exported)).deployment;
  return pending_operations.some(({ type }) => type === "creating");
}

/** After the lock is free: brings the state in line with what the vendors have, and takes in what the killed run made. The engine's list of pending creates
 *  is not enough for that: a killed engine may not have written the last ones down. So what the program still wants to make is looked for. */
async function settle(context: Context, whole: StackEnvironment): Promise<void> {
  const { stack } = whole;
  await must(context, whole, ["refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack]);
  context.say("an earlier run was killed; looking what it made …");
  const folder = await mkdtemp(join(tmpdir(), "fleet-recovery-"));
  try {
    const file = join(folder, "import.json");
    const plan = Preview.parse(
      JSON.parse(await must(context, whole, ["preview", "--json", "--import-file", file, "--stack", stack])),
    );
    const ids = await idsOfMade(whole, plan);
    if (ids.size === 0) return;
    const wanted = ImportFile.parse(JSON.parse(await readFile(file, "utf8")));
    const resources = wanted.resources.flatMap((one) => {
      const id = ids.get(`${one.type} ${one.logicalName ?? one.name}`);
      return one.component ? [one] : id === undefined ? [] : [{ ...one, id }];
    });
    await writeFile(file, JSON.stringify({ ...wanted, resources }));
    context.say(`taking ${ids.size} objects of Cloudflare into the state`);
    const options = ["--yes", "--skip-preview", "--protect=false", "--generate-code=false", "--stack", stack];
    await must(context, whole, ["import", "--file", file, ...options]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Import ids by `<type> <name>` of what the program wants to make and Cloudflare already has. */
async function idsOfMade({ env }: StackEnvironment, { steps }: z.infer<typeof Preview>): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const { op, urn, newState } of steps) {
    const inputs = MadeInputs.safeParse(newState?.inputs);
    if (op !== "create" || !newState || !inputs.success) continue;
    const id = await findMade({ env, clock: systemClock }, newState.type, inputs.data);
    if (id !== undefined) ids.set(`${newState.type} ${urn.split("::").at(-1)}`, id);
  }
  return ids;
}

async function breakLock(context: Context, whole: StackEnvironment): Promise<void> {
  await must(context, whole, ["cancel", whole.stack, "--yes"]);
}

/** Throws OperatorError where the engine fails, and where somebody asked to stop meanwhile. */
async function must(context: Context, { engine, env }: StackEnvironment, args: readonly string[]): Promise<string> {
  return interruptible(context, async (signal) => {
    const { code, stdout, stderr } = await runPulumi(engine, args, { cwd: context.root, env, signal });
    if (signal.aborted)
      throw new OperatorError(`stopped in pulumi ${args[0]}; run the same command again to go on`, exitCode.failed);
    if (code === 0) return stdout;
    const said = redact(stderr.trim() || stdout.trim());
    throw new OperatorError(`pulumi ${args[0]} failed:\n${said}`, exitCode.failed);
  });
}
