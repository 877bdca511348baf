/** Variables of one service. Only the names written here are managed; values are secret everywhere. Writing deploys nothing.
 *  Id: `<projectId>/<environmentId>/<serviceId>`. */
import { sameValue } from "../shell/diff.ts";
import type { Call, Resource } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import { deleteUnlessGone, unlessGone } from "./gone.ts";
import { joinId, splitId } from "./ids.ts";
import { serviceIdParts } from "./service.ts";
import { VariableCollectionInputs, VariableCollectionOutputs } from "./shapes.ts";

export const variableCollection: Resource<VariableCollectionInputs, VariableCollectionOutputs, RailwayContext> = {
  token: "railway:index:VariableCollection",
  description: "Variables of a service, by name; others stay as they are.",
  inputs: VariableCollectionInputs,
  outputs: VariableCollectionOutputs,
  importId: "<projectId>/<environmentId>/<serviceId>",
  replaceOnChange: ["projectId", "environmentId", "serviceId"],
  secrets: ["variables"],

  async create(inputs, { railway }, call) {
    await railway.setVariables(placeOf(inputs), inputs.variables, { ...call, expectExists: true });
    return { id: joinId(inputs.projectId, inputs.environmentId, inputs.serviceId), state: { ...inputs, revision: 1 } };
  },

  async read(id, context, call, known) {
    const place = splitId(id, serviceIdParts);
    const all = await unlessGone(place, context, call, () => context.railway.variables(place, call));
    if (!all) return undefined;
    const names = known ? Object.keys(known.inputs.variables) : Object.keys(all).filter((name) => !name.startsWith("RAILWAY_"));
    const variables = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
    const inputs = { ...place, variables };
    // Others' writes count too, and those of a run that was cut off before it could say so.
    const written = known !== undefined && !sameValue(variables, known.inputs.variables);
    return { id, inputs, state: { ...inputs, revision: (known?.state.revision ?? 0) + (written ? 1 : 0) } };
  },

  async update(_id, state, inputs, context, call, oldInputs) {
    const { railway } = context;
    const changed = Object.entries(inputs.variables).filter(([name, value]) => oldInputs.variables[name] !== value);
    if (changed.length > 0) await railway.setVariables(placeOf(inputs), Object.fromEntries(changed), call);
    await remove(
      inputs,
      Object.keys(oldInputs.variables).filter((name) => !Object.hasOwn(inputs.variables, name)),
      context,
      call,
    );
    return { ...inputs, revision: state.revision + 1 };
  },

  async delete(id, state, context, call) {
    const place = splitId(id, serviceIdParts);
    await deleteUnlessGone(place, context, call, () => remove(place, Object.keys(state.variables), context, call));
  },
};

function placeOf({ projectId, environmentId, serviceId }: Omit<VariableCollectionInputs, "variables">) {
  return { projectId, environmentId, serviceId };
}

/** By a patch: `variableDelete` knows no skipDeploys and would deploy once for each name. */
async function remove(
  place: Omit<VariableCollectionInputs, "variables">,
  names: readonly string[],
  { railway }: RailwayContext,
  call: Call,
): Promise<void> {
  if (names.length === 0) return;
  // Those that are gone already (a person took them, or a run that was cut off) would make an empty change that Railway never applies.
  const present = await railway.variables(place, call);
  const left = names.filter((name) => Object.hasOwn(present, name)).sort();
  if (left.length === 0) return;
  const variables = Object.fromEntries(left.map((name) => [name, null]));
  const config = { services: { [place.serviceId]: { variables } } };
  await railway.changeEnvironment(place, { config, message: `Remove ${left.join(", ")}`, deploys: false }, call);
}
