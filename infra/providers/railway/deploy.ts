/** One deployment, waited for: what is saved takes effect only with it. */
import { isAmbiguous } from "../../../vendors/http/request.ts";
import { outcomeOf } from "../../../vendors/railway/deployment.ts";
import { readLagMs } from "../../../vendors/railway/graphql.ts";
import type { InstancePlace } from "../../../vendors/railway/instance.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

const pollMs = 5_000;
/** 20 minutes: image pull, volume migration and a health check of up to five. */
const polls = 240;
/** A deployment can stick in INITIALIZING for ever; a new one frees it. */
const stuckPolls = 60;
const lookWaitsMs = [readLagMs, 5_000, 15_000];
/** How far Railway's clock may be behind ours when a deployment is recognised by its time. */
const skewMs = 60_000;

/** Deploys and answers the deployment's id. After a lost answer the newest deployment is looked for before another is made. */
export async function deployOnce(
  place: InstancePlace,
  previousId: string | undefined,
  { railway }: RailwayContext,
  call: Call,
): Promise<string> {
  const since = (await railway.clock.now()) - skewMs;
  try {
    return await railway.deploy(place, { ...call, expectExists: true });
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    for (const wait of lookWaitsMs) {
      await railway.clock.sleep(wait, call.signal);
      const latest = (await railway.instance(place, { ...call, expectExists: true })).latestDeployment;
      if (latest && latest.id !== previousId && Date.parse(latest.createdAt) >= since) return latest.id;
    }
    return railway.deploy(place, call);
  }
}

/** Resolves when the deployment is up (SUCCESS or SLEEPING); throws with what happened otherwise. `onId` hears at once of the deployment that takes the
 *  place of a stuck one. */
export async function waitUntilUp(
  place: InstancePlace,
  deploymentId: string,
  { railway }: RailwayContext,
  call: Call,
  onId: (id: string) => void,
): Promise<void> {
  let id = deploymentId;
  let shown = "";
  let initializing = 0;
  for (let poll = 0; poll < polls; poll++) {
    await railway.clock.sleep(pollMs, call.signal);
    const { status } = await railway.deployment(id, { ...call, expectExists: true });
    if (status !== shown) call.log(`deployment ${id}: ${status}`);
    shown = status;
    const outcome = outcomeOf(status);
    if (outcome === "up") return;
    if (outcome === "failed") throw new Error(`deployment ${id} is ${status}`);
    initializing = status === "INITIALIZING" ? initializing + 1 : 0;
    if (initializing !== stuckPolls) continue;
    call.log(`deployment ${id} is stuck in INITIALIZING; deploying again`);
    id = await railway.deploy(place, call);
    onId(id);
  }
  throw new Error(`deployment ${id} is still ${shown} after ${(polls * pollMs) / 60_000} minutes`);
}
