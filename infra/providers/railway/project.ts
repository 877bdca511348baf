/** Railway project with its one environment. Names are not unique at Railway, so it is ours by the marker in its description. Id: `<projectId>`. */
import { OperatorError } from "../../../domain/error.ts";
import { readLagMs } from "../../../vendors/railway/graphql.ts";
import type { Project } from "../../../vendors/railway/project.ts";
import { isHidden } from "../../../vendors/railway/refusal.ts";
import { sameValue } from "../shell/diff.ts";
import type { Call, Resource } from "../shell/resource.ts";
import { adoptOrCreate } from "./adopt.ts";
import type { RailwayContext } from "./context.ts";
import { deleteUnlessGone } from "./gone.ts";
import { ProjectInputs, ProjectOutputs } from "./shapes.ts";

export const project: Resource<ProjectInputs, ProjectOutputs, RailwayContext> = {
  token: "railway:index:Project",
  description: "A project with its one environment, adopted by the marker in its description.",
  inputs: ProjectInputs,
  outputs: ProjectOutputs,
  importId: "<projectId>",
  stable: ["projectId", "environmentId", "workspaceId"],
  leftAlone: ["marker"],
  // The marker only finds what is there already.
  sameMeaning: (property, before, after) =>
    property === "marker" || (property === "allowDelete" && before === undefined && after === false),
  check: ({ description, marker }) =>
    marker === undefined || holdsMarker(description, marker)
      ? []
      : [{ property: "description", reason: `does not hold the marker "${marker}": put it in, or leave the marker out` }],

  async create(inputs, context, call) {
    const { railway } = context;
    const { name, description, marker } = inputs;
    const look = marker === undefined ? undefined : () => find(marker, context, call);
    let adopted = false;
    const own = (found: Project | undefined) => {
      adopted = found !== undefined;
      return found;
    };
    const looks = marker !== undefined && {
      lookAgain: async () => own(await find(marker, context, call)),
      lookAfterWait: async () => own(findIn(await settledProjects(context, call), marker)),
    };
    const found = await adoptOrCreate(
      {
        what: `project ${inputs.name}`,
        lookFirst: true,
        ...(look && { look }),
        create: async () => {
          const created = await railway.createProject({ name, description }, { ...call, ...looks });
          if (!adopted) context.fresh.add(created.id);
          return created;
        },
      },
      context,
      call,
    );
    const differs = found.name !== name || found.description !== description;
    const current = differs ? await railway.updateProject(found.id, { name, description }, call) : found;
    return { id: current.id, state: { ...inputs, ...outputsOf(current) } };
  },

  async read(id, context, call, known) {
    const found = await existing(id, context, call, known?.state.workspaceId);
    if (!found) return undefined;
    const { name, description } = found;
    const inputs = { ...ownWords(known?.inputs), name, description: description ?? "" };
    return { id, inputs, state: { ...inputs, ...outputsOf(found) } };
  },

  async update(id, state, inputs, { railway }, call, oldInputs) {
    const { name, description } = inputs;
    const { projectId, environmentId, workspaceId } = state;
    if (oldInputs.name === name && oldInputs.description === description && !sameValue(oldInputs, inputs))
      return { ...inputs, projectId, environmentId, workspaceId };
    return { ...inputs, ...outputsOf(await railway.updateProject(id, { name, description }, call)) };
  },

  delete: (id, state, context, call) =>
    deleteUnlessGone({ projectId: id }, context, call, async () => {
      if (!state.allowDelete) await refuseVolumes(state, context, call);
      await context.railway.deleteProject(id, call);
    }),
};

/** Railway deletes a project's volumes with it: also those that a program wanted kept. */
async function refuseVolumes(
  { projectId, environmentId }: ProjectOutputs,
  { railway }: RailwayContext,
  call: Call,
): Promise<void> {
  // One that was deleted a moment ago may still be listed as living.
  let volumes = await railway.volumeInstances(projectId, environmentId, call);
  if (volumes.length === 0) return;
  await railway.clock.sleep(readLagMs, call.signal);
  volumes = await railway.volumeInstances(projectId, environmentId, call);
  if (volumes.length === 0) return;
  const names = volumes.map(({ volumeId, mountPath }) => `${volumeId} at ${mountPath}`).join(", ");
  throw new OperatorError(
    `Railway project ${projectId} was not deleted: it still has volumes (${names}), and their data would go with it. If it may, set allowDelete: true on the project, apply that, and run this again`,
  );
}

/** What Railway does not hold. */
function ownWords(known: ProjectInputs | undefined) {
  return {
    ...(known?.marker !== undefined && { marker: known.marker }),
    ...(known?.allowDelete !== undefined && { allowDelete: known.allowDelete }),
  };
}

/** Whether a description holds a marker as a word of its own: `app:prod:1` is not in `app:prod:12`. */
export function holdsMarker(description: string, marker: string): boolean {
  return description.split(/[\s,;()[\]"']+/).includes(marker);
}

async function find(marker: string, { railway }: RailwayContext, call: Call): Promise<Project | undefined> {
  return findIn(await railway.projects(call), marker);
}

/** Read once for all that wait: what this process makes itself needs no finding. */
function settledProjects(context: RailwayContext, call: Call): Promise<readonly Project[]> {
  context.settledProjects ??= context.railway.projects(call).catch((error: unknown) => {
    delete context.settledProjects;
    throw error;
  });
  return context.settledProjects;
}

function findIn(projects: readonly Project[], marker: string): Project | undefined {
  const ours = projects.filter((candidate) => holdsMarker(candidate.description ?? "", marker));
  const [only, ...others] = ours;
  if (others.length === 0) return only;
  const ids = ours.map((twin) => `${twin.id} (${twin.name})`).join(", ");
  throw new OperatorError(
    `${ours.length} Railway projects carry the marker ${marker}: ${ids}. Only one may: look which one holds the volume, take the marker out of the other's description, and run this again`,
  );
}

async function existing(
  id: string,
  { railway }: RailwayContext,
  call: Call,
  workspaceId: string | undefined,
): Promise<Project | undefined> {
  try {
    const found = await railway.project(id, call);
    return found.deletedAt === null ? found : undefined;
  } catch (error) {
    if (!isHidden(error)) throw error;
    // The same words mean "not ours to see": only the workspace's own list can say that it is gone, and another workspace's says nothing.
    const asked = await railway.workspaceId(call);
    if (workspaceId !== undefined && workspaceId !== asked) {
      throw new OperatorError(
        `Railway project ${id} lies in workspace ${workspaceId}, but the token is for workspace ${asked}: set RAILWAY_API_TOKEN (and RAILWAY_WORKSPACE_ID) to the right one`,
      );
    }
    if (!(await isListed(id, railway, call))) return undefined;
    // What was made a moment ago may be listed just now, and then it can be read too.
    const found = await railway.project(id, call);
    return found.deletedAt === null ? found : undefined;
  }
}

/** Asked again past the read lag: what a run made that died a moment ago is not gone. */
async function isListed(id: string, { clock, projects }: RailwayContext["railway"], call: Call): Promise<boolean> {
  const listed = async () => (await projects(call)).some((candidate) => candidate.id === id);
  if (await listed()) return true;
  await clock.sleep(readLagMs, call.signal);
  return listed();
}

/** Ids of a project that is fit for use; OperatorError for one that is public, temporary or without environment. */
export function outputsOf(found: Project) {
  if (found.isTempProject || found.isPublic || found.workspaceId === null) {
    throw new OperatorError(
      `Railway project ${found.id} (${found.name}) is ${found.isPublic ? "public" : "temporary"}: it must belong to a workspace and be private. Change that in the Railway dashboard, or delete it, and run this again`,
    );
  }
  if (found.primaryEnvironmentId === null) {
    throw new OperatorError(`Railway project ${found.id} (${found.name}) has no environment: make one in the Railway dashboard`);
  }
  return { projectId: found.id, environmentId: found.primaryEnvironmentId, workspaceId: found.workspaceId };
}
