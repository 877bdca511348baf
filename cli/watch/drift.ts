/** `fleet watch drift`: did somebody change or delete at a vendor what the stack's state holds? Looks only. */
import { join } from "node:path";
import { z } from "zod";
import { type Clock, systemClock } from "../../domain/clock.ts";
import { exitCode, OperatorError, redact, registerSecret } from "../../domain/error.ts";
import { type EngineEvent, pulumiEvents } from "../../engine/events.ts";
import { readStack } from "../../tenants/load.ts";
import { formerSlugs, stateOf } from "../budget.ts";
import type { DriftFlags } from "../commands/watch.ts";
import type { Context } from "../context.ts";
import { Stopped } from "../engine-step.ts";
import { type StackEnvironment, stackEnvironment } from "../environment.ts";
import { interruptible } from "../interrupt.ts";
import { exportState } from "../state.ts";
import { type ChangedObject, differences, isVendors } from "./differences.ts";
import type { DriftReport } from "./report.ts";

export async function drift(this: Context, flags: DriftFlags): Promise<void> {
  const started = performance.now();
  const { stack } = flags;
  const whole = await stackEnvironment(this, stack);
  for (const name of ["RAILWAY_API_TOKEN", "CLOUDFLARE_API_TOKEN", "OPENROUTER_MANAGEMENT_KEY", "PULUMI_ACCESS_TOKEN"])
    registerSecret(whole.env[name]);
  this.progress.begin(`watch drift ${stack}`, `asking the vendors for what ${stack} has`);
  const { exported, look } = await settledLook(this, whole);
  const slugs = new Map([...formerSlugs(stateOf(exported)), ...slugsInFiles(this.root, stack)]);
  const changes = differences(look.events, slugs);
  const report: DriftReport = {
    schemaVersion: 1,
    stack,
    at: new Date(await systemClock.now()).toISOString(),
    ok: look.problems.length === 0 && changes.length === 0,
    objects: objectsIn(exported),
    looked: look.looked,
    changes,
    problems: [...look.problems],
    seconds: (performance.now() - started) / 1000,
  };
  this.print(flags.json ? JSON.stringify(report) : textOf(report));
  for (const problem of report.problems) this.say(problem);
  for (const line of adviceFor(report)) this.say(line);
  this.process.exitCode = report.problems.length > 0 ? exitCode.failed : changes.length > 0 ? exitCode.pending : exitCode.done;
}

interface Look {
  readonly events: readonly EngineEvent[];
  /** Objects that the vendors answered for. */
  readonly looked: number;
  /** Why it is not whole. */
  readonly problems: readonly string[];
}

const [mostLooks, betweenMs] = [3, 60_000];

/** A look while nothing else works on the stack: what an `up` is changing would seem to be changed by hand. The engine takes no lock for a preview, so an `up`
 *  that begins meanwhile is not held up; whether there was one is seen by the state, into which it writes what it begins and what it has done. */
async function settledLook(
  context: Context,
  whole: StackEnvironment,
  clock: Clock = systemClock,
): Promise<{ readonly exported: string; readonly look: Look }> {
  let exported = await exportState(context, whole);
  for (let again = mostLooks; ; again--) {
    if (!isUnderWay(exported)) {
      const look = await lookAtVendors(context, whole, objectsIn(exported));
      const after = await exportState(context, whole);
      if (after === exported) return { exported, look };
      exported = after;
    }
    if (again <= 1)
      throw new OperatorError(
        `an up works on ${whole.stack}, or one was killed in the middle: nobody knows what differs until it has ended. Run this again then; after a killed one: docs/runbooks/up-was-killed.md`,
        exitCode.failed,
      );
    context.progress.step(`an up works on ${whole.stack}, or one was killed; looking again in a minute`);
    await interruptible(context, (signal) => clock.sleep(betweenMs, signal).catch(stoppedBy(signal)));
    exported = await exportState(context, whole);
    context.progress.step(`asking the vendors for what ${whole.stack} has`);
  }
}

function stoppedBy(signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    throw signal.aborted ? new Stopped("stopped while waiting for an up to end", exitCode.failed) : error;
  };
}

/** The engine's comparison alone: `--preview-only` writes no state, history or lock, and without the program nothing of the files is needed. */
async function lookAtVendors(context: Context, { engine, env, stack }: StackEnvironment, objects: number): Promise<Look> {
  const args = ["refresh", "--preview-only", "--run-program=false", "--stack", stack];
  return interruptible(context, async (signal) => {
    const { events, result } = await pulumiEvents(engine, args, { cwd: context.root, env, signal });
    const kept: EngineEvent[] = [];
    const seen = new Set<string>();
    const said = new Set<string>();
    for await (const event of events) {
      if (event.kind === "diagnostic" && event.severity === "error") said.add(sayingWhere(event));
      if (event.kind !== "resource" || !isVendors(event.type)) continue;
      if (event.state === "done") seen.add(event.urn);
      if (event.difference) kept.push(event);
      context.progress.detail(`${seen.size} of ${objects} objects`, seen.size, objects);
    }
    const { code, stderr } = await result;
    if (signal.aborted) throw new Stopped("stopped: not everything was looked at", exitCode.failed);
    const refused = [...said].filter((message) => message !== "preview failed");
    const failed =
      code === 0 ? [] : refused.length > 0 ? refused : [redact(stderr.trim() || `pulumi refresh ended with ${code}`)];
    const missing = objects - seen.size;
    const unknown = missing > 0 ? [`not looked at: ${missing} of ${objects} objects`] : [];
    return { events: kept, looked: seen.size, problems: [...failed, ...unknown] };
  });
}

function sayingWhere({ message, urn = "" }: Extract<EngineEvent, { kind: "diagnostic" }>): string {
  const name = urn.includes("pulumi:pulumi:Stack") ? undefined : urn.split("::").at(-1);
  return redact(name ? `${name}: ${message.replace(/^Preview failed: /, "")}` : message);
}

const Exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(z.looseObject({ type: z.string(), custom: z.boolean().default(false) })).nullish(),
    pending_operations: z.array(z.unknown()).nullish(),
  }),
});

function objectsIn(exported: string): number {
  const { resources } = Exported.parse(JSON.parse(exported)).deployment;
  return (resources ?? []).filter(({ type, custom }) => custom && isVendors(type)).length;
}

/** Written down by the engine before each step, and taken away after it. */
function isUnderWay(exported: string): boolean {
  return (Exported.parse(JSON.parse(exported)).deployment.pending_operations ?? []).length > 0;
}

/** A tenant whose first `up` came to no end is in no outputs yet. What is wrong in the files is not this command's. */
function slugsInFiles(root: string, stack: string): readonly (readonly [string, string])[] {
  const { tenants } = readStack(stack, { root: join(root, "tenants"), personalData: "plain" });
  return tenants.map(({ entry, slug }) => [entry.uid, slug]);
}

const nameOf = ({ slug, uid }: ChangedObject) => slug ?? uid ?? "(account)";

function textOf({ stack, changes, looked, seconds, problems }: DriftReport): string {
  const rows = changes.flatMap((one) => told(one).map((line) => [nameOf(one), one.resource, line] as const));
  const [names, resources] = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([name, resource, line]) => `${name.padEnd(names ?? 0)}  ${resource.padEnd(resources ?? 0)}  ${line}`);
  const found = changes.length === 0 ? "nothing differs" : `${changes.length} of its objects differ`;
  const far = problems.length === 0 ? `${looked} looked at` : `only ${looked} looked at`;
  return [...lines, `${stack}: ${found}, ${far}, ${seconds.toFixed(1)} s`].join("\n");
}

function told({ what, holdsData, id, fields }: ChangedObject): readonly string[] {
  if (what === "deleted") return [`${holdsData ? "DELETED, with the data in it" : "deleted"} (${id.split("/").at(-1)})`];
  if (fields.length === 0) return ["changed"];
  return fields.map(({ field, state, vendor }) => `${field}: ${state ?? "absent"} → ${vendor ?? "absent"}`);
}

function adviceFor({ changes }: DriftReport): string[] {
  const lost = changes.filter(({ what, holdsData }) => what === "deleted" && holdsData);
  const lines = lost.map(
    (one) =>
      `${nameOf(one)}: THE ${one.type.split(":").at(-1)?.toUpperCase()} IS DELETED AT RAILWAY, and 48 hours after that all data of this tenant is gone for good. Bring it back now: docs/runbooks/volume-deleted.md`,
  );
  return changes.length > lost.length ? [...lines, "what to do: docs/runbooks/changed-by-hand.md"] : lines;
}
