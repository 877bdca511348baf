/** Holds preview and up to the deletion budget (infra/budget.ts): what the state has is compared with what the files ask for, before the engine runs. */
import { z } from "zod";
import { RefusedError } from "../domain/error.ts";
import { overBudget, type StackState } from "../infra/budget.ts";
import { methodNames } from "../infra/settings.ts";
import { resolveStack } from "../tenants/resolve.ts";
import type { StackEnvironment } from "./environment.ts";
import type { StackFiles } from "./stack-files.ts";

const Resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  protect: z.boolean().default(false),
  /** Marked by the engine: a replacement is under way and the old object goes. */
  delete: z.boolean().default(false),
  /** Marked by a person: the next run replaces it. */
  taint: z.boolean().default(false),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.unknown().optional(),
});
const Exported = z.looseObject({ deployment: z.looseObject({ resources: z.array(Resource).nullish() }) });
const Outputs = z.looseObject({
  fleet: z.looseObject({
    tenants: z.record(
      z.string(),
      z.looseObject({
        slug: z.string().optional(),
        state: z.string().optional(),
        railway: z.looseObject({ volumeId: z.string().optional() }).optional(),
      }),
    ),
  }),
});

/** Throws RefusedError with everything that the run would delete, shrink or move and may not. Answers the slugs of the last run's tenants by uid, also of those
 *  that leave now. `before` is the state as it was when the command began: whose removal it has begun by now, the outputs no longer name. */
export function refuseLosses(
  { settings, entries }: StackFiles,
  { env }: StackEnvironment,
  exported: string | undefined,
  before?: string,
): ReadonlyMap<string, string> {
  if (exported === undefined) return new Map();
  const now = stateOf(exported);
  const state = { ...now, former: new Map([...(before === undefined ? [] : stateOf(before).former), ...now.former]) };
  const slugs = formerSlugs(state);
  if (state.resources.length === 0) return slugs;
  const tenants = resolveStack(entries, { ...settings, loginMethods: methodNames(settings.loginMethods) });
  // An emptied folder is one mistake, not one for each tenant: the program refuses it as a whole (infra/vanished.ts).
  if (tenants.length === 0) return slugs;
  const listed = (slugs = "") => slugs.split(/[\s,]+/);
  const [allowed, allowedEmpty] = [listed(env.FLEET_ALLOW_DELETE), listed(env.FLEET_ALLOW_EMPTY)];
  const problems = overBudget(state, { settings, tenants, allowed, allowedEmpty });
  if (problems.length > 0) throw new RefusedError(problems);
  return slugs;
}

/** Slugs of the last run's tenants by uid. */
export function formerSlugs({ former }: Pick<StackState, "former">): ReadonlyMap<string, string> {
  return new Map([...former].flatMap(([uid, { slug }]) => (slug === undefined ? [] : [[uid, slug]])));
}

/** What of an exported state the budget needs. */
export function stateOf(exported: string): StackState {
  const resources = Exported.parse(JSON.parse(exported)).deployment.resources ?? [];
  const outputs = Outputs.safeParse(resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs);
  return {
    resources: resources.map(({ urn, type, protect, inputs, delete: half, taint }) => ({
      ...{ type, name: urn.split("::").at(-1) ?? urn, protect, inputs },
      ...((half || taint) && { replacing: { half, urn } }),
    })),
    former: new Map(Object.entries(outputs.data?.fleet.tenants ?? {})),
  };
}
