/** What a plan allows (Railway's pricing page, 2026-08) and the merged limits of an instance. */
import type { InstanceSettings, Plan, ProjectRow } from "./model.ts";
import type { Store } from "./store.ts";

interface PlanLimits {
  readonly requestsPerHour: number;
  readonly requestsPerSecond: number | undefined;
  readonly memoryGB: number;
  readonly vCPUs: number;
  readonly replicas: number;
  readonly defaultVolumeMB: number;
  readonly maxVolumeMB: number;
  readonly volumesPerProject: number;
  readonly customDomainsPerService: number;
  readonly projects: number;
}

export const planLimits: Readonly<Record<Plan, PlanLimits>> = {
  FREE: {
    requestsPerHour: 100,
    requestsPerSecond: undefined,
    memoryGB: 0.5,
    vCPUs: 1,
    replicas: 1,
    defaultVolumeMB: 500,
    maxVolumeMB: 500,
    volumesPerProject: 1,
    customDomainsPerService: 1,
    projects: 1,
  },
  HOBBY: {
    requestsPerHour: 1_000,
    requestsPerSecond: 10,
    memoryGB: 48,
    vCPUs: 48,
    replicas: 6,
    defaultVolumeMB: 5_000,
    maxVolumeMB: 5_000,
    volumesPerProject: 10,
    customDomainsPerService: 2,
    projects: 50,
  },
  PRO: {
    requestsPerHour: 10_000,
    requestsPerSecond: 50,
    memoryGB: 1_000,
    vCPUs: 1_000,
    replicas: 42,
    defaultVolumeMB: 50_000,
    maxVolumeMB: 1_000_000,
    volumesPerProject: 20,
    customDomainsPerService: 20,
    projects: 1_000,
  },
};

/** A project without workspace is a temporary one and lives by the free plan. */
export function planOf(store: Store, project: ProjectRow): Plan {
  return (project.workspaceId && store.tables.workspaces.get(project.workspaceId)?.plan) || "FREE";
}

/** The scalar `SubscriptionPlanLimit`. */
export function subscriptionPlanLimit(plan: Plan) {
  const limits = planLimits[plan];
  return {
    containers: { cpu: limits.vCPUs, memoryBytes: bytes(limits.memoryGB), replicas: limits.replicas },
    volumes: { maxPerProject: limits.volumesPerProject, sizeMB: limits.maxVolumeMB, defaultSizeMB: limits.defaultVolumeMB },
    projects: { max: limits.projects },
    customDomains: { maxPerService: limits.customDomainsPerService },
  };
}

/** The scalar `ServiceInstanceLimit` with what was overridden; null where nothing was. */
export function limitOverride(settings: InstanceSettings) {
  if (settings.limitMemoryBytes === null && settings.limitCpu === null) return null;
  return {
    containers: {
      ...(settings.limitCpu === null ? {} : { cpu: settings.limitCpu }),
      ...(settings.limitMemoryBytes === null ? {} : { memoryBytes: settings.limitMemoryBytes }),
    },
  };
}

/** The scalar `ServiceInstanceLimit`, the plan's where nothing is overridden. */
export function mergedLimits(settings: InstanceSettings, plan: Plan) {
  const { memoryGB, vCPUs } = planLimits[plan];
  return { containers: { cpu: settings.limitCpu ?? vCPUs, memoryBytes: settings.limitMemoryBytes ?? bytes(memoryGB) } };
}

/** Railway counts decimal gigabytes. */
export function bytes(gigabytes: number): number {
  return Math.round(gigabytes * 1e9);
}
