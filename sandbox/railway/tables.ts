/** The tables of the store, and what is planned to happen by itself. */
import type {
  BackupRow,
  BackupScheduleRow,
  CustomDomainRow,
  DeploymentRow,
  EnvironmentRow,
  EventRow,
  InstanceRow,
  PatchRow,
  ProjectRow,
  ServiceDomainRow,
  ServiceRow,
  TcpProxyRow,
  TokenRow,
  TrafficRow,
  VariableRow,
  VolumeInstanceRow,
  VolumeRow,
  WorkflowRow,
  WorkspaceRow,
} from "./model.ts";

/** All rows, by table. Table names are those of `GET /_sandbox/state`. */
export interface Rows {
  workspaces: WorkspaceRow;
  tokens: TokenRow;
  projects: ProjectRow;
  environments: EnvironmentRow;
  services: ServiceRow;
  serviceInstances: InstanceRow;
  volumes: VolumeRow;
  volumeInstances: VolumeInstanceRow;
  variables: VariableRow;
  deployments: DeploymentRow;
  customDomains: CustomDomainRow;
  serviceDomains: ServiceDomainRow;
  tcpProxies: TcpProxyRow;
  environmentPatches: PatchRow;
  backups: BackupRow;
  backupSchedules: BackupScheduleRow;
  workflows: WorkflowRow;
  events: EventRow;
  traffic: TrafficRow;
}

export const tableNames = [
  "workspaces",
  "tokens",
  "projects",
  "environments",
  "services",
  "serviceInstances",
  "volumes",
  "volumeInstances",
  "variables",
  "deployments",
  "customDomains",
  "serviceDomains",
  "tcpProxies",
  "environmentPatches",
  "backups",
  "backupSchedules",
  "workflows",
  "events",
  "traffic",
] as const satisfies readonly (keyof Rows)[];

/** Something that happens by itself at a time. */
export type Due =
  | { kind: "deploymentStep"; deploymentId: string; to: string }
  | { kind: "restarted"; deploymentId: string }
  | { kind: "crashLoop"; deploymentId: string }
  | { kind: "patchApplied"; patchId: string }
  | { kind: "workflowDone"; workflowId: string; work: Work }
  | { kind: "volumeGone"; volumeInstanceId: string }
  | { kind: "volumeReady"; volumeInstanceId: string }
  | { kind: "projectGone"; projectId: string }
  | { kind: "scheduledBackup"; scheduleId: string };

/** What a workflow does when it ends. */
export type Work =
  | { do: "backup"; volumeInstanceId: string; name: string }
  | { do: "restore"; volumeInstanceId: string; backupId: string; wipeVolumeInstanceIds: string[] }
  | { do: "deleteBackup"; backupId: string }
  | { do: "fail"; error: string };
