/** What `fleet destroy` refuses. The engine keeps protected objects, but going on after that error it would delete everything around them:
 *  services, hostnames, keys. */
import { exitCode, OperatorError, RefusedError, redact } from "../domain/error.ts";
import { runPulumi } from "../engine/run.ts";
import { formerSlugs, stateOf } from "./budget.ts";
import type { Context } from "./context.ts";
import type { StackEnvironment } from "./environment.ts";

/** Throws RefusedError when the stack's state holds protected objects; nothing has been deleted then. Answers the slugs of its tenants by uid. */
export async function refuseProtected(
  context: Context,
  { engine, env, stack }: StackEnvironment,
): Promise<ReadonlyMap<string, string>> {
  const exported = await runPulumi(engine, ["stack", "export", "--stack", stack], { cwd: context.root, env });
  if (exported.code !== 0)
    throw new OperatorError(`the state of ${stack} cannot be read:\n${redact(exported.stderr.trim())}`, exitCode.failed);
  const names = protectedIn(exported.stdout);
  if (names.length === 0) return formerSlugs(stateOf(exported.stdout));
  const [first] = names;
  throw new RefusedError(
    `${stack} holds ${names.length} protected objects (${first}${names.length > 1 ? ", …" : ""}): nothing was deleted. If all data may go, set fleet:protect to "false" in Pulumi.${stack}.yaml, run fleet up ${stack}, then this again`,
  );
}

/** Logical names of the protected objects in an exported state. */
export function protectedIn(exported: string): readonly string[] {
  return stateOf(exported).resources.flatMap(({ protect, name }) => (protect ? [name] : []));
}
