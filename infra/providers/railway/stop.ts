/** Stops what runs on a service. Nothing in a service's settings does that: a deployment is stopped. */
import { isRunning } from "../../../vendors/railway/deployment.ts";
import type { InstancePlace } from "../../../vendors/railway/instance.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

/** Does nothing where nothing runs. */
export async function stopRunning(place: InstancePlace, context: RailwayContext, call: Call): Promise<void> {
  const running = await runningDeployment(place, context, call);
  if (running !== undefined) await context.railway.stopDeployment(running, call);
}

/** Id of the deployment that serves, sleeps or is on its way there; undefined where nothing runs. */
export async function runningDeployment(
  place: InstancePlace,
  { railway }: RailwayContext,
  call: Call,
): Promise<string | undefined> {
  const latest = (await railway.instance(place, { ...call, expectExists: true })).latestDeployment;
  return latest && isRunning(latest) ? latest.id : undefined;
}
