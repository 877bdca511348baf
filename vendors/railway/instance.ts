/** A service's settings in one environment. Saving them deploys nothing. */
import { z } from "zod";
import { Deployment, deploymentFields } from "./deployment.ts";
import { Domains, domainFields, TcpProxies, tcpProxyFields } from "./domains.ts";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { assertDone } from "./truth.ts";

export interface InstancePlace {
  readonly projectId: string;
  readonly environmentId: string;
  readonly serviceId: string;
}

/** What serviceInstanceUpdate is given: absent = unchanged, `""` clears a text (null was measured to change nothing). */
export interface InstanceSettings {
  readonly source?: { readonly image: string };
  /** Needs the Pro plan; never read back. */
  readonly registryCredentials?: { readonly username: string; readonly password: string };
  readonly startCommand?: string;
  readonly multiRegionConfig?: Readonly<Record<string, { readonly numReplicas: number }>>;
  /** In every region the service has. */
  readonly numReplicas?: number;
  readonly sleepApplication?: boolean;
  readonly healthcheckPath?: string;
  readonly healthcheckTimeout?: number;
  readonly restartPolicyType?: "ALWAYS" | "NEVER" | "ON_FAILURE";
  readonly restartPolicyMaxRetries?: number;
  readonly drainingSeconds?: number;
  readonly overlapSeconds?: number;
}

export const serviceInstanceUpdate: Operation<{ serviceInstanceUpdate: boolean }> = {
  name: "serviceInstanceUpdate",
  document:
    "mutation serviceInstanceUpdate($serviceId: String!, $environmentId: String!, $input: ServiceInstanceUpdateInput!) { serviceInstanceUpdate(serviceId: $serviceId, environmentId: $environmentId, input: $input) }",
  answer: z.object({ serviceInstanceUpdate: z.boolean() }),
  retry: "idempotent",
};
export const serviceInstanceLimitsUpdate: Operation<{ serviceInstanceLimitsUpdate: boolean }> = {
  name: "serviceInstanceLimitsUpdate",
  document:
    "mutation serviceInstanceLimitsUpdate($input: ServiceInstanceLimitsUpdateInput!) { serviceInstanceLimitsUpdate(input: $input) }",
  answer: z.object({ serviceInstanceLimitsUpdate: z.boolean() }),
  retry: "idempotent",
};

const Instance = z.object({
  source: z.object({ image: z.string().nullable(), repo: z.string().nullable() }).nullable(),
  startCommand: z.string().nullable(),
  sleepApplication: z.boolean().nullable(),
  healthcheckPath: z.string().nullable(),
  healthcheckTimeout: z.number().nullable(),
  restartPolicyType: z.enum(["ALWAYS", "NEVER", "ON_FAILURE"]),
  restartPolicyMaxRetries: z.number(),
  drainingSeconds: z.number().nullable(),
  overlapSeconds: z.number().nullable(),
  latestDeployment: Deployment.nullable(),
});
const LimitOverride = z
  .object({ containers: z.object({ cpu: z.number().nullish(), memoryBytes: z.number().nullish() }).nullish() })
  .nullable();
const Region = z.object({ numReplicas: z.number().nullish() }).nullish();
const ServiceConfig = z.object({
  source: z.object({ branch: z.string().nullish() }).nullish(),
  deploy: z.object({ multiRegionConfig: z.record(z.string(), Region).nullish() }).nullish(),
});
const Config = z.object({ services: z.record(z.string(), ServiceConfig.nullish()).nullish() });
const InstanceAnswer = z.object({
  serviceInstance: Instance,
  serviceInstanceLimitOverride: LimitOverride,
  environment: z.object({ config: Config }),
  domains: Domains,
  tcpProxies: TcpProxies,
});

/** Everything about an instance in one call. Region, replicas and branch come from the environment's config: from the instance the region reads back null. */
export const serviceInstance: Operation<z.infer<typeof InstanceAnswer>> = {
  name: "serviceInstance",
  document: `query serviceInstance($projectId: String!, $environmentId: String!, $serviceId: String!) {
  serviceInstance(environmentId: $environmentId, serviceId: $serviceId) {
    source { image repo } startCommand sleepApplication healthcheckPath healthcheckTimeout restartPolicyType restartPolicyMaxRetries
    drainingSeconds overlapSeconds
    latestDeployment { ${deploymentFields} }
  }
  serviceInstanceLimitOverride(environmentId: $environmentId, serviceId: $serviceId)
  environment(id: $environmentId, projectId: $projectId) { config(decryptVariables: false) }
  domains(environmentId: $environmentId, projectId: $projectId, serviceId: $serviceId) { ${domainFields} }
  tcpProxies(environmentId: $environmentId, serviceId: $serviceId) { ${tcpProxyFields} }
}`,
  answer: InstanceAnswer,
  retry: "read",
};

/** An instance as it stands; undefined = not set. */
export interface ObservedInstance {
  readonly image: string | undefined;
  readonly repository: string | undefined;
  readonly branch: string | undefined;
  readonly startCommand: string | undefined;
  /** Several in a row: `us-west2+us-east4-eqdc4a`. */
  readonly region: string | undefined;
  /** In all regions together. */
  readonly replicas: number | undefined;
  readonly memoryGB: number | undefined;
  readonly vCPUs: number | undefined;
  readonly sleep: boolean;
  readonly healthcheckPath: string | undefined;
  readonly healthcheckTimeoutSeconds: number | undefined;
  readonly restartPolicy: "ALWAYS" | "NEVER" | "ON_FAILURE";
  readonly restartPolicyMaxRetries: number;
  readonly drainingSeconds: number | undefined;
  readonly overlapSeconds: number | undefined;
  readonly latestDeployment: Deployment | undefined;
  readonly domains: z.infer<typeof Domains>;
  readonly tcpProxies: z.infer<typeof TcpProxies>;
}

export function instanceCalls(connection: RailwayConnection) {
  return {
    async instance(place: InstancePlace, options?: CallOptions): Promise<ObservedInstance> {
      return observed(await connection.run(serviceInstance, { ...place }, options), place.serviceId);
    },
    async updateInstance(place: InstancePlace, input: InstanceSettings, options?: CallOptions): Promise<void> {
      const { serviceId, environmentId } = place;
      const answer = await connection.run(serviceInstanceUpdate, { serviceId, environmentId, input }, options);
      assertDone("serviceInstanceUpdate", answer.serviceInstanceUpdate);
    },
    /** null gives a limit back to the plan's default. */
    async updateLimits(
      place: InstancePlace,
      limits: { readonly memoryGB: number | null; readonly vCPUs: number | null },
      options?: CallOptions,
    ): Promise<void> {
      const { serviceId, environmentId } = place;
      const answer = await connection.run(
        serviceInstanceLimitsUpdate,
        { input: { serviceId, environmentId, ...limits } },
        options,
      );
      assertDone("serviceInstanceLimitsUpdate", answer.serviceInstanceLimitsUpdate);
    },
  };
}

function observed(answer: z.infer<typeof InstanceAnswer>, serviceId: string): ObservedInstance {
  const { serviceInstance: row, serviceInstanceLimitOverride: limits } = answer;
  const config = answer.environment.config.services?.[serviceId];
  const regions = Object.entries(config?.deploy?.multiRegionConfig ?? {}).filter(([, region]) => region?.numReplicas !== 0);
  const memoryBytes = limits?.containers?.memoryBytes ?? undefined;
  return {
    image: row.source?.image ?? undefined,
    repository: row.source?.repo ?? undefined,
    branch: (row.source?.repo && config?.source?.branch) || undefined,
    startCommand: row.startCommand || undefined,
    region:
      regions.length > 0
        ? regions
            .map(([name]) => name)
            .sort()
            .join("+")
        : undefined,
    replicas: regions.length > 0 ? regions.reduce((sum, [, region]) => sum + (region?.numReplicas ?? 1), 0) : undefined,
    memoryGB: memoryBytes === undefined ? undefined : gigabytes(memoryBytes),
    vCPUs: limits?.containers?.cpu ?? undefined,
    sleep: row.sleepApplication ?? false,
    healthcheckPath: row.healthcheckPath || undefined,
    healthcheckTimeoutSeconds: row.healthcheckTimeout ?? undefined,
    restartPolicy: row.restartPolicyType,
    restartPolicyMaxRetries: row.restartPolicyMaxRetries,
    drainingSeconds: row.drainingSeconds ?? undefined,
    overlapSeconds: row.overlapSeconds ?? undefined,
    latestDeployment: row.latestDeployment ?? undefined,
    domains: answer.domains,
    tcpProxies: answer.tcpProxies,
  };
}

/** Whether a GB is 10^9 or 2^30 bytes here is not published: the one that gives the rounder number is meant. */
function gigabytes(bytes: number): number {
  const decimal = bytes / 1e9;
  const binary = bytes / 2 ** 30;
  return bytes % 2 ** 20 === 0 && bytes % 1e6 !== 0 ? binary : decimal;
}
