/** Measured use. A series may be missing or come without samples; which of the two means asleep is for the caller to judge. */
import { z } from "zod";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";

export const Measurement = z.enum([
  "CPU_USAGE",
  "MEMORY_USAGE_GB",
  "DISK_USAGE_GB",
  "BACKUP_USAGE_GB",
  "NETWORK_TX_GB",
  "NETWORK_RX_GB",
]);
export type Measurement = z.infer<typeof Measurement>;

const Tags = z.object({
  projectId: z.string().nullish(),
  environmentId: z.string().nullish(),
  serviceId: z.string().nullish(),
  deploymentInstanceId: z.string().nullish(),
});
const tagFields = "tags { projectId environmentId serviceId deploymentInstanceId }";

const Series = z.object({
  measurement: z.string(),
  tags: Tags,
  values: z.array(z.object({ ts: z.number().int(), value: z.number() })),
});
export const metrics: Operation<{ metrics: z.infer<typeof Series>[] }> = {
  name: "metrics",
  document: `query metrics($projectId: String, $environmentId: String!, $serviceId: String!, $startDate: DateTime!, $endDate: DateTime!, $measurements: [MetricMeasurement!]!, $groupBy: [MetricTag!]!, $sampleRateSeconds: Int!) {
  metrics(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId, startDate: $startDate, endDate: $endDate, measurements: $measurements, groupBy: $groupBy, sampleRateSeconds: $sampleRateSeconds, includeDeleted: true) {
    measurement ${tagFields} values { ts value }
  }
}`,
  answer: z.object({ metrics: z.array(Series) }),
  retry: "read",
};

const Usage = z.object({ measurement: z.string(), value: z.number(), tags: Tags });
export const usage: Operation<{ usage: z.infer<typeof Usage>[] }> = {
  name: "usage",
  document: `query usage($projectId: String, $workspaceId: String, $startDate: DateTime!, $endDate: DateTime!, $measurements: [MetricMeasurement!]!, $groupBy: [MetricTag!]!) {
  usage(projectId: $projectId, workspaceId: $workspaceId, startDate: $startDate, endDate: $endDate, measurements: $measurements, groupBy: $groupBy, includeDeleted: true) { measurement value ${tagFields} }
}`,
  answer: z.object({ usage: z.array(Usage) }),
  retry: "read",
};

export interface MetricsScope {
  readonly projectId?: string;
  readonly environmentId: string;
  /** Always given: without it the whole project counts, tunnel and all. */
  readonly serviceId: string;
  /** Epoch milliseconds, `[fromMs, toMs]`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly sampleRateSeconds: number;
  readonly measurement?: Measurement;
  readonly groupBy?: "DEPLOYMENT_INSTANCE_ID" | "SERVICE_ID";
}

export interface MetricSeries {
  readonly serviceId: string | undefined;
  readonly deploymentInstanceId: string | undefined;
  /** [epoch seconds, value], in order of time; the value of MEMORY_USAGE_GB is GB. */
  readonly samples: readonly (readonly [number, number])[];
}

export interface UsageScope {
  readonly projectId?: string;
  readonly workspaceId?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly measurements: readonly Measurement[];
}

/** CPU in vCPU-minutes, memory and disk in GB-minutes, network in GB. */
export interface UsageRow {
  readonly measurement: string;
  readonly value: number;
  readonly projectId: string | undefined;
  readonly serviceId: string | undefined;
}

export function metricsCalls(connection: RailwayConnection) {
  return {
    /** One series for each replica that ever ran in the time (or for the service), deleted ones included; MEMORY_USAGE_GB unless another is asked for. */
    async metrics(scope: MetricsScope, options?: CallOptions): Promise<MetricSeries[]> {
      const measurement = scope.measurement ?? "MEMORY_USAGE_GB";
      const variables = {
        projectId: scope.projectId ?? null,
        environmentId: scope.environmentId,
        serviceId: scope.serviceId,
        startDate: new Date(scope.fromMs).toISOString(),
        endDate: new Date(scope.toMs).toISOString(),
        measurements: [measurement],
        groupBy: [scope.groupBy ?? "DEPLOYMENT_INSTANCE_ID"],
        sampleRateSeconds: scope.sampleRateSeconds,
      };
      const answer = (await connection.run(metrics, variables, options)).metrics;
      return answer
        .filter((series) => series.measurement === measurement)
        .map((series) => ({
          serviceId: series.tags.serviceId ?? undefined,
          deploymentInstanceId: series.tags.deploymentInstanceId ?? undefined,
          samples: series.values.map(({ ts, value }) => [ts, value] as const).sort((a, b) => a[0] - b[0]),
        }));
    },
    /** Used amounts by project and service. */
    async usage(scope: UsageScope, options?: CallOptions): Promise<UsageRow[]> {
      const variables = {
        projectId: scope.projectId ?? null,
        workspaceId: scope.workspaceId ?? null,
        startDate: new Date(scope.fromMs).toISOString(),
        endDate: new Date(scope.toMs).toISOString(),
        measurements: scope.measurements,
        groupBy: ["PROJECT_ID", "SERVICE_ID"],
      };
      const answer = (await connection.run(usage, variables, options)).usage;
      return answer.map(({ measurement, value, tags }) => ({
        measurement,
        value,
        projectId: tags.projectId ?? undefined,
        serviceId: tags.serviceId ?? undefined,
      }));
    },
  };
}
