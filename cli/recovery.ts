/** What a killed run leaves: a lock, and creates of which nobody knows whether the vendor did them. Ours adopt by themselves (they look for their marker
 *  first); the official Cloudflare plugin cannot, so its objects are looked for here and taken into the state. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Clock, systemClock } from "../domain/clock.ts";
import { exitCode, OperatorError, redact } from "../domain/error.ts";
import { runPulumi } from "../engine/run.ts";
import { findMade, MadeInputs } from "../vendors/cloudflare/made.ts";
import type { Context } from "./context.ts";
import type { StackEnvironment } from "./environment.ts";

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

/** Whether an earlier run ended between asking a vendor for an object and writing down its id. */
export async function hasPendingCreates(context: Context, whole: StackEnvironment): Promise<boolean> {
  const text = await must(context, whole, ["stack", "export", "--stack", whole.stack]);
  const { pending_operations = [] } = Exported.parse(JSON.parse(text)).deployment;
  return pending_operations.some(({ type }) => type === "creating");
}

/** After the lock is free: brings the state in line with what the vendors have, and takes in what the killed run made. The engine's list of pending creates
 *  is not enough for that: a killed engine may not have written the last ones down. So what the program still wants to make is looked for. */
export async function settle(context: Context, whole: StackEnvironment): Promise<void> {
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

/** Frees the stack from a lock whose holder is gone. */
export async function breakLock(context: Context, whole: StackEnvironment): Promise<void> {
  await must(context, whole, ["cancel", whole.stack, "--yes"]);
}

/** Whether this message of the engine names locks only of processes that ran on this machine and are dead, or are so within two seconds: a killed
 *  process needs a moment to go. */
export async function lockIsDead(message: string, clock: Clock = systemClock): Promise<boolean> {
  const locks = [...message.matchAll(/created by \S+@(\S+) \(pid (\d+)\)/g)];
  if (locks.length === 0 || locks.some(([, host]) => host !== hostname())) return false;
  for (let looks = 0; looks < 20; looks++) {
    if (!locks.some(([, , pid]) => isAlive(Number(pid)))) return true;
    await clock.sleep(100);
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function must(context: Context, { engine, env }: StackEnvironment, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runPulumi(engine, args, { cwd: context.root, env });
  if (code === 0) return stdout;
  const said = redact(stderr.trim() || stdout.trim());
  throw new OperatorError(`pulumi ${args[0]} failed:\n${said}`, exitCode.failed);
}
