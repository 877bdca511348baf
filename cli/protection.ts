/** PURE. What `fleet destroy` refuses. The engine keeps protected objects, but going on after that error it would delete everything around them:
 *  services, hostnames, keys. */
import { RefusedError } from "../domain/error.ts";
import { formerSlugs, stateOf } from "./budget.ts";

/** Throws RefusedError when the stack's exported state holds protected objects; nothing has been deleted then. Answers the slugs of its tenants by uid. */
export function refuseProtected(stack: string, exported: string): ReadonlyMap<string, string> {
  const names = protectedIn(exported);
  if (names.length === 0) return formerSlugs(stateOf(exported));
  const [first] = names;
  throw new RefusedError(
    `${stack} holds ${names.length} protected objects (${first}${names.length > 1 ? ", …" : ""}): nothing was deleted. If all data may go, set fleet:protect to "false" in Pulumi.${stack}.yaml, run fleet up ${stack}, then this again`,
  );
}

/** Logical names of the protected objects in an exported state. */
export function protectedIn(exported: string): readonly string[] {
  return stateOf(exported).resources.flatMap(({ protect, name }) => (protect ? [name] : []));
}
