/** An instance's settings between the program's words and Railway's. */

import { isRunning } from "../../../vendors/railway/deployment.ts";
import { addressesOf } from "../../../vendors/railway/domains.ts";
import type { InstancePlace, InstanceSettings, ObservedInstance } from "../../../vendors/railway/instance.ts";
import { RailwayRefusal } from "../../../vendors/railway/refusal.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import type { ServiceInstanceInputs } from "./shapes.ts";

/** What to send; texts that the program no longer sets are cleared, everything else that it no longer sets stays as it is at Railway. */
export function settingsOf(inputs: ServiceInstanceInputs, olds?: ServiceInstanceInputs): InstanceSettings {
  const { image, registryCredentials, region, replicas, sleep, restartPolicy, restartPolicyMaxRetries } = inputs;
  const { healthcheckTimeoutSeconds, drainingSeconds, overlapSeconds } = inputs;
  const startCommand = inputs.startCommand ?? (olds?.startCommand === undefined ? undefined : "");
  const healthcheckPath = inputs.healthcheckPath ?? (olds?.healthcheckPath === undefined ? undefined : "");
  return {
    ...(image !== undefined && { source: { image } }),
    ...(registryCredentials && { registryCredentials }),
    ...(startCommand !== undefined && { startCommand }),
    ...(region !== undefined && { multiRegionConfig: { [region]: { numReplicas: replicas ?? 1 } } }),
    ...(region === undefined && replicas !== undefined && { numReplicas: replicas }),
    ...(sleep !== undefined && { sleepApplication: sleep }),
    ...(healthcheckPath !== undefined && { healthcheckPath }),
    ...(healthcheckTimeoutSeconds !== undefined && { healthcheckTimeout: healthcheckTimeoutSeconds }),
    ...(restartPolicy !== undefined && { restartPolicyType: restartPolicy }),
    ...(restartPolicyMaxRetries !== undefined && { restartPolicyMaxRetries }),
    ...(drainingSeconds !== undefined && { drainingSeconds }),
    ...(overlapSeconds !== undefined && { overlapSeconds }),
  };
}

/** Makes the repository the service's source, by a patch, because no typed mutation takes a branch without deploying at once. */
export async function connectRepository(
  place: InstancePlace,
  { repository, branch }: ServiceInstanceInputs,
  { railway }: RailwayContext,
  call: Call,
): Promise<void> {
  if (repository === undefined) return;
  const seen = await railway.instance(place, { ...call, expectExists: true });
  // A patch that changes nothing is never applied.
  if (seen.repository === repository && seen.branch === branch && seen.image === undefined) return;
  const source = { image: null, repo: repository, branch: branch ?? null };
  const config = { services: { [place.serviceId]: { source } } };
  await railway.changeEnvironment(place, { config, message: `Build ${repository}`, deploys: false }, call);
}

/** The limits to send; undefined when the program sets none and set none before. */
export function limitsOf(inputs: ServiceInstanceInputs, olds?: ServiceInstanceInputs) {
  const all = [inputs.memoryGB, inputs.vCPUs, olds?.memoryGB, olds?.vCPUs];
  if (all.every((limit) => limit === undefined)) return undefined;
  return { memoryGB: inputs.memoryGB ?? null, vCPUs: inputs.vCPUs ?? null };
}

/** Saves all settings. false = all but the health check, which Railway may refuse before the first deployment: save once more after it.
 *  `first`: nothing was ever deployed. */
export async function saveSettings(
  place: InstancePlace,
  inputs: ServiceInstanceInputs,
  olds: ServiceInstanceInputs | undefined,
  context: RailwayContext,
  call: Call,
  first = false,
): Promise<boolean> {
  const settings = settingsOf(inputs, olds);
  const { healthcheckPath, healthcheckTimeout: _timeout, ...rest } = settings;
  const save = (some: InstanceSettings) => context.railway.updateInstance(place, some, { ...call, expectExists: true });
  if (!(first && healthcheckPath && context.refusesEarlyHealthChecks)) {
    try {
      await save(settings);
      return true;
    } catch (error) {
      const refused = error instanceof RailwayRefusal && /invalid input/i.test(error.refusal.vendorMessage);
      if (!refused || !healthcheckPath) throw error;
    }
  }
  await save(rest);
  if (first) context.refusesEarlyHealthChecks = true;
  return false;
}

/** What stands at Railway in the program's words: of the settings that the program makes, or of all on import. */
export function seenAs(place: InstancePlace, observed: ObservedInstance, known?: ServiceInstanceInputs): ServiceInstanceInputs {
  const wanted = new Map<string, unknown>(Object.entries(known ?? {}));
  const managed = <Value>(name: keyof ServiceInstanceInputs, value: Value | undefined) =>
    value !== undefined && (known === undefined || wanted.get(name) !== undefined) ? { [name]: value } : {};
  return {
    ...place,
    ...(observed.image !== undefined && { image: observed.image }),
    ...(known?.registryCredentials && { registryCredentials: known.registryCredentials }),
    ...(observed.repository !== undefined && { repository: observed.repository }),
    ...managed("branch", observed.branch),
    ...managed("startCommand", observed.startCommand),
    ...managed("region", observed.region),
    // Where the program names a region alone, it wants one replica there.
    ...managed("replicas", observed.replicas),
    ...(known?.region !== undefined && (observed.replicas ?? 1) !== 1 && { replicas: observed.replicas }),
    ...managed("memoryGB", observed.memoryGB),
    ...managed("vCPUs", observed.vCPUs),
    ...managed("sleep", observed.sleep),
    ...managed("healthcheckPath", observed.healthcheckPath),
    ...managed("healthcheckTimeoutSeconds", observed.healthcheckTimeoutSeconds),
    ...managed("restartPolicy", observed.restartPolicy),
    ...managed("restartPolicyMaxRetries", observed.restartPolicyMaxRetries),
    ...managed("drainingSeconds", observed.drainingSeconds),
    ...managed("overlapSeconds", observed.overlapSeconds),
    ...managed("running", observed.latestDeployment !== undefined && isRunning(observed.latestDeployment)),
    ...publicAddressSeen(observed, known),
    ...(known?.triggers !== undefined && { triggers: known.triggers }),
  };
}

/** An address that a person added where none may be reads as `ignore`: the difference to the program's `forbid` is the drift. */
function publicAddressSeen(observed: ObservedInstance, known: ServiceInstanceInputs | undefined) {
  if (known?.publicAddress === undefined) return {};
  const exposed = addressesOf(observed).length > 0;
  return { publicAddress: known.publicAddress === "forbid" && exposed ? ("ignore" as const) : known.publicAddress };
}
