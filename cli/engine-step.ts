/** One step of the engine that has to succeed for the command to go on. */
import { exitCode, OperatorError, redact } from "../domain/error.ts";
import { runPulumi } from "../engine/run.ts";
import type { Context } from "./context.ts";
import type { StackEnvironment } from "./environment.ts";
import { interruptible } from "./interrupt.ts";

/** Somebody asked to stop: nothing more is begun. */
export class Stopped extends OperatorError {}

/** The engine's stdout. Throws OperatorError where it fails, Stopped where somebody asked to stop meanwhile. */
export async function engineStep(context: Context, { engine, env }: StackEnvironment, args: readonly string[]): Promise<string> {
  return interruptible(context, async (signal) => {
    const { code, stdout, stderr } = await runPulumi(engine, args, { cwd: context.root, env, signal });
    if (signal.aborted) throw new Stopped(`stopped in pulumi ${args[0]}; run the same command again to go on`, exitCode.failed);
    if (code === 0) return stdout;
    const said = redact(stderr.trim() || stdout.trim());
    throw new OperatorError(`pulumi ${args[0]} failed:\n${said}`, exitCode.failed);
  });
}
