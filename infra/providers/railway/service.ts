/** Railway service, empty: its source comes with the instance's settings, so that nothing is deployed before volume and variables exist.
 *  Services have no description; one is ours by its name in our project. Id: `<projectId>/<environmentId>/<serviceId>`. */
import type { Service } from "../../../vendors/railway/service.ts";
import type { Call, Resource } from "../shell/resource.ts";
import { adoptOrCreate } from "./adopt.ts";
import type { RailwayContext } from "./context.ts";
import { deleteUnlessGone, unlessGone } from "./gone.ts";
import { joinId, splitId } from "./ids.ts";
import { ServiceInputs, ServiceOutputs } from "./shapes.ts";

export const serviceIdParts = ["projectId", "environmentId", "serviceId"] as const;

export const service: Resource<ServiceInputs, ServiceOutputs, RailwayContext> = {
  token: "railway:index:Service",
  description: "An empty service, adopted by its name in its project.",
  inputs: ServiceInputs,
  outputs: ServiceOutputs,
  importId: "<projectId>/<environmentId>/<serviceId>",
  replaceOnChange: ["projectId", "environmentId"],
  stable: ["serviceId"],

  check: (inputs, old) =>
    old?.projectId === inputs.projectId && old.environmentId !== inputs.environmentId
      ? [
          {
            property: "environmentId",
            reason:
              "cannot be changed alone: Railway has the same service in all environments of its project, and to replace it would delete it",
          },
        ]
      : [],

  async create(inputs, context, call) {
    const found = await adoptOrCreate(
      {
        what: `service ${inputs.name}`,
        lookFirst: !context.fresh.has(inputs.projectId),
        look: () => findByName(inputs, context, call),
        create: async () => {
          const created = await context.railway.createService({ ...inputs }, { ...call, expectExists: true });
          context.fresh.add(created.id);
          return created;
        },
      },
      context,
      call,
    );
    return {
      id: joinId(inputs.projectId, inputs.environmentId, found.id),
      state: { ...inputs, serviceId: found.id },
    };
  },

  async read(id, context, call, known) {
    const place = splitId(id, serviceIdParts);
    // The project's list says nothing of environments: an id that a person wrote may name a wrong one.
    if (!known && !(await unlessGone(place, context, call, () => context.railway.instance(place, call)))) return undefined;
    const listed = await unlessGone({ projectId: place.projectId }, context, call, () =>
      context.railway.services(place.projectId, call),
    );
    const found = listed?.find((candidate) => candidate.id === place.serviceId);
    if (!found) return undefined;
    const inputs = { projectId: place.projectId, environmentId: place.environmentId, name: found.name };
    return { id, inputs, state: { ...inputs, serviceId: found.id } };
  },

  async update(_id, state, inputs, { railway }, call) {
    const renamed = await railway.renameService(state.serviceId, inputs.name, call);
    return { ...inputs, serviceId: renamed.id };
  },

  async delete(id, _state, context, call) {
    const place = splitId(id, serviceIdParts);
    await deleteUnlessGone(place, context, call, () => context.railway.deleteService(place.serviceId, place.environmentId, call));
  },
};

async function findByName(inputs: ServiceInputs, { railway }: RailwayContext, call: Call): Promise<Service | undefined> {
  const services = await railway.services(inputs.projectId, { ...call, expectExists: true });
  return services.find((candidate) => candidate.name === inputs.name);
}
