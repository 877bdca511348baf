/** A sandbox of a bench's own: in a temporary folder, gone afterwards, whatever happens. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSchema } from "graphql";
import { z } from "zod";
import type { Context } from "../../cli/context.ts";
import { type StackEnvironment, sandboxStack, stackEnvironment } from "../../cli/environment.ts";
import { askSandbox, launchSandbox, type RunningSandbox, stopSandbox } from "../../cli/sandbox.ts";
import { exitCode, OperatorError } from "../../domain/error.ts";
import { runPulumi } from "../../engine/run.ts";

export interface Stand {
  readonly folder: string;
  readonly sandbox: RunningSandbox;
  readonly stack: StackEnvironment;
  /** Seconds on the wall of one command of the engine in that folder; throws what the engine said if it fails. */
  time(args: readonly string[], cwd: string, env?: Readonly<Record<string, string>>): Promise<number>;
}

export async function withStand<Result>(context: Context, work: (stand: Stand) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-bench-"));
  const env = { ...context.process.env, FLEET_SANDBOX_DIR: folder };
  const abort = new AbortController();
  const interrupt = () => abort.abort(new OperatorError("stopped; the bench's sandbox is gone", exitCode.failed));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let sandbox: RunningSandbox | undefined;
  try {
    sandbox = await launchSandbox(folder, {});
    const stack = await stackEnvironment({ ...context, process: { ...context.process, env } }, sandboxStack);
    const time = async (args: readonly string[], cwd: string, extra: Readonly<Record<string, string>> = {}) => {
      abort.signal.throwIfAborted();
      const started = performance.now();
      const run = await runPulumi(stack.engine, args, { cwd, env: { ...stack.env, ...extra }, signal: abort.signal });
      abort.signal.throwIfAborted();
      if (run.code !== 0)
        throw new OperatorError(`pulumi ${args.join(" ")} failed:\n${run.stdout}${run.stderr}`, exitCode.failed);
      return (performance.now() - started) / 1000;
    };
    return await work({ folder, sandbox, stack, time });
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    if (sandbox) await stopSandbox(sandbox);
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Calls {
  readonly byVendor: Readonly<Record<string, number>>;
  /** Calls that may change something: GraphQL mutations, and every REST method but GET. */
  readonly mutating: number;
}

/** All calls that the sandbox has had so far. */
export async function callsOf({ urls }: RunningSandbox, root: string): Promise<Calls> {
  const schema = buildSchema(await readFile(join(root, "sandbox", "railway", "schema.graphql"), "utf8"));
  const mutations = schema.getMutationType()?.getFields() ?? {};
  const byVendor: Record<string, number> = {};
  let mutating = 0;
  for (const vendor of ["railway", "cloudflare", "stripe", "openrouter"] as const) {
    const calls = z.array(z.looseObject({ operation: z.string() })).parse(await askSandbox(urls[vendor], "calls"));
    byVendor[vendor] = calls.length;
    // Railway's calls are named by the field that they ask for, the others' by `METHOD /path`.
    mutating += calls.filter(({ operation }) =>
      vendor === "railway" ? operation in mutations : !operation.startsWith("GET "),
    ).length;
  }
  return { byVendor, mutating };
}

export function callsBetween(before: Calls, after: Calls): Calls {
  const byVendor = Object.fromEntries(
    Object.entries(after.byVendor).map(([vendor, count]) => [vendor, count - (before.byVendor[vendor] ?? 0)]),
  );
  return { byVendor, mutating: after.mutating - before.mutating };
}
