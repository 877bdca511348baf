/** `fleet watch drift`: did somebody change or delete at a vendor what the stack's state holds? Looks only. */
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "../../domain/clock.ts";
import { exitCode, registerSecret } from "../../domain/error.ts";
import { type EngineEvent, pulumiEvents } from "../../engine/events.ts";
import { isVendors } from "../../infra/resource-types.ts";
import { readStack } from "../../tenants/load.ts";
import { formerSlugs, stateOf } from "../budget.ts";
import { shared } from "../changes.ts";
import type { DriftFlags } from "../commands/watch.ts";
import type { Context } from "../context.ts";
import { Stopped } from "../engine-step.ts";
import { type StackEnvironment, stackEnvironment } from "../environment.ts";
import { interruptible } from "../interrupt.ts";
import { exportState } from "../state.ts";
import { type ChangedObject, differences, problemsOf } from "./differences.ts";
import type { DriftReport } from "./report.ts";
import { settledLook } from "./settled.ts";

export async function drift(this: Context, flags: DriftFlags): Promise<void> {
  const started = performance.now();
  const { stack } = flags;
  const whole = await stackEnvironment(this, stack);
  for (const name of ["RAILWAY_API_TOKEN", "CLOUDFLARE_API_TOKEN", "OPENROUTER_MANAGEMENT_KEY", "PULUMI_ACCESS_TOKEN"])
    registerSecret(whole.env[name]);
  const asking = `asking the vendors for what ${stack} has`;
  this.progress.begin(`watch drift ${stack}`, asking);
  const { exported, look } = await settledLook({
    stack,
    clock: systemClock,
    read: () => exportState(this, whole),
    look: (state) => {
      this.progress.step(asking);
      return lookAtVendors(this, whole, objectsIn(state));
    },
    waiting: () => this.progress.step(`an up works on ${stack}, or one was killed; looking again in a minute`),
  });
  const slugs = new Map([...formerSlugs(stateOf(exported)), ...slugsInFiles(this.root, stack)]);
  const changes = differences(look.events, slugs);
  const report: DriftReport = {
    schemaVersion: 1,
    stack,
    at: new Date(await systemClock.now()).toISOString(),
    ok: look.problems.length === 0 && changes.length === 0,
    objects: look.objects,
    looked: look.looked,
    changes,
    problems: look.problems.map((problem) =>
      problem.replace(/^(tn_[a-z0-9]{10})-/, (mark, uid: string) => (slugs.has(uid) ? `${slugs.get(uid)} ` : mark)),
    ),
    seconds: (performance.now() - started) / 1000,
  };
  this.print(flags.json ? JSON.stringify(report) : textOf(report));
  for (const problem of report.problems) this.say(problem);
  for (const line of adviceFor(report)) this.say(line);
  this.process.exitCode = report.problems.length > 0 ? exitCode.failed : changes.length > 0 ? exitCode.pending : exitCode.done;
}

interface Look {
  readonly events: readonly EngineEvent[];
  /** In the state. */
  readonly objects: number;
  /** Objects that the vendors answered for. */
  readonly looked: number;
  /** Why it is not whole. */
  readonly problems: readonly string[];
}

/** The engine's comparison alone: `--preview-only` writes no state, history or lock, and without the program nothing of the files is needed. */
async function lookAtVendors(context: Context, { engine, env, stack }: StackEnvironment, objects: number): Promise<Look> {
  const args = ["refresh", "--preview-only", "--run-program=false", "--stack", stack];
  return interruptible(context, async (signal) => {
    const { events, result } = await pulumiEvents(engine, args, { cwd: context.root, env, signal });
    const kept: EngineEvent[] = [];
    const seen = new Set<string>();
    for await (const event of events) {
      if (event.kind === "diagnostic" || (event.kind === "resource" && event.difference)) kept.push(event);
      if (event.kind !== "resource" || event.state !== "done" || !isVendors(event.type)) continue;
      seen.add(event.urn);
      context.progress.detail(`${seen.size} of ${objects} objects`, seen.size, objects);
    }
    const { code, stderr } = await result;
    if (signal.aborted) throw new Stopped("stopped: not everything was looked at", exitCode.failed);
    const looked = seen.size;
    return { events: kept, objects, looked, problems: problemsOf(kept, { code, stderr, objects, looked }) };
  });
}

const Exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(z.looseObject({ type: z.string(), custom: z.boolean().default(false) })).nullish(),
  }),
});

function objectsIn(exported: string): number {
  const { resources } = Exported.parse(JSON.parse(exported)).deployment;
  return (resources ?? []).filter(({ type, custom }) => custom && isVendors(type)).length;
}

/** A tenant whose first `up` came to no end is in no outputs yet. What is wrong in the files is not this command's. */
function slugsInFiles(root: string, stack: string): readonly (readonly [string, string])[] {
  const { tenants } = readStack(stack, { root: join(root, "tenants"), personalData: "plain" });
  return tenants.map(({ entry, slug }) => [entry.uid, slug]);
}

const nameOf = ({ slug, uid }: ChangedObject) => slug ?? uid ?? shared;

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
