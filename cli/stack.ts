/** `fleet env|preview|up|destroy`: plain `pulumi` in the stack's environment, with progress per tenant and a summary. */
import { systemClock } from "../domain/clock.ts";
import { exitCode, RefusedError } from "../domain/error.ts";
import { pulumiEvents } from "../engine/events.ts";
import { settingsFile } from "../infra/settings-file.ts";
import { refuseLosses } from "./budget.ts";
import { Changes } from "./changes.ts";
import type { ChangeFlags, DestroyFlags, StackFlags, UpFlags } from "./commands/stack.ts";
import type { Context } from "./context.ts";
import { edgeOf, wantedBy } from "./edge.ts";
import { needStack, type StackEnvironment, sandboxStack, stackEnvironment } from "./environment.ts";
import { interruptible } from "./interrupt.ts";
import { judge, type Outcome, report } from "./outcome.ts";
import { policyArguments } from "./policies.ts";
import { refuseProtected } from "./protection.ts";
import { hasPendingCreates, heal, healDeleting } from "./recovery.ts";
import type { EnvReport } from "./reports.ts";
import { readStackFiles, slugsOf } from "./stack-files.ts";
import { exportedState, exportState } from "./state.ts";

export async function env(this: Context, flags: StackFlags, stack: string): Promise<void> {
  const { variables, dropped } = await stackEnvironment(this, stack);
  if (flags.json) return this.print(JSON.stringify({ set: { ...variables }, unset: [...dropped] } satisfies EnvReport));
  if (dropped.length > 0) this.print(`unset ${dropped.join(" ")}`);
  for (const [name, value] of Object.entries(variables)) this.print(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}

export async function preview(this: Context, flags: ChangeFlags, stack: string): Promise<void> {
  needStack(this.root, stack);
  const files = readStackFiles(this.root, stack);
  const whole = allowing(await stackEnvironment(this, stack), flags);
  const named = new Map([...refuseLosses(files, whole, await exportedState(this, whole)), ...slugsOf(files)]);
  this.progress.begin(`preview ${stack}`, `previewing ${stack}`);
  const outcome = await operate(this, whole, ["preview", ...policyArguments], named);
  report(this, stack, outcome, flags.json, "preview");
  refuseReplaced(outcome);
  const pending = outcome.code === 0 && outcome.changes.count > 0;
  this.process.exitCode = pending ? exitCode.pending : judge(outcome);
}

export async function up(this: Context, flags: UpFlags, stack: string): Promise<void> {
  needStack(this.root, stack);
  if (stack !== sandboxStack && !flags.yes)
    throw new RefusedError(`look at the changes with: fleet preview ${stack}; then make them with: fleet up ${stack} --yes`);
  const files = readStackFiles(this.root, stack);
  const began = await systemClock.now();
  const whole = allowing(await stackEnvironment(this, stack), flags);
  const over = new AbortController();
  const edge = edgeOf(this, whole, { settings: files.settings, wanted: wantedBy(files), signal: over.signal });
  try {
    // Beside the engine's first answer, so that it costs no time.
    const looking = flags.recover ? undefined : edge?.look();
    const exported = await exportedState(this, whole);
    const named = new Map([...refuseLosses(files, whole, exported), ...slugsOf(files)]);
    this.progress.begin(`up ${stack}`, `bringing ${stack} up`);
    const force = flags.recover ?? false;
    // What healing reads again at the vendors may have turned out to be gone.
    let isNews = force || exported === undefined || hasPendingCreates(exported);
    const outcome = await heal(this, whole, { force, began, exported, edge, looking, together }, async () => {
      if (isNews) refuseLosses(files, whole, await exportState(this, whole), exported);
      isNews = true;
      return operate(this, whole, ["up", "--yes", "--skip-preview", "--continue-on-error", ...policyArguments], named);
    });
    const told = { ...outcome, unhealed: edge?.failures ?? [] };
    report(this, stack, told, flags.json, "up");
    refuseReplaced(outcome);
    this.process.exitCode = judge(told);
  } finally {
    over.abort();
  }
}

export async function destroy(this: Context, flags: DestroyFlags, stack: string): Promise<void> {
  needStack(this.root, stack);
  if (stack !== sandboxStack && flags.confirm !== stack)
    throw new RefusedError(
      `this deletes every tenant of ${stack} with all data; if that is meant, write: fleet destroy ${stack} --confirm ${stack}`,
    );
  const whole = await stackEnvironment(this, stack);
  this.progress.begin(`destroy ${stack}`, `deleting what ${stack} made`);
  const exported = await exportState(this, whole);
  const named = refuseProtected(stack, exported);
  const file = settingsFile(this.root, stack);
  const [accountId, zoneId] = [file.get("accountId"), file.get("zoneId")];
  const edge = accountId && zoneId ? edgeOf(this, whole, { settings: { accountId, zoneId }, wanted: [] }) : undefined;
  const outcome = await healDeleting(this, whole, { exported, edge, together }, () =>
    operate(this, whole, ["destroy", "--yes", "--skip-preview", "--continue-on-error"], named),
  );
  const told = { ...outcome, unhealed: edge?.failures ?? [] };
  report(this, stack, told, flags.json, "destroy");
  this.process.exitCode = judge(told);
}

/** Projects and volumes are never replaced: what is on them would be gone. The provider's rules allow none; this holds whatever their next version says. An up
 *  is stopped at the first step of a replacement, and the old object is deleted in the last one. */
function refuseReplaced({ changes, slugs }: Outcome): void {
  if (changes.replaced.size === 0) return;
  const problems = [...changes.replaced].map(([name, owner]) => ({
    message: `${slugs.get(owner) ?? owner}: ${name} would be replaced, and its data would be gone`,
  }));
  throw new RefusedError(problems);
}

/** The program (infra/vanished.ts) and the deletion budget (budget.ts) ask the environment, so that plain `pulumi` can say it too. */
function allowing(whole: StackEnvironment, { allowDelete = [], allowEmpty = [] }: ChangeFlags): StackEnvironment {
  const { FLEET_ALLOW_DELETE = "", FLEET_ALLOW_EMPTY = "" } = whole.env;
  const added = {
    FLEET_ALLOW_DELETE: [FLEET_ALLOW_DELETE, ...allowDelete].join(" "),
    FLEET_ALLOW_EMPTY: [FLEET_ALLOW_EMPTY, ...allowEmpty].join(" "),
  };
  return { ...whole, env: { ...whole.env, ...added } };
}

/** The second of two runs of one command, with what the first one did. */
function together(first: Outcome, second: Outcome): Outcome {
  return { ...second, changes: second.changes.after(first.changes), seconds: first.seconds + second.seconds };
}

/** Runs one operation of the engine and follows it. */
export async function operate(
  context: Context,
  { engine, env, stack }: StackEnvironment,
  args: readonly string[],
  slugs: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const started = performance.now();
  const changes = new Changes();
  const { progress } = context;
  let told = new Map<string, string>();
  return await interruptible(context, async (asked) => {
    const lossless = new AbortController();
    const signal = AbortSignal.any([asked, lossless.signal]);
    const { events, result } = await pulumiEvents(engine, [...args, "--stack", stack], { cwd: context.root, env, signal });
    for await (const event of events) {
      changes.take(event);
      if (changes.replaced.size > 0 && args[0] === "up") lossless.abort();
      if (progress.live) progress.detail(liveLine(changes, slugs));
      else told = tellSteps(context, changes, slugs, told);
    }
    const { code, stderr } = await result;
    const madeAtEdge = [...changes.made].some((type) => type.startsWith("cloudflare:"));
    const seconds = (performance.now() - started) / 1000;
    return { code, changes, slugs, stderr, seconds, stopped: signal.aborted, madeAtEdge };
  });
}

function liveLine(changes: Changes, slugs: ReadonlyMap<string, string>): string {
  const parts = [...changes.tenants].map(([owner, { done, underWay }]) => {
    const total = [...done.values()].reduce((sum, times) => sum + times, 0);
    return `${slugs.get(owner) ?? owner} ${total}${underWay.size > 0 ? "…" : ""}`;
  });
  return parts.join("  ");
}

/** Without a terminal: a line when a tenant's first change begins, so that a log shows what is going on without seventy lines. */
function tellSteps(
  context: Context,
  changes: Changes,
  slugs: ReadonlyMap<string, string>,
  told: Map<string, string>,
): Map<string, string> {
  for (const [owner, { underWay, failed }] of changes.tenants) {
    const line = failed.length > 0 ? `failed: ${failed.join(", ")}` : underWay.size > 0 ? "changing …" : undefined;
    if (line === undefined || told.get(owner) === line) continue;
    told.set(owner, line);
    context.say(`${slugs.get(owner) ?? owner}: ${line}`);
  }
  return told;
}
