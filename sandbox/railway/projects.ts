/** Projects: names are not unique, deletion is soft and takes the whole tree. */
import { type Ask, environmentsOf, type Field, gone, projectFor, seesProject, visible, workspaceFor } from "./access.ts";
import { cooldown } from "./cooldowns.ts";
import { endDeployment, newestFirst } from "./deployments.ts";
import { deploymentView } from "./deploymentview.ts";
import { environmentView, makeEnvironment } from "./environments.ts";
import { badInput, notAuthorized, refusal } from "./errors.ts";
import { planLimits, planOf, subscriptionPlanLimit } from "./limits.ts";
import type { ProjectRow } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import { servicesOf, serviceView } from "./services.ts";
import type { Store } from "./store.ts";
import { volumesOf, volumeView } from "./volumes.ts";
import { workspaceView } from "./workspaces.ts";

const hourMs = 3_600_000;
const graceMs = 48 * hourMs;

interface ProjectInput {
  name?: string | null;
  description?: string | null;
  isPublic?: boolean | null;
  prDeploys?: boolean | null;
  botPrEnvironments?: boolean | null;
  focusedPrEnvironments?: boolean | null;
  baseEnvironmentId?: string | null;
  tracingEnabled?: boolean | null;
  tracingSampleRate?: number | null;
}

export const projectQueries = {
  project: ({ id }: { id: string }, ask: Ask) => projectView(ask, projectFor(ask, id)),
  projects(
    args: PageArguments & { workspaceId?: string | null; includeDeleted?: boolean | null; orderBy?: string | null },
    ask: Ask,
  ) {
    if (!ask.token || ask.token.kind === "project") throw notAuthorized();
    // An account token that names no workspace gets an empty list, not an error.
    const workspaceId = args.workspaceId ?? (ask.token.kind === "workspace" ? ask.token.workspaceId : null);
    if (!workspaceId) return page(ask.store, [], args, () => undefined);
    workspaceFor(ask, workspaceId);
    const rows = projectsOf(ask.store, workspaceId).filter(
      (row) => visible(ask, row) && (args.includeDeleted === true || !gone(ask, row)),
    );
    const by: (a: ProjectRow, b: ProjectRow) => number =
      args.orderBy === "NAME_ASC"
        ? (a, b) => a.name.localeCompare(b.name)
        : args.orderBy === "CREATED_AT_DESC"
          ? (a, b) => b.createdAt.localeCompare(a.createdAt)
          : (a, b) => b.updatedAt.localeCompare(a.updatedAt);
    return page(ask.store, rows.sort(by), args, (row) => projectView(ask, row));
  },
} satisfies Record<string, Field>;

export const projectMutations = {
  projectCreate(
    { input }: { input: ProjectInput & { workspaceId?: string | null; defaultEnvironmentName?: string | null } },
    ask: Ask,
  ) {
    const { store } = ask;
    if (!ask.token || ask.token.kind === "project") throw notAuthorized();
    const workspace = input.workspaceId ? workspaceFor(ask, input.workspaceId) : undefined;
    const limit = planLimits[workspace?.plan ?? "FREE"].projects;
    const present = workspace ? projectsOf(store, workspace.id).filter((row) => row.deletedAt === null).length : 0;
    if (workspace && present >= limit) throw refusal(`Workspace has reached its limit of ${limit} projects`);
    cooldown(
      store,
      `project:${workspace?.id ?? ask.token.id}`,
      store.settings.projectCooldownMs,
      "You are creating projects too quickly. Please wait before creating another one.",
    );
    const now = store.iso();
    const project: ProjectRow = {
      id: store.uuid(),
      name: input.name || "spirited-caravan",
      description: input.description ?? null,
      workspaceId: workspace?.id ?? null,
      isPublic: workspace ? (input.isPublic ?? false) : true,
      isTempProject: !workspace,
      expiredAt: workspace ? null : store.iso(store.now() + 24 * hourMs),
      deletedAt: null,
      primaryEnvironmentId: null,
      baseEnvironmentId: null,
      prDeploys: input.prDeploys ?? false,
      botPrEnvironments: false,
      focusedPrEnvironments: false,
      tracingEnabled: false,
      tracingSampleRate: null,
      createdAt: now,
      updatedAt: now,
      visibleFromMs: store.now() + store.settings.readLagMs,
    };
    store.tables.projects.set(project.id, project);
    const environment = makeEnvironment(store, project.id, input.defaultEnvironmentName || "production", null, false);
    project.primaryEnvironmentId = environment.id;
    return projectView(ask, project);
  },
  projectUpdate({ id, input }: { id: string; input: ProjectInput }, ask: Ask) {
    const project = projectFor({ ...ask, writes: true }, id);
    if (input.name === "") throw badInput("Project name must not be empty");
    project.name = input.name ?? project.name;
    project.description = input.description ?? project.description;
    project.isPublic = input.isPublic ?? project.isPublic;
    project.prDeploys = input.prDeploys ?? project.prDeploys;
    project.botPrEnvironments = input.botPrEnvironments ?? project.botPrEnvironments;
    project.focusedPrEnvironments = input.focusedPrEnvironments ?? project.focusedPrEnvironments;
    project.baseEnvironmentId = input.baseEnvironmentId ?? project.baseEnvironmentId;
    project.tracingEnabled = input.tracingEnabled ?? project.tracingEnabled;
    project.tracingSampleRate = input.tracingSampleRate ?? project.tracingSampleRate;
    project.updatedAt = ask.store.iso();
    return projectView(ask, project);
  },
  projectDelete({ id }: { id: string }, ask: Ask) {
    deleteProject(ask.store, projectFor({ ...ask, writes: true }, id));
    return true;
  },
  projectScheduleDelete({ id }: { id: string }, ask: Ask) {
    const project = projectFor({ ...ask, writes: true }, id);
    project.deletedAt = ask.store.iso(ask.store.now() + graceMs);
    ask.store.plan(graceMs, { kind: "projectGone", projectId: id });
    return true;
  },
  projectScheduleDeleteCancel({ id }: { id: string }, ask: Ask) {
    const project = projectFor({ ...ask, writes: true }, id);
    project.deletedAt = null;
    ask.store.unplan((due) => due.kind === "projectGone" && due.projectId === id);
    return true;
  },
  projectScheduleDeleteForce({ id }: { id: string }, ask: Ask) {
    const project = projectFor({ ...ask, writes: true }, id);
    if (project.deletedAt === null) throw refusal("Project is not scheduled for deletion");
    deleteProject(ask.store, project);
    return true;
  },
} satisfies Record<string, Field>;

/** The end of the 48 hours of a scheduled deletion. */
export function projectGone(store: Store, projectId: string): void {
  const project = store.tables.projects.get(projectId);
  if (project) deleteProject(store, project);
}

/** Soft: the rows stay (metrics and usage of the past want them), everything that runs ends now. */
export function deleteProject(store: Store, project: ProjectRow): void {
  const { tables } = store;
  const now = store.iso();
  store.unplan((due) => due.kind === "projectGone" && due.projectId === project.id);
  project.deletedAt = now;
  project.updatedAt = now;
  for (const row of tables.deployments.values()) if (row.projectId === project.id) endDeployment(store, row, "REMOVED");
  for (const row of tables.services.values()) if (row.projectId === project.id) row.deletedAt ??= now;
  for (const row of tables.environments.values()) {
    if (row.projectId !== project.id) continue;
    row.deletedAt ??= now;
    for (const instance of tables.serviceInstances.values()) if (instance.environmentId === row.id) instance.deletedAt ??= now;
    for (const volume of tables.volumeInstances.values()) {
      if (volume.environmentId !== row.id) continue;
      volume.state = "DELETED";
      volume.deletedAt = now;
    }
  }
  for (const table of [tables.customDomains, tables.serviceDomains])
    for (const row of table.values()) if (row.projectId === project.id) row.deletedAt ??= now;
}

export function projectsOf(store: Store, workspaceId: string): ProjectRow[] {
  return [...store.tables.projects.values()].filter((row) => row.workspaceId === workspaceId);
}

export function projectView(ask: Ask, project: ProjectRow) {
  const { store } = ask;
  const plan = planOf(store, project);
  const environments = () =>
    environmentsOf(store, project.id).filter(
      (row) => visible(ask, row) && (ask.token?.kind !== "project" || ask.token.environmentId === row.id),
    );
  return {
    ...project,
    baseEnvironment() {
      const row = project.baseEnvironmentId && store.tables.environments.get(project.baseEnvironmentId);
      return row ? environmentView(ask, row) : null;
    },
    environments(args: PageArguments & { isEphemeral?: boolean | null; sort?: string | null }) {
      const rows = environments().filter((row) => typeof args.isEphemeral !== "boolean" || row.isEphemeral === args.isEphemeral);
      return page(store, args.sort === "desc" ? rows.reverse() : rows, args, (row) => environmentView(ask, row));
    },
    services: (args: PageArguments) =>
      page(
        store,
        servicesOf(store, project.id).filter((row) => visible(ask, row)),
        args,
        (row) => serviceView(ask, row),
      ),
    volumes: (args: PageArguments) =>
      page(
        store,
        volumesOf(store, project.id).filter((row) => visible(ask, row)),
        args,
        (row) => volumeView(ask, row),
      ),
    deployments: (args: PageArguments) =>
      page(
        store,
        newestFirst(store, (row) => row.projectId === project.id),
        args,
        (row) => deploymentView(ask, row),
      ),
    subscriptionPlanLimit: () => subscriptionPlanLimit(plan),
    subscriptionType: () => plan.toLowerCase(),
    workspace() {
      const row = project.workspaceId && seesProject(ask, project) && store.tables.workspaces.get(project.workspaceId);
      return row ? workspaceView(ask, row) : null;
    },
  };
}
