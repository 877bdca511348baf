/** Projects, and which workspace the token belongs to. */
import { z } from "zod";
import { OperatorError } from "../../domain/error.ts";
import { type CreateOptions, cooldownQueue } from "./cooldown.ts";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { Connection, drain, pageFields, pageSize } from "./pages.ts";
import { isHidden } from "./refusal.ts";
import { assertDone } from "./truth.ts";

const fields = "id name description workspaceId isPublic isTempProject deletedAt primaryEnvironmentId";

export const Project = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  workspaceId: z.string().nullable(),
  isPublic: z.boolean(),
  isTempProject: z.boolean(),
  deletedAt: z.string().nullable(),
  primaryEnvironmentId: z.string().nullable(),
});
export type Project = z.infer<typeof Project>;

export const projectCreate: Operation<{ projectCreate: Project }> = {
  name: "projectCreate",
  document: `mutation projectCreate($input: ProjectCreateInput!) { projectCreate(input: $input) { ${fields} } }`,
  answer: z.object({ projectCreate: Project }),
  retry: "write",
};
export const projectUpdate: Operation<{ projectUpdate: Project }> = {
  name: "projectUpdate",
  document: `mutation projectUpdate($id: String!, $input: ProjectUpdateInput!) { projectUpdate(id: $id, input: $input) { ${fields} } }`,
  answer: z.object({ projectUpdate: Project }),
  retry: "idempotent",
};
export const projectDelete: Operation<{ projectDelete: boolean }> = {
  name: "projectDelete",
  document: "mutation projectDelete($id: String!) { projectDelete(id: $id) }",
  answer: z.object({ projectDelete: z.boolean() }),
  retry: "idempotent",
};
export const projectGet: Operation<{ project: Project }> = {
  name: "project",
  document: `query project($id: String!) { project(id: $id) { ${fields} } }`,
  answer: z.object({ project: Project }),
  retry: "read",
};
const Projects = Connection(Project);
export const projectList: Operation<{ projects: z.infer<typeof Projects> }> = {
  name: "projects",
  document: `query projects($workspaceId: String!, $includeDeleted: Boolean!, $first: Int!, $after: String) { projects(workspaceId: $workspaceId, includeDeleted: $includeDeleted, first: $first, after: $after) ${pageFields(fields)} }`,
  answer: z.object({ projects: Projects }),
  retry: "read",
};
const Token = z.object({ workspaces: z.array(z.object({ id: z.string(), name: z.string() })) });
export const apiToken: Operation<{ apiToken: z.infer<typeof Token> }> = {
  name: "apiToken",
  document: "query apiToken { apiToken { workspaces { id name } } }",
  answer: z.object({ apiToken: Token }),
  retry: "read",
};

const projectCooldownMs = 30_000;

export function projectCalls(connection: RailwayConnection, givenWorkspaceId: string | undefined) {
  let workspace: Promise<string> | undefined;
  const creates = cooldownQueue(connection.clock, projectCooldownMs);
  const workspaceId = (options?: CallOptions): Promise<string> => {
    if (givenWorkspaceId) return Promise.resolve(givenWorkspaceId);
    workspace ??= findWorkspace(connection, options).catch((error: unknown) => {
      workspace = undefined;
      throw error;
    });
    return workspace;
  };
  const listed = async (includeDeleted: boolean, options?: CallOptions): Promise<Project[]> => {
    const place = { workspaceId: await workspaceId(options), includeDeleted };
    return drain(async (after) => (await connection.run(projectList, { ...place, first: pageSize, after }, options)).projects);
  };
  return {
    /** The workspace given, else the only one that the token can see; OperatorError when there are several or none. */
    workspaceId,
    /** Creates are done one after another, because Railway allows one in 30 s; the waits go through the clock. */
    createProject: (input: { name: string; description: string }, options?: CreateOptions<Project>): Promise<Project> =>
      creates(async (call) => {
        // Without a workspace the project would be a public one that expires in a day.
        const all = { ...input, workspaceId: await workspaceId(options), isPublic: false };
        return (await connection.run(projectCreate, { input: all }, call)).projectCreate;
      }, options),
    async updateProject(id: string, input: { name?: string; description?: string }, options?: CallOptions): Promise<Project> {
      return (await connection.run(projectUpdate, { id, input }, options)).projectUpdate;
    },
    /** Soft at Railway, and takes services, volumes and all with it. */
    async deleteProject(id: string, options?: CallOptions): Promise<void> {
      assertDone("projectDelete", (await connection.run(projectDelete, { id }, options)).projectDelete);
    },
    /** Rejects with a `hidden` refusal for what is absent, deleted or not ours. */
    async project(id: string, options?: CallOptions): Promise<Project> {
      return (await connection.run(projectGet, { id }, options)).project;
    },
    /** All projects of the workspace that are not deleted. */
    async projects(options?: CallOptions): Promise<Project[]> {
      return (await listed(false, options)).filter((project) => project.deletedAt === null);
    },
    /** Whether the workspace's list proves that the project is deleted; undefined where it knows nothing of such a project. */
    async projectIsDeleted(id: string, options?: CallOptions): Promise<boolean | undefined> {
      const found = (await listed(true, options)).find((project) => project.id === id);
      return found && found.deletedAt !== null;
    },
  };
}

async function findWorkspace(connection: RailwayConnection, options?: CallOptions): Promise<string> {
  const { workspaces } = await ownToken(connection, options);
  const [only, ...others] = workspaces;
  if (only && others.length === 0) return only.id;
  const seen = workspaces.map((workspace) => `${workspace.id} (${workspace.name})`).join(", ") || "none";
  throw new OperatorError(
    `the Railway token sees ${workspaces.length} workspaces: ${seen}. Set RAILWAY_WORKSPACE_ID to the one to use`,
  );
}

async function ownToken(connection: RailwayConnection, options?: CallOptions): Promise<z.infer<typeof Token>> {
  try {
    return (await connection.run(apiToken, {}, options)).apiToken;
  } catch (error) {
    if (!isHidden(error)) throw error;
    throw new OperatorError(
      "Railway does not accept the token: set RAILWAY_API_TOKEN to an account's or a workspace's token (a project's token cannot make projects)",
    );
  }
}
