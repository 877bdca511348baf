/** What a metrics or usage query is about: the series in its scope, grouped by tags. */
import { type Ask, environmentFor, gone, projectFor, seesProject, serviceFor, volumeFor, workspaceFor } from "./access.ts";
import { badInput, notAuthorized } from "./errors.ts";
import { containerSources, isVolumeMeasurement, type Source, type Tags, volumeSource } from "./samples.ts";

export interface ScopeArguments {
  readonly projectId?: string | null;
  readonly environmentId?: string | null;
  readonly serviceId?: string | null;
  readonly workspaceId?: string | null;
  readonly volumeId?: string | null;
  readonly volumeInstanceExternalId?: string | null;
  readonly includeDeleted?: boolean | null;
  readonly groupBy?: readonly string[] | null;
}

export interface Group {
  readonly tags: Partial<Tags>;
  readonly sources: Source[];
}

const tagFields: Readonly<Record<string, keyof Tags>> = {
  PROJECT_ID: "projectId",
  ENVIRONMENT_ID: "environmentId",
  SERVICE_ID: "serviceId",
  DEPLOYMENT_ID: "deploymentId",
  DEPLOYMENT_INSTANCE_ID: "deploymentInstanceId",
  REGION: "region",
  VOLUME_ID: "volumeId",
  VOLUME_INSTANCE_ID: "volumeInstanceId",
};

/** Refuses a scope that the token may not see. Deleted things are in it only when asked for. */
export function checkScope(ask: Ask, args: ScopeArguments): void {
  const all = { ...ask, writes: true };
  const deletedToo = args.includeDeleted === true;
  if (args.workspaceId) workspaceFor(all, args.workspaceId);
  if (args.projectId) projectFor(all, args.projectId, deletedToo);
  if (args.environmentId) environmentFor(all, args.environmentId, deletedToo);
  if (args.serviceId) serviceFor(all, args.serviceId, deletedToo);
  if (args.volumeId) volumeFor(all, args.volumeId);
  if (!ask.token) throw notAuthorized();
}

/** The groups of one measurement; without `groupBy` everything in the scope is one. */
export function groupsOf(ask: Ask, args: ScopeArguments, measurement: string, untilMs: number): Group[] {
  const groups = new Map<string, Group>();
  const fields = (args.groupBy ?? []).flatMap((tag) => tagFields[tag] ?? []);
  for (const source of sourcesOf(ask, args, measurement, untilMs)) {
    const tags: Partial<Tags> = {};
    for (const field of fields) Object.assign(tags, { [field]: source.tags[field] });
    if (fields.length === 0 && (args.projectId || args.environmentId || args.serviceId)) tags.projectId = source.tags.projectId;
    const key = JSON.stringify(tags);
    const group = groups.get(key) ?? { tags, sources: [] };
    group.sources.push(source);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A date of the request as epoch milliseconds. */
export function dateOf(text: unknown, name: string): number {
  const atMs = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw badInput(`${name} is not a date`);
  return atMs;
}

function sourcesOf(ask: Ask, args: ScopeArguments, measurement: string, untilMs: number): Source[] {
  const { tables } = ask.store;
  const projects = new Set<string>();
  for (const row of tables.projects.values()) {
    if (args.projectId && row.id !== args.projectId) continue;
    if (args.workspaceId && row.workspaceId !== args.workspaceId) continue;
    if (seesProject(ask, row) && (args.includeDeleted === true || !gone(ask, row))) projects.add(row.id);
  }
  const inScope = (row: { environmentId: string; serviceId: string | null }) =>
    (!args.environmentId || row.environmentId === args.environmentId) &&
    (!args.serviceId || row.serviceId === args.serviceId) &&
    (ask.token?.kind !== "project" || row.environmentId === ask.token.environmentId);
  if (isVolumeMeasurement(measurement)) {
    return [...tables.volumeInstances.values()].flatMap((row) => {
      const projectId = tables.environments.get(row.environmentId)?.projectId ?? "";
      const wanted =
        projects.has(projectId) &&
        inScope(row) &&
        (!args.volumeId || row.volumeId === args.volumeId) &&
        (!args.volumeInstanceExternalId || row.externalId === args.volumeInstanceExternalId);
      return wanted && (args.includeDeleted === true || row.state !== "DELETED")
        ? [volumeSource(ask.store, row, projectId, measurement, untilMs)]
        : [];
    });
  }
  return [...tables.deployments.values()].flatMap((row) => {
    const service = tables.services.get(row.serviceId);
    const wanted = projects.has(row.projectId) && inScope(row) && (args.includeDeleted === true || service?.deletedAt === null);
    return wanted ? containerSources(ask.store, row, measurement, untilMs) : [];
  });
}
