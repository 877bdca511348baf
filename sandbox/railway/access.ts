/** Who asks, and what that token may see. Absent, deleted and out of scope get the same answer. */
import { notAuthorized, refusal } from "./errors.ts";
import type {
  DeploymentRow,
  EnvironmentRow,
  InstanceRow,
  ProjectRow,
  ServiceRow,
  TokenRow,
  VolumeInstanceRow,
  VolumeRow,
  WorkspaceRow,
} from "./model.ts";
import type { Store } from "./store.ts";

/** One request: whose, and whether it reads what a moment ago was written (a mutation's own answer does). */
export interface Ask {
  readonly store: Store;
  readonly token: TokenRow | undefined;
  readonly writes: boolean;
}

/** A root field: called by the GraphQL executor with its arguments and the request. */
export type Field = (args: never, ask: Ask) => unknown;

/** Whether a read finds the row yet. */
export function visible(ask: Ask, row: { readonly visibleFromMs: number }): boolean {
  return ask.writes || row.visibleFromMs <= ask.store.now();
}

export function workspaceFor(ask: Ask, id: string): WorkspaceRow {
  const row = ask.store.tables.workspaces.get(id);
  if (!row || !seesWorkspace(ask, id)) throw notAuthorized();
  return row;
}

export function seesWorkspace(ask: Ask, id: string): boolean {
  if (!ask.token || ask.token.kind === "project") return false;
  return ask.token.kind === "account" || ask.token.workspaceId === id;
}

export function seesProject(ask: Ask, project: ProjectRow): boolean {
  const { token } = ask;
  if (!token) return false;
  if (token.kind === "project") return token.projectId === project.id;
  return token.kind === "account" || project.workspaceId === null || project.workspaceId === token.workspaceId;
}

export function projectFor(ask: Ask, id: string, deletedToo = false): ProjectRow {
  const row = ask.store.tables.projects.get(id);
  if (!row || !seesProject(ask, row) || !visible(ask, row) || (gone(ask, row) && !deletedToo)) throw notAuthorized();
  return row;
}

/** Deleted, and not only scheduled to be. */
export function gone(ask: Ask, row: { readonly deletedAt: string | null }): boolean {
  return row.deletedAt !== null && Date.parse(row.deletedAt) <= ask.store.now();
}

export function environmentFor(ask: Ask, id: string, deletedToo = false): EnvironmentRow {
  const row = ask.store.tables.environments.get(id);
  if (!row || !visible(ask, row) || (gone(ask, row) && !deletedToo)) throw notAuthorized();
  if (ask.token?.kind === "project" && ask.token.environmentId !== id) throw notAuthorized();
  projectFor(ask, row.projectId, deletedToo);
  return row;
}

export function serviceFor(ask: Ask, id: string, deletedToo = false): ServiceRow {
  const row = ask.store.tables.services.get(id);
  if (!row || (gone(ask, row) && !deletedToo)) throw notAuthorized();
  projectFor({ ...ask, writes: true }, row.projectId, deletedToo);
  if (!visible(ask, row)) throw refusal(`Service ${id} not found`);
  return row;
}

/** The instance of a service in an environment. A new one is not found for a while even by the mutations that write to it. */
export function instanceFor(ask: Ask, serviceId: string, environmentId: string): InstanceRow {
  serviceFor({ ...ask, writes: true }, serviceId);
  environmentFor({ ...ask, writes: true }, environmentId);
  const row = findInstance(ask.store, serviceId, environmentId);
  if (!row || row.visibleFromMs > ask.store.now()) throw refusal("ServiceInstance not found");
  return row;
}

/** Also while reads do not find it yet. */
export function findInstance(store: Store, serviceId: string, environmentId: string): InstanceRow | undefined {
  for (const row of store.tables.serviceInstances.values())
    if (row.serviceId === serviceId && row.environmentId === environmentId && row.deletedAt === null) return row;
  return undefined;
}

export function volumeFor(ask: Ask, id: string): VolumeRow {
  const row = ask.store.tables.volumes.get(id);
  if (!row) throw notAuthorized();
  projectFor({ ...ask, writes: true }, row.projectId);
  return row;
}

export function volumeInstanceFor(ask: Ask, id: string): VolumeInstanceRow {
  const row = ask.store.tables.volumeInstances.get(id);
  if (!row) throw notAuthorized();
  environmentFor({ ...ask, writes: true }, row.environmentId);
  if (row.visibleFromMs > ask.store.now()) throw refusal("VolumeInstance not found");
  return row;
}

export function deploymentFor(ask: Ask, id: string): DeploymentRow {
  const row = ask.store.tables.deployments.get(id);
  if (!row) throw notAuthorized();
  environmentFor({ ...ask, writes: true }, row.environmentId);
  if (!visible(ask, row)) throw refusal("Deployment not found");
  return row;
}

/** Where a change lands: in a fork alone, otherwise in every environment of the project that is no fork. */
export function targetEnvironments(ask: Ask, projectId: string, environmentId: string | null | undefined): EnvironmentRow[] {
  if (environmentId) {
    const environment = environmentFor({ ...ask, writes: true }, environmentId);
    if (environment.projectId !== projectId) throw notAuthorized();
    if (environment.sourceEnvironmentId !== null) return [environment];
  }
  return environmentsOf(ask.store, projectId).filter((row) => row.sourceEnvironmentId === null);
}

export function environmentsOf(store: Store, projectId: string): EnvironmentRow[] {
  return [...store.tables.environments.values()].filter((row) => row.projectId === projectId && row.deletedAt === null);
}
