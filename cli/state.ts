/** What the engine has written down of a stack. */
import { runPulumi } from "../engine/run.ts";
import type { Context } from "./context.ts";
import { engineStep } from "./engine-step.ts";
import type { StackEnvironment } from "./environment.ts";

/** The stack's state as JSON. Throws OperatorError with the engine's words where it cannot be had. */
export function exportState(context: Context, whole: StackEnvironment): Promise<string> {
  return engineStep(context, whole, exportOf(whole));
}

/** The same; undefined where it cannot be had: the operation that follows says what is wrong with it. */
export async function exportedState({ root }: Context, whole: StackEnvironment): Promise<string | undefined> {
  const { code, stdout } = await runPulumi(whole.engine, exportOf(whole), { cwd: root, env: whole.env });
  return code === 0 ? stdout : undefined;
}

function exportOf({ stack }: StackEnvironment): readonly string[] {
  return ["stack", "export", "--stack", stack];
}
