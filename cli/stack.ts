/** `fleet env|preview|up|destroy`: plain `pulumi` in the stack's environment, with progress per tenant and a summary. */
import { systemClock } from "../domain/clock.ts";
import { type ExitCode, exitCode, RefusedError, redact } from "../domain/error.ts";
import { pulumiEvents } from "../engine/events.ts";
import { settingsFile } from "../infra/settings-file.ts";
import { runbooksFor } from "./advice.ts";
import { refuseLosses } from "./budget.ts";
import { Changes, describeDone, shared } from "./changes.ts";
import type { ChangeFlags, DestroyFlags, StackFlags, UpFlags } from "./commands/stack.ts";
import type { Context } from "./context.ts";
import { edgeOf, wantedBy } from "./edge.ts";
import { needStack, type StackEnvironment, sandboxStack, stackEnvironment } from "./environment.ts";
import { interruptible } from "./interrupt.ts";
import { saysLocked } from "./lock.ts";
import { describeViolation, policyArguments, violationsOf } from "./policies.ts";
import { refuseProtected } from "./protection.ts";
import { hasPendingCreates, heal, healDeleting, recoverHint } from "./recovery.ts";
import type { EnvReport, StackReport } from "./reports.ts";
import { readStackFiles, slugsOf } from "./stack-files.ts";
import { exportedState, exportState } from "./state.ts";
import { table } from "./table.ts";

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

export interface Outcome {
  readonly code: number;
  readonly changes: Changes;
  /** By uid, as the files say now; of who leaves, as the last run said. */
  readonly slugs: ReadonlyMap<string, string>;
  readonly stderr: string;
  readonly seconds: number;
  /** Whether somebody asked to stop. */
  readonly stopped: boolean;
  /** Whether something was made at Cloudflare. */
  readonly madeAtEdge: boolean;
  /** What may still be at Cloudflare twice or unknown, because it could not be looked at or deleted; said already. */
  readonly unhealed?: readonly string[];
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

function report(
  context: Context,
  stack: string,
  outcome: Outcome,
  json: boolean | undefined,
  operation: StackReport["operation"],
): void {
  const { changes, slugs, seconds, code, unhealed = [] } = outcome;
  const nameOf = (owner: string) => slugs.get(owner) ?? owner;
  const violations = violationsOf(changes.policies);
  const rows = [...changes.tenants].toSorted(([a], [b]) => nameOf(a).localeCompare(nameOf(b)));
  if (json) {
    const tenants = rows.map(([owner, { done, failed }]) => ({
      uid: owner === shared ? null : owner,
      slug: slugs.get(owner) ?? null,
      done: Object.fromEntries(done),
      failed,
    }));
    const errors = [...changes.errors, ...unhealed].map(redact);
    const ok = code === 0 && unhealed.length === 0;
    const made = {
      schemaVersion: 1,
      operation,
      stack,
      ok,
      changes: changes.count,
      tenants,
      violations: violations.map((violation) => ({
        ...violation,
        resources: [...violation.resources],
        slug: slugs.get(violation.uid ?? "") ?? null,
      })),
      errors,
      seconds,
    } satisfies StackReport;
    context.print(JSON.stringify(made));
  } else if (code === 0 || rows.length > 0) {
    if (rows.length > 0)
      context.print(
        table(
          ["tenant", operation],
          rows.map(([owner, changed]) => [nameOf(owner), describeDone(changed)]),
        ),
      );
    const verb = operation === "preview" ? "to change" : "changed";
    context.print(`${changes.count === 0 ? "nothing" : changes.count} ${verb}, ${seconds.toFixed(1)} s`);
  }
  for (const violation of violations) context.say(redact(describeViolation(violation, nameOf)));
  const broken = violations.some(({ level }) => level === "mandatory");
  // The engine goes on after a resource that failed (--continue-on-error), but not after a rule that is broken.
  if (broken && operation === "up")
    context.say("the first broken rule ends an up, for all tenants: put it right and run it again; what is done stays done");
  // Beside a violation the engine only repeats that the run failed.
  const errors = broken ? changes.errors.filter((message) => !/^(?:preview|update) failed$/.test(message)) : changes.errors;
  if (code !== 0)
    context.say(redact(errors.join("\n") || (broken ? "refused by the rules of policies/" : outcome.stderr.trim())));
  const hint = hintFor(outcome, stack);
  if (hint) context.say(hint);
  const said = [...outcome.stderr.split("\n"), ...changes.errors, ...(broken ? ["refused by the rules of policies/"] : [])];
  if (code !== 0) for (const line of runbooksFor(said.join("\n"))) context.say(line);
}

function hintFor({ stderr, changes, unhealed = [] }: Outcome, stack: string): string | undefined {
  const said = `${stderr}\n${changes.errors.join("\n")}`;
  if (saysLocked(said) || said.includes("pending operations")) return recoverHint(stack);
  // Where the look or the import failed it may well be ours.
  if (unhealed.length === 0 && /cloudflare refused POST .*(already exists|already have)/.test(said))
    return "what has that name at Cloudflare carries no marker of this stack, so that somebody else made it: rename or remove it there, then run this again";
  if (/no stack named/.test(said))
    return `make the stack first: pulumi stack init ${stack} (after eval "$(./fleet env ${stack})")`;
  return undefined;
}

function judge({ code, changes, stderr, unhealed = [] }: Outcome): ExitCode {
  if (code === 0) return unhealed.length > 0 ? exitCode.failed : exitCode.done;
  if (changes.policies.some(({ level }) => level === "mandatory")) return exitCode.refused;
  const said = [...changes.errors, stderr];
  if (said.some(isRefusal)) return exitCode.refused;
  const whole = [...changes.tenants].filter(
    ([owner, { failed, done }]) => owner !== shared && failed.length === 0 && done.size > 0,
  );
  const broken = [...changes.tenants.values()].some(({ failed }) => failed.length > 0);
  return broken && whole.length > 0 ? exitCode.partial : exitCode.failed;
}

/** Ours, and the engine's own: it keeps what is protected. */
function isRefusal(message: string): boolean {
  return message.includes("refused by a guard:") || /cannot be deleted\s+because it is protected/.test(message);
}
