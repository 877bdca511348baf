/** Service instances: a service's settings in one environment. Updates are saved and deploy nothing. */
import { type Ask, environmentFor, type Field, instanceFor, projectFor, serviceFor, targetEnvironments } from "./access.ts";
import { deploy, deploymentsOf, refuseWhileBuilding } from "./deployments.ts";
import { deploymentView, isRunning } from "./deploymentview.ts";
import { domainsView } from "./domains.ts";
import { badInput, refusal } from "./errors.ts";
import { bytes, limitOverride, mergedLimits, planLimits, planOf } from "./limits.ts";
import type { EnvironmentRow, InstanceRow, InstanceSettings, ProjectRow, ServiceRow } from "./model.ts";
import { defaultRegion } from "./regions.ts";
import { serviceView } from "./services.ts";
import type { Store } from "./store.ts";

interface Place {
  serviceId: string;
  environmentId: string;
}

export type InstanceInput = Partial<Omit<InstanceSettings, "hasRegistryCredentials" | "source">> & {
  source?: { image?: string | null; repo?: string | null } | null;
  region?: string | null;
  registryCredentials?: object | null;
};

export const instanceQueries = {
  serviceInstance: (args: Place, ask: Ask) => instanceView(ask, instanceFor(ask, args.serviceId, args.environmentId)),
  serviceInstanceLimits(args: Place, ask: Ask) {
    const instance = instanceFor(ask, args.serviceId, args.environmentId);
    return mergedLimits(instance, planOf(ask.store, projectOf(ask, args.environmentId)));
  },
  serviceInstanceLimitOverride: (args: Place, ask: Ask) => limitOverride(instanceFor(ask, args.serviceId, args.environmentId)),
} satisfies Record<string, Field>;

export const instanceMutations = {
  serviceInstanceUpdate(args: { serviceId: string; environmentId?: string | null; input: InstanceInput }, ask: Ask) {
    const service = serviceFor({ ...ask, writes: true }, args.serviceId);
    const instances = targetEnvironments(ask, service.projectId, args.environmentId).map((row) =>
      instanceFor(ask, service.id, row.id),
    );
    for (const instance of instances) checkInput(ask, instance, args.input);
    for (const instance of instances) assignInput(ask, instance, args.input);
    return true;
  },
  serviceInstanceLimitsUpdate({ input }: { input: Place & { memoryGB?: number | null; vCPUs?: number | null } }, ask: Ask) {
    const instance = instanceFor(ask, input.serviceId, input.environmentId);
    const limits = planLimits[planOf(ask.store, projectOf(ask, input.environmentId))];
    if (typeof input.memoryGB === "number" && !(input.memoryGB > 0 && input.memoryGB <= limits.memoryGB))
      throw badInput(`Memory must be more than 0 and at most ${limits.memoryGB} GB on this plan`);
    if (typeof input.vCPUs === "number" && !(input.vCPUs > 0 && input.vCPUs <= limits.vCPUs))
      throw badInput(`vCPUs must be more than 0 and at most ${limits.vCPUs} on this plan`);
    if (input.memoryGB !== undefined) instance.limitMemoryBytes = input.memoryGB === null ? null : bytes(input.memoryGB);
    if (input.vCPUs !== undefined) instance.limitCpu = input.vCPUs;
    instance.updatedAt = ask.store.iso();
    return true;
  },
  serviceInstanceDeployV2: (args: Place, ask: Ask) =>
    deploy(ask.store, instanceFor(ask, args.serviceId, args.environmentId), "deploy").id,
  serviceInstanceDeploy(args: Place, ask: Ask) {
    deploy(ask.store, instanceFor(ask, args.serviceId, args.environmentId), "deploy");
    return true;
  },
  serviceInstanceRedeploy(args: Place, ask: Ask) {
    const instance = instanceFor(ask, args.serviceId, args.environmentId);
    const latest = deploymentsOf(ask.store, instance)[0];
    if (!latest) throw refusal("No deployment to redeploy");
    refuseWhileBuilding(ask.store, latest);
    deploy(ask.store, instance, "redeploy");
    return true;
  },
} satisfies Record<string, Field>;

/** A new instance with the platform's defaults. */
export function makeInstance(store: Store, service: ServiceRow, environment: EnvironmentRow, stored = true): InstanceRow {
  const row: InstanceRow = {
    ...defaultInstanceSettings(),
    id: store.uuid(),
    serviceId: service.id,
    environmentId: environment.id,
    deletedAt: null,
    createdAt: store.iso(),
    updatedAt: store.iso(),
    visibleFromMs: store.now() + store.settings.readLagMs,
  };
  if (stored) store.tables.serviceInstances.set(row.id, row);
  return row;
}

export function defaultInstanceSettings(): InstanceSettings {
  return {
    source: null,
    branch: null,
    buildCommand: null,
    builder: "RAILPACK",
    cronSchedule: null,
    dockerfilePath: null,
    drainingSeconds: null,
    healthcheckPath: null,
    healthcheckTimeout: null,
    ipv6EgressEnabled: null,
    multiRegionConfig: { [defaultRegion]: { numReplicas: 1 } },
    nixpacksPlan: null,
    numReplicas: null,
    overlapSeconds: null,
    preDeployCommand: null,
    railwayConfigFile: null,
    restartPolicyMaxRetries: 10,
    restartPolicyType: "ON_FAILURE",
    rootDirectory: null,
    sleepApplication: null,
    startCommand: null,
    watchPatterns: [],
    autoInstrumentationEnabled: false,
    tracingEnabled: false,
    requiredMountPath: null,
    hasRegistryCredentials: false,
    limitMemoryBytes: null,
    limitCpu: null,
  };
}

/** Registry credentials need the Pro plan and are never shown again. */
export function setRegistryCredentials(store: Store, project: ProjectRow, instance: InstanceRow): void {
  if (planOf(store, project) !== "PRO") throw refusal("Registry credentials are available on the Pro plan only");
  instance.hasRegistryCredentials = true;
}

export function instanceView(ask: Ask, row: InstanceRow) {
  const deployments = () => deploymentsOf(ask.store, row);
  const service = () => serviceFor({ ...ask, writes: true }, row.serviceId, true);
  return {
    ...row,
    // Reads back null whatever was set: the region stands in the environment's config.
    region: null,
    isUpdatable: false,
    nextCronRunAt: null,
    upstreamUrl: null,
    service: () => serviceView(ask, service()),
    serviceName: () => service().name,
    domains: () => domainsView(ask, row.serviceId, row.environmentId),
    latestDeployment() {
      const latest = deployments()[0];
      return latest ? deploymentView(ask, latest) : null;
    },
    activeDeployments: () =>
      deployments()
        .filter((deployment) => isRunning(deployment) || deployment.status === "SUCCESS")
        .map((deployment) => deploymentView(ask, deployment)),
  };
}

/** Whether a volume is mounted in the instance, or will be with its next deployment. */
export function mountedVolume(store: Store, place: Place) {
  for (const row of store.tables.volumeInstances.values())
    if (row.serviceId === place.serviceId && row.environmentId === place.environmentId && !row.isPendingDeletion) return row;
  return undefined;
}

function checkInput(ask: Ask, instance: InstanceRow, input: InstanceInput): void {
  const replicas = Math.max(input.numReplicas ?? 1, ...regionReplicas(input.multiRegionConfig));
  const limits = planLimits[planOf(ask.store, projectOf(ask, instance.environmentId))];
  if (input.numReplicas === 0 || regionReplicas(input.multiRegionConfig).includes(0))
    throw badInput("numReplicas must be at least 1");
  if (replicas > limits.replicas) throw badInput(`At most ${limits.replicas} replicas on this plan`);
  if (replicas > 1 && mountedVolume(ask.store, instance)) throw badInput("A service with a volume cannot have replicas");
  if (input.healthcheckPath && deploymentsOf(ask.store, instance).length === 0) throw badInput("Invalid input");
  if ((input.preDeployCommand?.length ?? 0) > 1) throw badInput("preDeployCommand takes one element");
}

/** `null` changes nothing, `""` clears. */
function assignInput(ask: Ask, instance: InstanceRow, input: InstanceInput): void {
  const { region, registryCredentials, source, numReplicas, ...plain } = input;
  for (const [name, value] of Object.entries(plain)) {
    if (value === null || value === undefined) continue;
    Object.assign(instance, { [name]: value === "" ? null : value });
  }
  if (source) instance.source = source.image || source.repo ? { image: source.image ?? null, repo: source.repo ?? null } : null;
  if (registryCredentials) setRegistryCredentials(ask.store, projectOf(ask, instance.environmentId), instance);
  if (typeof numReplicas === "number") instance.numReplicas = numReplicas;
  if (region) instance.multiRegionConfig = { [region]: { numReplicas: instance.numReplicas ?? 1 } };
  else if (typeof numReplicas === "number" && !plain.multiRegionConfig)
    instance.multiRegionConfig = Object.fromEntries(
      Object.keys(instance.multiRegionConfig ?? { [defaultRegion]: {} }).map((name) => [name, { numReplicas }]),
    );
  instance.updatedAt = ask.store.iso();
}

function regionReplicas(config: Record<string, unknown> | null | undefined): number[] {
  return Object.values(config ?? {}).flatMap((region) =>
    typeof region === "object" && region && "numReplicas" in region && typeof region.numReplicas === "number"
      ? [region.numReplicas]
      : [],
  );
}

function projectOf(ask: Ask, environmentId: string): ProjectRow {
  const all = { ...ask, writes: true };
  return projectFor(all, environmentFor(all, environmentId).projectId);
}
