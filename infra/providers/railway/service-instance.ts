/** A service's settings in its environment, with exactly one deployment for each change of them. Saving deploys nothing at Railway, and changed variables
 *  alone deploy nothing either: hence `triggers`. Id: `<projectId>/<environmentId>/<serviceId>`. */
import { isRunning, outcomeOf } from "../../../vendors/railway/deployment.ts";
import { addressesOf } from "../../../vendors/railway/domains.ts";
import type { ObservedInstance } from "../../../vendors/railway/instance.ts";
import { materialChanges, sameValue } from "../shell/diff.ts";
import { type Call, type Resource, Unfinished } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import { deployOnce, waitUntilUp } from "./deploy.ts";
import { deleteUnlessGone, unlessGone } from "./gone.ts";
import { joinId, splitId } from "./ids.ts";
import { serviceIdParts } from "./service.ts";
import { connectRepository, limitsOf, saveSettings, seenAs } from "./settings.ts";
import { ServiceInstanceInputs, ServiceInstanceOutputs } from "./shapes.ts";
import { stopRunning } from "./stop.ts";

export const serviceInstance: Resource<ServiceInstanceInputs, ServiceInstanceOutputs, RailwayContext> = {
  token: "railway:index:ServiceInstance",
  description: "Image, limits and behaviour of a service in an environment, and its deployment.",
  inputs: ServiceInstanceInputs,
  outputs: ServiceInstanceOutputs,
  importId: "<projectId>/<environmentId>/<serviceId>",
  replaceOnChange: ["projectId", "environmentId", "serviceId"],
  leftAlone: [
    "registryCredentials",
    "region",
    "replicas",
    "sleep",
    "healthcheckTimeoutSeconds",
    "restartPolicy",
    "restartPolicyMaxRetries",
    "drainingSeconds",
    "overlapSeconds",
    "running",
    "publicAddress",
    "triggers",
  ],
  sameMeaning,
  due: ({ undeployed }) => (undeployed === true ? "undeployed" : undefined),
  secrets: ["registryCredentials"],
  check: ({ image, repository, branch, registryCredentials }) => [
    ...(image !== undefined && repository !== undefined
      ? [{ property: "repository", reason: "cannot stand beside image: a service runs one of them" }]
      : []),
    ...(image === undefined && repository === undefined
      ? [{ property: "image", reason: "is missing: write an image, or a repository to build" }]
      : []),
    ...(branch !== undefined && repository === undefined ? [{ property: "branch", reason: "needs a repository" }] : []),
    ...(registryCredentials && image === undefined ? [{ property: "registryCredentials", reason: "needs an image" }] : []),
  ],

  async create(inputs, context, call) {
    const { railway } = context;
    const place = placeOf(inputs);
    const isNew = context.fresh.has(inputs.serviceId);
    const observed = isNew ? undefined : await railway.instance(place, { ...call, expectExists: true });
    if (observed && inputs.running === false) await stopRunning(place, context, call);
    if (observed) await closePublicAddresses(inputs, observed, context, call);
    const limits = limitsOf(inputs);
    if (limits) await railway.updateLimits(place, limits, { ...call, expectExists: true });
    if (inputs.running === false) return { id: idOf(inputs), state: await halted(inputs, undefined, "", context, call) };
    const state = await deployed(inputs, undefined, observed?.latestDeployment?.id, context, call);
    return { id: idOf(inputs), state };
  },

  async read(id, context, call, known) {
    const place = splitId(id, serviceIdParts);
    const observed = await unlessGone(place, context, call, () => context.railway.instance(place, call));
    if (!observed) return undefined;
    const inputs = seenAs(place, observed, known?.inputs);
    const addresses = addressesOf(observed).map(({ address }) => address);
    // Of no concern to a program that says nothing of them: they would look like a change in its state.
    const concerned = !known || known.inputs.publicAddress !== undefined || known.state.publicAddresses !== undefined;
    // The last deployment we made, not the platform's own: it must not look like a change of ours.
    const deploymentId = known?.state.deploymentId || (observed.latestDeployment?.id ?? "");
    const state = { ...inputs, deploymentId, ...(concerned && { publicAddresses: addresses }) };
    return { id, inputs, state: isUndeployed(observed, inputs, known) ? { ...state, undeployed: true } : state };
  },

  async update(id, state, inputs, context, call, oldInputs) {
    const { railway } = context;
    const place = placeOf(inputs);
    const changes = materialChanges(serviceInstance, { olds: oldInputs, news: inputs, state });
    const changed = [...new Set(changes.map(({ property }) => property))];
    // Without any change the engine asks for what an earlier run left unfinished.
    const repair = changed.length === 0;
    // First of all, because nothing that Railway refuses of the rest must keep anything running.
    if (inputs.running === false) await stopRunning(place, context, call);
    const observed = inputs.publicAddress === "forbid" ? await railway.instance(place, call) : undefined;
    if (observed) await closePublicAddresses(inputs, observed, context, call);
    const addressOnly = changed.length > 0 && changed.every((name) => name === "publicAddress");
    if (addressOnly && !(await isDue(inputs, state, context, call)))
      return { ...inputs, deploymentId: state.deploymentId, ...noAddresses(inputs) };
    if (repair || changed.some((name) => name === "memoryGB" || name === "vCPUs")) {
      const limits = limitsOf(inputs, oldInputs);
      if (limits) await railway.updateLimits(place, limits, call);
    }
    if (inputs.running === false) return halted(inputs, oldInputs, state.deploymentId, context, call);
    const status = repair ? await statusOf(state.deploymentId, context, call) : undefined;
    if (status !== undefined && outcomeOf(status) !== "failed" && state.undeployed !== true) {
      await saveSettings(place, inputs, oldInputs, context, call);
      return finish(id, inputs, state.deploymentId, outcomeOf(status) === "up", context, call);
    }
    // The platform's own deployments (a volume that grew) must not be taken for the one whose answer gets lost.
    return deployed(inputs, oldInputs, observed?.latestDeployment?.id ?? state.deploymentId, context, call);
  },

  /** The service stops running; the service itself is another resource. */
  async delete(id, _state, context, call) {
    const place = splitId(id, serviceIdParts);
    await deleteUnlessGone(place, context, call, () => stopRunning(place, context, call));
  },
};

/** Saves the settings of what was stopped, and deploys nothing. */
async function halted(
  inputs: ServiceInstanceInputs,
  oldInputs: ServiceInstanceInputs | undefined,
  deploymentId: string,
  context: RailwayContext,
  call: Call,
): Promise<ServiceInstanceOutputs> {
  const place = placeOf(inputs);
  await connectRepository(place, inputs, context, call);
  // A health check that is refused before the first deployment is saved with it.
  await saveSettings(place, inputs, oldInputs, context, call);
  // A repository may deploy by itself.
  if (inputs.repository !== undefined) await stopRunning(place, context, call);
  return { ...inputs, deploymentId, ...noAddresses(inputs) };
}

/** Saves the settings, deploys once and waits. What fails after the deployment began leaves the object in state, to be finished by the next run. */
async function deployed(
  inputs: ServiceInstanceInputs,
  oldInputs: ServiceInstanceInputs | undefined,
  previousId: string | undefined,
  context: RailwayContext,
  call: Call,
): Promise<ServiceInstanceOutputs> {
  const place = placeOf(inputs);
  await connectRepository(place, inputs, context, call);
  const complete = await saveSettings(place, inputs, oldInputs, context, call, !previousId);
  const deploymentId = await deployOnce(place, previousId, context, call);
  const state = await finish(idOf(inputs), inputs, deploymentId, false, context, call);
  if (!complete) await saveSettings(place, inputs, oldInputs, context, call);
  return state;
}

async function finish(
  id: string,
  inputs: ServiceInstanceInputs,
  deploymentId: string,
  isUp: boolean,
  context: RailwayContext,
  call: Call,
): Promise<ServiceInstanceOutputs> {
  let state: ServiceInstanceOutputs = { ...inputs, deploymentId, ...noAddresses(inputs) };
  if (isUp) return state;
  try {
    await waitUntilUp(placeOf(inputs), deploymentId, context, call, (newId) => {
      state = { ...state, deploymentId: newId };
    });
    return state;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Unfinished(id, state, `the service is configured but not up: ${reason}; see its logs in the Railway dashboard`, {
      cause: error,
    });
  }
}

async function closePublicAddresses(
  inputs: ServiceInstanceInputs,
  observed: ObservedInstance,
  { railway }: RailwayContext,
  call: Call,
): Promise<void> {
  if (inputs.publicAddress !== "forbid") return;
  // One after another: Railway refuses deletions at the same time.
  for (const address of addressesOf(observed)) {
    call.log(`removing the public address ${address.address}`);
    await railway.removeAddress(address, call);
  }
}

/** Whether what was seen waits for a deployment: our last one never came up, or something was saved after it (a run was cut off between the two, or a
 *  person saved it). */
function isUndeployed(
  observed: ObservedInstance,
  seen: ServiceInstanceInputs,
  known: { readonly inputs: ServiceInstanceInputs; readonly state: ServiceInstanceOutputs } | undefined,
): boolean {
  const { latestDeployment: latest } = observed;
  if (!known || !latest || latest.id !== known.state.deploymentId || known.inputs.running === false) return false;
  if (latest.status === "FAILED") return true;
  if (!isRunning(latest)) return false;
  const settings = ({ running: _r, publicAddress: _p, triggers: _t, ...rest }: ServiceInstanceInputs) => rest;
  return known.state.undeployed === true || !sameValue(settings(known.inputs), settings(seen));
}

/** Whether an earlier run left something to deploy. */
async function isDue(
  inputs: ServiceInstanceInputs,
  state: ServiceInstanceOutputs,
  context: RailwayContext,
  call: Call,
): Promise<boolean> {
  if (inputs.running === false) return false;
  return state.undeployed === true || (await statusOf(state.deploymentId, context, call)) === "FAILED";
}

async function statusOf(deploymentId: string, { railway }: RailwayContext, call: Call): Promise<string | undefined> {
  return deploymentId === "" ? undefined : (await railway.deployment(deploymentId, call)).status;
}

/** Known to be none only where we looked and removed them. */
function noAddresses({ publicAddress }: ServiceInstanceInputs): { publicAddresses?: string[] } {
  return publicAddress === "forbid" ? { publicAddresses: [] } : {};
}

function sameMeaning(property: string, before: unknown, after: unknown, state: Partial<ServiceInstanceOutputs>): boolean {
  switch (property) {
    case "triggers":
      // What runs may well be what they stand for: only a later change says that it is not.
      return before === undefined;
    case "publicAddress":
      return after === "ignore" || (before === undefined && state.publicAddresses?.length === 0);
    default:
      return false;
  }
}

function placeOf({ projectId, environmentId, serviceId }: ServiceInstanceInputs) {
  return { projectId, environmentId, serviceId };
}

function idOf({ projectId, environmentId, serviceId }: ServiceInstanceInputs): string {
  return joinId(projectId, environmentId, serviceId);
}
