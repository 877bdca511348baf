/** Stops what runs on a service. Nothing in a service's settings does that: a deployment is stopped. */
import { isRunning } from "../../../vendors/railway/deployment.ts";
import type { InstancePlace } from "../../../vendors/railway/instance.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

/** Does nothing where nothing runs. */
export async function stopRunning(place: InstancePlace, { railway }: RailwayContext, call: Call): Promise<void> {
  const latest = (await railway.instance(place, { ...call, expectExists: true })).latestDeployment;
  if (latest && isRunning(latest)) await railway.stopDeployment(latest.id, call);
}
