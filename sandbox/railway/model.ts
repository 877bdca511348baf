/** The rows the emulator holds. Names are the vendor's wherever the vendor has one; `…Ms` and the fields marked "own" are the emulator's. */

export type Plan = "FREE" | "HOBBY" | "PRO";

/** Own: reads do not find the row before this instant (epoch ms), because Railway's reads lag its writes. */
interface Lagging {
  visibleFromMs: number;
}

export interface WorkspaceRow {
  id: string;
  name: string;
  plan: Plan;
  createdAt: string;
  updatedAt: string;
}

export interface TokenRow {
  id: string;
  kind: "account" | "workspace" | "project";
  token: string;
  name: string;
  /** The workspace that a workspace token is confined to; for an account token the one whose plan limits it. */
  workspaceId: string | null;
  projectId: string | null;
  environmentId: string | null;
  createdAt: string;
}

export interface ProjectRow extends Lagging {
  id: string;
  name: string;
  description: string | null;
  workspaceId: string | null;
  isPublic: boolean;
  isTempProject: boolean;
  expiredAt: string | null;
  deletedAt: string | null;
  primaryEnvironmentId: string | null;
  baseEnvironmentId: string | null;
  prDeploys: boolean;
  botPrEnvironments: boolean;
  focusedPrEnvironments: boolean;
  tracingEnabled: boolean;
  tracingSampleRate: number | null;
  createdAt: string;
  updatedAt: string;
}

export interface EnvironmentRow extends Lagging {
  id: string;
  projectId: string;
  name: string;
  isEphemeral: boolean;
  /** A fork has a source environment. */
  sourceEnvironmentId: string | null;
  deletedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface ServiceRow extends Lagging {
  id: string;
  projectId: string;
  name: string;
  icon: string | null;
  templateId: string | null;
  templateServiceId: string | null;
  tracingEnabled: boolean | null;
  deletedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

/** What a deployment freezes of an instance. */
export interface InstanceSettings {
  source: { image: string | null; repo: string | null } | null;
  branch: string | null;
  buildCommand: string | null;
  builder: string;
  cronSchedule: string | null;
  dockerfilePath: string | null;
  drainingSeconds: number | null;
  healthcheckPath: string | null;
  healthcheckTimeout: number | null;
  ipv6EgressEnabled: boolean | null;
  multiRegionConfig: Record<string, unknown> | null;
  nixpacksPlan: unknown;
  numReplicas: number | null;
  overlapSeconds: number | null;
  preDeployCommand: string[] | null;
  railwayConfigFile: string | null;
  restartPolicyMaxRetries: number;
  restartPolicyType: string;
  rootDirectory: string | null;
  sleepApplication: boolean | null;
  startCommand: string | null;
  watchPatterns: string[];
  autoInstrumentationEnabled: boolean;
  tracingEnabled: boolean;
  requiredMountPath: string | null;
  /** Own: Railway keeps them and never shows them again. */
  hasRegistryCredentials: boolean;
  /** Override by `serviceInstanceLimitsUpdate` or a patch; null where none is set. */
  limitMemoryBytes: number | null;
  limitCpu: number | null;
}

export interface InstanceRow extends Lagging, InstanceSettings {
  id: string;
  serviceId: string;
  environmentId: string;
  deletedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface VolumeRow extends Lagging {
  id: string;
  projectId: string;
  name: string;
  createdAt: string;
}

export interface VolumeInstanceRow extends Lagging {
  id: string;
  volumeId: string;
  environmentId: string;
  serviceId: string | null;
  mountPath: string;
  region: string;
  sizeMB: number;
  currentSizeMB: number;
  state: string;
  externalId: string;
  isPendingDeletion: boolean;
  /** In the future while the deletion is pending. */
  deletedAt: string | null;
  createdAt: string;
  /** What a program wrote on it, by path; shown by the sandbox's own `state` only. */
  files?: Record<string, string>;
}

export interface VariableRow {
  id: string;
  projectId: string;
  environmentId: string;
  /** null = shared by the environment. */
  serviceId: string | null;
  name: string;
  value: string;
  isSealed: boolean;
  createdAt: string;
  updatedAt: string;
}

/** Own: one stretch in which containers of a deployment existed. */
export interface Run {
  fromMs: number;
  /** From here on it answers; null while it starts. Starting counts as outbound traffic. */
  upMs: number | null;
  toMs: number | null;
}

export interface DeploymentRow extends Lagging {
  id: string;
  projectId: string;
  environmentId: string;
  serviceId: string;
  /** Never SLEEPING: that is derived from the traffic when read. */
  status: string;
  statusUpdatedAt: string;
  deploymentStopped: boolean;
  meta: Record<string, unknown>;
  createdAt: string;
  updatedAt: string;
  /** Own: what the instance was set to at the start of this deployment. */
  settings: InstanceSettings;
  /** Own: rendered variables of the containers. */
  deployedVariables: Record<string, string>;
  /** Own: its private name resolves, and no connection comes about. */
  unreached: boolean;
  runs: Run[];
  steps: { step: string; createdAt: string; completedAt: string | null }[];
}

export interface CustomDomainRow {
  id: string;
  projectId: string;
  environmentId: string;
  serviceId: string;
  domain: string;
  targetPort: number | null;
  verificationToken: string;
  createdAt: string;
  updatedAt: string;
  deletedAt: string | null;
}

export interface ServiceDomainRow {
  id: string;
  projectId: string;
  environmentId: string;
  serviceId: string;
  domain: string;
  suffix: string;
  targetPort: number | null;
  createdAt: string;
  updatedAt: string;
  deletedAt: string | null;
}

export interface TcpProxyRow {
  id: string;
  projectId: string;
  environmentId: string;
  serviceId: string;
  applicationPort: number;
  proxyPort: number;
  domain: string;
  /** Own: the deprecated mutation leaves a proxy inactive until the next deployment. */
  active: boolean;
  createdAt: string;
  updatedAt: string;
}

export interface PatchRow {
  id: string;
  environmentId: string;
  status: "STAGED" | "APPLYING" | "COMMITTED" | "FAILED";
  patch: Record<string, unknown>;
  message: string | null;
  lastAppliedError: string | null;
  skipDeploys: boolean;
  appliedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

export type ScheduleKind = "DAILY" | "WEEKLY" | "MONTHLY";

export interface BackupRow {
  id: string;
  volumeInstanceId: string;
  name: string;
  externalId: string;
  scheduleId: string | null;
  usedMB: number;
  referencedMB: number;
  volumeInstanceSizeMB: number;
  /** null = kept for ever: a manual or a locked one. */
  expiresAt: string | null;
  createdAt: string;
  /** As they were on the volume. */
  files?: Record<string, string>;
}

export interface BackupScheduleRow {
  id: string;
  volumeInstanceId: string;
  kind: ScheduleKind;
  name: string;
  cron: string;
  retentionSeconds: number;
  createdAt: string;
}

export interface WorkflowRow {
  id: string;
  status: "Complete" | "Error" | "Running";
  error: string | null;
}

export interface EventRow {
  id: string;
  projectId: string;
  environmentId: string | null;
  serviceId: string | null;
  action: string;
  object: string;
  severity: "CRITICAL" | "INFO" | "NOTICE" | "WARNING";
  payload: Record<string, unknown>;
  createdAt: string;
}

/** Own: when traffic went in and out of a service. Sorted, disjoint, at least five minutes apart. */
export interface TrafficRow {
  id: string;
  serviceId: string;
  environmentId: string;
  intervals: { fromMs: number; toMs: number }[];
}
