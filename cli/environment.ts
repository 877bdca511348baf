/** What a stack's commands run in: the engine, where the state lies, the vendors' addresses and keys. */
import { existsSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exitCode, OperatorError, RefusedError } from "../domain/error.ts";
import { ensureEngine } from "../engine/engine.ts";
import { pulumiEnvironment, withPulumiEnvironment } from "../engine/environment.ts";
import type { Engine } from "../engine/find.ts";
import { runPulumi } from "../engine/run.ts";
import { installPlugins } from "../sandbox/plugins/install.ts";
import { committedIdentity } from "../tenants/keys.ts";
import { stackNames } from "../tenants/load.ts";
import { unknown } from "./choose.ts";
import type { Context } from "./context.ts";
import { engineProgress } from "./engine-progress.ts";
import { findSandbox, sandboxFolder } from "./sandbox.ts";
import { needReadable, removeHalfLocks, stateFile } from "./state-file.ts";

export const sandboxStack = "sandbox";
/** Committed with the stack's salt: nothing behind it is secret. */
const sandboxPassphrase = "sandbox";

export interface StackEnvironment {
  readonly stack: string;
  readonly engine: Engine;
  /** What a shell has to set. Holds secrets where the stack is the sandbox (worthless ones). */
  readonly variables: Readonly<Record<string, string>>;
  /** What a shell has to unset. */
  readonly dropped: readonly string[];
  /** The whole environment for a child process. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes everything that `pulumi` needs for this stack: fetches the engine where there is none yet; for the sandbox its plugins and its (empty) stack too.
 *  Throws OperatorError for an unknown stack and where the sandbox does not run. */
export async function stackEnvironment(context: Context, stack: string): Promise<StackEnvironment> {
  const { root, process } = context;
  const user = process.env;
  needStack(root, stack);
  const folder = sandboxFolder(root, user);
  const sandbox = stack === sandboxStack ? await findSandbox(folder) : undefined;
  if (stack === sandboxStack && !sandbox) throw new OperatorError("no sandbox is running; start it with: fleet sandbox start");
  const engine = await ensureEngine({ env: user, root, onProgress: engineProgress(context.progress) });
  if (!sandbox) {
    const { variables, dropped } = pulumiEnvironment({ root, engine, offlinePlugins: false, user });
    const own = { ...variables, PULUMI_STACK: stack };
    return { stack, engine, variables: own, dropped, env: withPulumiEnvironment(user, { variables: own, dropped }) };
  }
  const [home, state] = [join(folder, "pulumi-home"), join(folder, "pulumi-state")];
  await mkdir(state, { recursive: true });
  await installPlugins(home);
  const backendUrl = stateUrl(state);
  const made = pulumiEnvironment({ root, engine, home, backendUrl, passphrase: sandboxPassphrase, offlinePlugins: true, user });
  const variables = {
    ...made.variables,
    ...sandbox.env,
    PULUMI_STACK: stack,
    FLEET_AGE_IDENTITY: committedIdentity(join(root, "tenants"), stack) ?? "",
    FLEET_LEDGER_DIR: join(folder, "ledger"),
  };
  // A user's own server would keep what the sandbox's invented world puts into it.
  const dropped = [
    ...made.dropped.filter((name) => !(name in variables)),
    ...(user.DATABASE_URL === undefined ? [] : ["DATABASE_URL"]),
  ];
  const env = withPulumiEnvironment(user, { variables, dropped });
  const whole = { stack, engine, variables, dropped, env };
  removeHalfLocks(state, stack);
  if (existsSync(stateFile(state, stack))) needReadable(state, stack);
  else await makeStack(whole, root);
  return whole;
}

/** The engine's address of a folder: a # or % in a path would otherwise begin something else. Without side files (`….attrs`): a killed run
 *  may leave one empty, and the engine could not read the state again. */
export function stateUrl(folder: string): string {
  return `${pathToFileURL(folder).href}?metadata=skip`;
}

/** Throws OperatorError for a stack that is not there, RefusedError for one whose folder of tenants is missing or unreadable: no tenants is not what that means. */
export function needStack(root: string, stack: string): void {
  const stacks = stackNames(join(root, "tenants"));
  const file = `tenants/${stack}`;
  if (!stacks.includes(stack)) {
    if (!/^[a-z][a-z0-9-]*$/.test(stack) || !existsSync(join(root, `Pulumi.${stack}.yaml`)))
      throw new OperatorError(unknown("stack", stack, stacks));
    const message = `is not a folder, but Pulumi.${stack}.yaml is here: without its files all its tenants would be deleted. Restore them (wrong branch or folder?)`;
    throw new RefusedError([{ file, message }]);
  }
  try {
    readdirSync(join(root, file));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const message = `cannot be read (${code}): without its files all its tenants would be deleted. Make it readable, and run this again`;
    throw new RefusedError([{ file, message }]);
  }
}

async function makeStack({ engine, env, stack }: StackEnvironment, root: string): Promise<void> {
  // Two commands may both find it missing; the second one's refusal is no fault.
  const { code, stderr } = await runPulumi(engine, ["stack", "init", stack, "--no-select"], { cwd: root, env });
  if (code !== 0 && !stderr.includes("already exists"))
    throw new OperatorError(`the stack ${stack} could not be made:\n${stderr.trim()}`, exitCode.failed);
}
