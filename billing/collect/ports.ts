/** What the collectors need of the vendors' clients. Each answer is complete for the range asked, or the call fails: a failure leaves the range unknown. */
import type { Money } from "../../domain/money.ts";

/** [unix seconds, GB], in order of time. */
export interface MemorySeries {
  readonly samples: readonly (readonly [number, number])[];
}

export interface DeploymentRecord {
  readonly id: string;
  readonly status: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly statusUpdatedAt: string | null;
  readonly deploymentStopped: boolean;
}

export interface ServicePlace {
  readonly projectId: string;
  readonly environmentId: string;
  readonly serviceId: string;
}

export interface RailwayPort {
  metrics(
    scope: ServicePlace & { readonly fromMs: number; readonly toMs: number; readonly sampleRateSeconds: number },
  ): Promise<readonly MemorySeries[]>;
  deployments(scope: ServicePlace & { readonly includeDeleted: boolean }): Promise<readonly DeploymentRecord[]>;
}

export interface LoginRecord {
  readonly atMs: number;
  readonly applicationId: string;
  readonly allowed: boolean;
  readonly action: string;
  /** Personal data: hashed before it is kept. */
  readonly email: string;
}

export interface AccessPort {
  accessRequests(ask: {
    readonly accountId: string;
    readonly sinceMs: number;
    readonly untilMs: number;
  }): Promise<readonly LoginRecord[]>;
}

export interface ModelUse {
  /** Start of the minute or hour. */
  readonly atMs: number;
  readonly keyName: string;
  readonly requestCount: number;
  readonly usage: Money;
}

export interface ModelUses {
  readonly rows: readonly ModelUse[];
  /** False: the answer was cut and says nothing of what is not in it. */
  readonly complete: boolean;
  readonly cachedAtMs: number | null;
}

export interface ModelPort {
  analytics(query: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly granularity: "minute" | "hour";
  }): Promise<ModelUses>;
}

export interface Vendors {
  readonly railway: RailwayPort;
  readonly access: AccessPort;
  readonly model: ModelPort;
}
