/** What an operation of the engine came to: in words, as one object, and as an exit code. */
import { type ExitCode, exitCode, redact } from "../domain/error.ts";
import { runbooksFor } from "./advice.ts";
import { type Changes, describeDone, shared } from "./changes.ts";
import type { Context } from "./context.ts";
import { saysLocked } from "./lock.ts";
import { describeViolation, violationsOf } from "./policies.ts";
import { recoverHint } from "./recovery.ts";
import type { StackReport } from "./reports.ts";
import { table } from "./table.ts";

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

/** The summary on stdout, what went wrong and what to do about it on stderr. */
export function report(
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

/** What the command exits with. A run that somebody stopped is no partial success, however much was done before: nobody knows which tenants it had still to come to. */
export function judge({ code, changes, stderr, stopped, unhealed = [] }: Outcome): ExitCode {
  if (code === 0) return unhealed.length > 0 ? exitCode.failed : exitCode.done;
  if (changes.policies.some(({ level }) => level === "mandatory")) return exitCode.refused;
  const said = [...changes.errors, stderr];
  if (said.some(isRefusal)) return exitCode.refused;
  if (stopped) return exitCode.failed;
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
