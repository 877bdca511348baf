/** `fleet env|preview|up|destroy`: plain `pulumi` in the stack's environment, with progress per tenant and a summary. */
import { join } from "node:path";
import { type ExitCode, exitCode, OperatorError, RefusedError, redact } from "../domain/error.ts";
import { pulumiEvents } from "../engine/events.ts";
import { stackSettings } from "../infra/settings-file.ts";
import { loadStack } from "../tenants/load.ts";
import { Changes, describeDone, shared } from "./changes.ts";
import type { DestroyFlags, StackFlags, UpFlags } from "./commands/stack.ts";
import { type Context, lively } from "./context.ts";
import { needStack, type StackEnvironment, sandboxStack, stackEnvironment } from "./environment.ts";
import { describeViolation, policyArguments, violationsOf } from "./policies.ts";
import { refuseProtected } from "./protection.ts";
import { breakLock, hasPendingCreates, lockIsDead, settle } from "./recovery.ts";
import type { StackReport } from "./reports.ts";
import { table } from "./table.ts";

export async function env(this: Context, flags: StackFlags, stack: string): Promise<void> {
  const { variables, dropped } = await stackEnvironment(this, stack);
  if (flags.json) return this.print(JSON.stringify({ set: variables, unset: dropped }));
  if (dropped.length > 0) this.print(`unset ${dropped.join(" ")}`);
  for (const [name, value] of Object.entries(variables)) this.print(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}

export async function preview(this: Context, flags: StackFlags, stack: string): Promise<void> {
  const outcome = await operate(this, stack, ["preview", ...policyArguments(this.root)]);
  report(this, stack, outcome, flags.json, "preview");
  const pending = outcome.code === 0 && outcome.changes.count > 0;
  this.process.exitCode = pending ? exitCode.pending : judge(outcome);
}

export async function up(this: Context, flags: UpFlags, stack: string): Promise<void> {
  needStack(this.root, stack);
  if (stack !== sandboxStack && !flags.yes)
    throw new RefusedError(`look at the changes with: fleet preview ${stack}; then make them with: fleet up ${stack} --yes`);
  const whole = await stackEnvironment(this, stack);
  const outcome = await heal(this, whole, flags.recover ?? false, () =>
    operate(this, stack, ["up", "--yes", "--skip-preview", "--continue-on-error", ...policyArguments(this.root)], whole),
  );
  report(this, stack, outcome, flags.json, "up");
  this.process.exitCode = judge(outcome);
}

export async function destroy(this: Context, flags: DestroyFlags, stack: string): Promise<void> {
  needStack(this.root, stack);
  if (stack !== sandboxStack && flags.confirm !== stack)
    throw new RefusedError(
      `this deletes every tenant of ${stack} with all data; if that is meant, write: fleet destroy ${stack} --confirm ${stack}`,
    );
  const whole = await stackEnvironment(this, stack);
  await refuseProtected(this, whole);
  const outcome = await operate(this, stack, ["destroy", "--yes", "--skip-preview", "--continue-on-error"], whole);
  report(this, stack, outcome, flags.json, "destroy");
  this.process.exitCode = judge(outcome);
}

/** Runs after clearing up what a killed run left: with `force` its lock in any case, else only a lock whose process ran here and is dead. */
async function heal(context: Context, whole: StackEnvironment, force: boolean, run: () => Promise<Outcome>): Promise<Outcome> {
  if (force) {
    await breakLock(context, whole);
    await settle(context, whole);
    return run();
  }
  // With creates pending, a run before they are settled would make them again.
  const outcome = (await hasPendingCreates(context, whole)) ? undefined : await run();
  if (outcome && !(await lockIsDead(outcome.stderr))) return outcome;
  try {
    if (outcome) await breakLock(context, whole);
    await settle(context, whole);
  } catch (error) {
    if (!(error instanceof OperatorError) || !error.message.includes("currently locked")) throw error;
    if (!(await lockIsDead(error.message)))
      throw new OperatorError(`${error.message}\n${recoverHint(whole.stack)}`, error.exitCode);
    await breakLock(context, whole);
    await settle(context, whole);
  }
  return run();
}

function recoverHint(stack: string): string {
  return `an earlier run was killed, or one still works; if none does: fleet up ${stack} --recover`;
}

export interface Outcome {
  readonly code: number;
  readonly changes: Changes;
  /** By uid, as the files say now. */
  readonly slugs: ReadonlyMap<string, string>;
  readonly stderr: string;
  readonly seconds: number;
}

/** Runs one operation of the engine and follows it. The tenants' files and the settings are read first: whatever is wrong there is said at once. */
export async function operate(
  context: Context,
  stack: string,
  args: readonly string[],
  given?: StackEnvironment,
): Promise<Outcome> {
  const whole = given ?? (await stackEnvironment(context, stack));
  const slugs = args[0] === "destroy" ? new Map<string, string>() : slugsOf(context.root, stack);
  const started = performance.now();
  const changes = new Changes();
  const abort = new AbortController();
  const interrupt = () => {
    context.say("stopping: what is under way at a vendor is finished first …");
    abort.abort();
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const live = lively();
  let told = new Map<string, string>();
  try {
    const options = { cwd: context.root, env: whole.env, signal: abort.signal };
    const { events, result } = await pulumiEvents(whole.engine, [...args, "--stack", stack], options);
    for await (const event of events) {
      changes.take(event);
      if (live) process.stderr.write(`\r\u001b[2K${liveLine(changes, slugs, performance.now() - started)}`);
      else told = tellSteps(context, changes, slugs, told);
    }
    const { code, stderr } = await result;
    return { code, changes, slugs, stderr, seconds: (performance.now() - started) / 1000 };
  } finally {
    if (live) process.stderr.write("\r\u001b[2K");
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function slugsOf(root: string, stack: string): Map<string, string> {
  const { personalData } = stackSettings(root, stack);
  const entries = loadStack(stack, { root: join(root, "tenants"), personalData });
  return new Map(entries.map(({ entry, slug }) => [entry.uid, slug]));
}

function liveLine(changes: Changes, slugs: ReadonlyMap<string, string>, ms: number): string {
  const parts = [...changes.tenants].map(([owner, { done, underWay }]) => {
    const total = [...done.values()].reduce((sum, times) => sum + times, 0);
    return `${slugs.get(owner) ?? owner} ${total}${underWay.size > 0 ? "…" : ""}`;
  });
  const line = `${Math.round(ms / 1000)} s  ${parts.join("  ")}`;
  return line.slice(0, (process.stderr.columns ?? 80) - 1);
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
  const { changes, slugs, seconds, code } = outcome;
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
    const errors = changes.errors.map(redact);
    const ok = code === 0;
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
  // Beside a violation the engine only repeats that the run failed.
  const errors = broken ? changes.errors.filter((message) => !/^(?:preview|update) failed$/.test(message)) : changes.errors;
  if (code !== 0)
    context.say(redact(errors.join("\n") || (broken ? "refused by the rules of policies/" : outcome.stderr.trim())));
  const hint = hintFor(outcome, stack);
  if (hint) context.say(hint);
}

function hintFor({ stderr, changes }: Outcome, stack: string): string | undefined {
  const said = `${stderr}\n${changes.errors.join("\n")}`;
  if (said.includes("currently locked") || said.includes("pending operations")) return recoverHint(stack);
  if (/cloudflare refused POST .*(already exists|already have)/.test(said))
    return `an earlier answer of Cloudflare was lost, or somebody else made it; what is ours is taken over by: fleet up ${stack} --recover`;
  if (/no stack named/.test(said))
    return `make the stack first: pulumi stack init ${stack} (after eval "$(./fleet env ${stack})")`;
  return undefined;
}

function judge({ code, changes, stderr }: Outcome): ExitCode {
  if (code === 0) return exitCode.done;
  if (changes.policies.some(({ level }) => level === "mandatory")) return exitCode.refused;
  const said = [...changes.errors, stderr];
  if (said.some((message) => message.includes("refused by a guard:"))) return exitCode.refused;
  const whole = [...changes.tenants].filter(
    ([owner, { failed, done }]) => owner !== shared && failed.length === 0 && done.size > 0,
  );
  const broken = [...changes.tenants.values()].some(({ failed }) => failed.length > 0);
  return broken && whole.length > 0 ? exitCode.partial : exitCode.failed;
}
