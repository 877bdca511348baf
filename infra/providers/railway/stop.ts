/** Stops what runs on a service. Nothing in a service's settings does that: a deployment is stopped. */
import { type Deployment, endedStatuses, isRunning } from "../../../vendors/railway/deployment.ts";
import type { InstancePlace } from "../../../vendors/railway/instance.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

/** Does nothing where nothing runs. */
export async function stopRunning(place: InstancePlace, context: RailwayContext, call: Call): Promise<void> {
  for (const running of await runningDeployments(place, context, call)) await context.railway.stopDeployment(running.id, call);
}

/** Everything that serves, sleeps or is on its way there. Not only the newest deployment: where that failed, the one before it goes on. */
export async function runningDeployments(place: InstancePlace, { railway }: RailwayContext, call: Call): Promise<Deployment[]> {
  const options = { ...call, expectExists: true };
  const { latestDeployment } = await railway.instance(place, options);
  const listed = await railway.deployments({ ...place, notIn: endedStatuses }, options);
  // One that was made a moment ago may not be listed yet.
  const all = latestDeployment && !listed.some(({ id }) => id === latestDeployment.id) ? [latestDeployment, ...listed] : listed;
  return all.filter(isRunning);
}
