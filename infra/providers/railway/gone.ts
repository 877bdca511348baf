/** Railway says the same of what is absent, deleted or not ours to see. Gone is only what a successful query does not list. */
import { isHidden } from "../../../vendors/railway/refusal.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";

/** Runs a read; undefined when it was refused and the project's (or, if that is hidden too, the workspace's) own list proves that the thing is gone. */
export async function unlessGone<Result>(
  place: { readonly projectId: string; readonly serviceId?: string },
  context: RailwayContext,
  call: Call,
  read: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isHidden(error)) throw error;
    if (await isGone(place, context, call)) return undefined;
    throw error;
  }
}

/** For deletes: "not found" is success. */
export async function deleteUnlessGone(
  place: { readonly projectId: string; readonly serviceId?: string },
  context: RailwayContext,
  call: Call,
  remove: () => Promise<void>,
): Promise<void> {
  await unlessGone(place, context, call, remove);
}

async function isGone(
  place: { readonly projectId: string; readonly serviceId?: string },
  context: RailwayContext,
  call: Call,
): Promise<boolean> {
  const { railway } = context;
  if (place.serviceId) {
    try {
      const services = await railway.services(place.projectId, call);
      return !services.some((service) => service.id === place.serviceId);
    } catch (error) {
      if (!isHidden(error)) throw error;
    }
  }
  const projects = await railway.projects(call);
  return !projects.some((project) => project.id === place.projectId);
}
