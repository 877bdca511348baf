/** Railway says the same of what is absent, deleted or not ours to see. Gone is only what its parent's own list does not hold, or shows as deleted. */
import { OperatorError } from "../../../domain/error.ts";
import { readLagMs } from "../../../vendors/railway/graphql.ts";
import { isHidden } from "../../../vendors/railway/refusal.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

interface Place {
  readonly projectId: string;
  readonly serviceId?: string;
  /** For what belongs to a volume. */
  readonly environmentId?: string;
  readonly volumeInstanceId?: string;
}

/** Runs a read; undefined when it was refused and the project's (or, if that is hidden too, the workspace's) own list proves that the thing is gone.
 *  OperatorError where the workspace knows nothing of the project: then the token is likely another workspace's. */
export async function unlessGone<Result>(
  place: Place,
  context: RailwayContext,
  call: Call,
  read: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isHidden(error)) throw error;
    if (await isGone(place, context, call)) return undefined;
  }
  // What was made a moment ago is hidden for a while too, by a run that was killed since: its own query and the lists lag behind.
  await context.railway.clock.sleep(readLagMs, call.signal);
  try {
    return await read();
  } catch (error) {
    if (!isHidden(error)) throw error;
    const gone = await isGone(place, context, call);
    if (gone === undefined) throw new OperatorError(await unknownProject(place, context, call));
    if (gone) return undefined;
    throw error;
  }
}

/** For deletes: "not found" is success. */
export async function deleteUnlessGone(
  place: Place,
  context: RailwayContext,
  call: Call,
  remove: () => Promise<void>,
): Promise<void> {
  await unlessGone(place, context, call, remove);
}

/** undefined where the workspace knows nothing of the project. */
async function isGone(place: Place, context: RailwayContext, call: Call): Promise<boolean | undefined> {
  const { railway } = context;
  if (place.serviceId) {
    try {
      const services = await railway.services(place.projectId, call);
      return !services.some((service) => service.id === place.serviceId);
    } catch (error) {
      if (!isHidden(error)) throw error;
    }
  }
  if (place.environmentId && place.volumeInstanceId) {
    try {
      const volumes = await railway.volumeInstances(place.projectId, place.environmentId, call);
      return !volumes.some((volume) => volume.id === place.volumeInstanceId);
    } catch (error) {
      if (!isHidden(error)) throw error;
    }
  }
  return railway.projectIsDeleted(place.projectId, call);
}

async function unknownProject({ projectId }: Place, { railway }: RailwayContext, call: Call): Promise<string> {
  return `Railway project ${projectId} is not known in workspace ${await railway.workspaceId(call)}, which the token is for: set RAILWAY_API_TOKEN (and RAILWAY_WORKSPACE_ID) to the right one. If the project is gone for good, take what lay in it out of the state by \`pulumi state delete\``;
}
