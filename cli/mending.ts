/** Brings a stack's state in line with what Cloudflare has of its edge: through the engine, so that its lock is held. Deletes nothing at Cloudflare. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Healing, HeldObject } from "../infra/edge-healing.ts";
import type { CloudflareObject } from "../vendors/cloudflare/objects.ts";
import type { Context } from "./context.ts";
import type { Edge } from "./edge.ts";
import { engineStep } from "./engine-step.ts";
import type { StackEnvironment } from "./environment.ts";
import { exportState } from "./state.ts";

const ImportFile = z.looseObject({
  resources: z.array(
    z.looseObject({ type: z.string(), name: z.string(), logicalName: z.string().optional(), component: z.boolean().optional() }),
  ),
});

export interface Mending {
  readonly found: readonly CloudflareObject[];
  /** The state, not older than what was found. */
  readonly exported: string;
  /** Whether what the program wants and Cloudflare has no longer is read again too. Not right after it was made: a list may be late. */
  readonly lost: boolean;
}

/** Forgets what is gone, reads again what was changed, takes in what the program wants and the state lacks. Whether it changed the state. */
export async function mend(
  context: Context,
  whole: StackEnvironment,
  edge: Edge,
  { found, exported, lost }: Mending,
): Promise<boolean> {
  let healing = edge.compare(found, exported);
  const gone = healing.gone.filter(({ wanted }) => lost || !wanted);
  const stale = [...healing.drifted, ...gone.filter(({ kind }) => kind !== "tunnel")];
  // A deleted tunnel still answers reads, so that a refresh keeps it. What hangs on one that goes has to go before it.
  const tunnels = gone.filter(({ kind, wanted, needed }) => kind === "tunnel" && (wanted || !needed));
  if (stale.length > 0) await readAgain(context, whole, stale);
  let changed = stale.length > 0;
  for (const tunnel of tunnels) changed = (await forget(context, whole, edge, tunnel)) || changed;
  if (changed) healing = edge.compare(found, await exportState(context, whole));
  return (healing.imports.size > 0 && (await take(context, whole, healing.imports))) || changed;
}

async function readAgain(context: Context, whole: StackEnvironment, stale: readonly HeldObject[]): Promise<void> {
  context.say(`reading again what the state and Cloudflare say differently: ${stale.map(({ urn }) => nameIn(urn)).join(", ")}`);
  const targets = stale.flatMap(({ urn }) => ["--target", urn]);
  await engineStep(context, whole, ["refresh", "--yes", "--skip-preview", ...targets, "--stack", whole.stack]);
}

/** A wanted tunnel is made anew by the run, and so is what hangs on it: its token's variables, the service that runs it, its configuration, the record. None of
 *  them is deleted meanwhile, and each is taken in where it still is. Whether it was forgotten. */
async function forget(
  context: Context,
  whole: StackEnvironment,
  edge: Edge,
  { kind, id, urn, wanted }: Healing["gone"][number],
): Promise<boolean> {
  if (!(await edge.isGone({ kind, id }))) return false;
  context.say(`${nameIn(urn)} is deleted at Cloudflare${wanted ? ": making it anew" : " already"}`);
  const options = [...(wanted ? ["--target-dependents"] : []), "--yes", "--stack", whole.stack];
  await engineStep(context, whole, ["state", "delete", urn, ...options]);
  return true;
}

/** The engine says which of them it would make, and under which parents; exactly these are imported. */
async function take(context: Context, whole: StackEnvironment, ids: ReadonlyMap<string, string>): Promise<boolean> {
  const { stack } = whole;
  const folder = await mkdtemp(join(tmpdir(), "fleet-recovery-"));
  try {
    const file = join(folder, "import.json");
    await engineStep(context, whole, ["preview", "--json", "--import-file", file, "--stack", stack]);
    const wanted = ImportFile.parse(JSON.parse(await readFile(file, "utf8")));
    const resources = wanted.resources.flatMap((one) => {
      const id = ids.get(`${one.type} ${one.logicalName ?? one.name}`);
      return one.component ? [one] : id === undefined ? [] : [{ ...one, id }];
    });
    const names = resources.flatMap((one) => (one.component ? [] : [one.logicalName ?? one.name]));
    if (names.length === 0) return false;
    await writeFile(file, JSON.stringify({ ...wanted, resources }));
    context.say(`taking into the state what an earlier run made at Cloudflare: ${names.join(", ")}`);
    const options = ["--yes", "--skip-preview", "--protect=false", "--generate-code=false", "--stack", stack];
    await engineStep(context, whole, ["import", "--file", file, ...options]);
    return true;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function nameIn(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}
