/** What the platform gives an object of which a seed says little. */
import { defaultInstanceSettings } from "./instances.ts";
import { defaultRegion } from "./regions.ts";
import type { Store } from "./store.ts";
import type { Rows } from "./tables.ts";

export type Given = Record<string, unknown>;

/** A default of `undefined` means that the field must be given. */
export function defaultsOf(store: Store, name: Exclude<keyof Rows, "traffic">, row: Given): Given {
  const now = store.iso();
  const dates = { createdAt: now, updatedAt: typeof row.createdAt === "string" ? row.createdAt : now };
  const id = store.uuid();
  const parents = { projectId: undefined, environmentId: undefined, serviceId: undefined };
  switch (name) {
    case "workspaces":
      return { id, name: "Sandbox", plan: "PRO", ...dates };
    case "tokens":
      return {
        id,
        kind: "workspace",
        token: undefined,
        name: "seeded",
        workspaceId: null,
        projectId: null,
        environmentId: null,
        createdAt: now,
      };
    case "projects":
      return {
        id,
        name: undefined,
        description: null,
        workspaceId: [...store.tables.workspaces.keys()][0] ?? null,
        isPublic: false,
        isTempProject: false,
        expiredAt: null,
        deletedAt: null,
        primaryEnvironmentId: null,
        baseEnvironmentId: null,
        prDeploys: false,
        botPrEnvironments: false,
        focusedPrEnvironments: false,
        tracingEnabled: false,
        tracingSampleRate: null,
        ...dates,
        visibleFromMs: 0,
      };
    case "environments":
      return {
        id,
        projectId: undefined,
        name: "production",
        isEphemeral: false,
        sourceEnvironmentId: null,
        deletedAt: null,
        ...dates,
        visibleFromMs: 0,
      };
    case "services":
      return {
        id,
        projectId: undefined,
        name: undefined,
        icon: null,
        templateId: null,
        templateServiceId: null,
        tracingEnabled: null,
        deletedAt: null,
        ...dates,
        visibleFromMs: 0,
      };
    case "serviceInstances":
      return {
        ...defaultInstanceSettings(),
        id,
        serviceId: undefined,
        environmentId: undefined,
        deletedAt: null,
        ...dates,
        visibleFromMs: 0,
      };
    case "volumes":
      return { id, projectId: undefined, name: "volume", createdAt: now, visibleFromMs: 0 };
    case "volumeInstances":
      return {
        id,
        volumeId: undefined,
        environmentId: undefined,
        serviceId: null,
        mountPath: "/data",
        region: defaultRegion,
        sizeMB: 50_000,
        currentSizeMB: 1_250,
        state: "READY",
        externalId: `vol_${id.slice(0, 8)}`,
        isPendingDeletion: false,
        deletedAt: null,
        createdAt: now,
        visibleFromMs: 0,
      };
    case "variables":
      return {
        id,
        projectId: undefined,
        environmentId: undefined,
        serviceId: null,
        name: undefined,
        value: undefined,
        isSealed: false,
        ...dates,
      };
    case "deployments":
      return {
        id,
        ...parents,
        projectId: store.tables.environments.get(String(row.environmentId))?.projectId,
        status: "SUCCESS",
        statusUpdatedAt: dates.updatedAt,
        deploymentStopped: false,
        meta: {},
        ...dates,
        visibleFromMs: 0,
        settings: {},
        deployedVariables: {},
        unreached: false,
        runs: [],
        steps: [],
      };
    case "customDomains":
      return {
        id,
        ...parents,
        domain: undefined,
        targetPort: null,
        verificationToken: `railway-verify=${id}`,
        ...dates,
        deletedAt: null,
      };
    case "serviceDomains":
      return { id, ...parents, domain: undefined, suffix: "up.railway.app", targetPort: null, ...dates, deletedAt: null };
    case "tcpProxies":
      return {
        id,
        ...parents,
        applicationPort: undefined,
        proxyPort: 10_000,
        domain: "roundhouse.proxy.rlwy.net",
        active: true,
        ...dates,
      };
    case "environmentPatches":
      return {
        id,
        environmentId: undefined,
        status: "STAGED",
        patch: {},
        message: null,
        lastAppliedError: null,
        skipDeploys: false,
        appliedAt: null,
        ...dates,
      };
    case "backups":
      return {
        id,
        volumeInstanceId: undefined,
        name: "Manual",
        externalId: `bak_${id.slice(0, 8)}`,
        scheduleId: null,
        usedMB: 0,
        referencedMB: 0,
        volumeInstanceSizeMB: 50_000,
        expiresAt: null,
        createdAt: now,
      };
    case "backupSchedules":
      return {
        id,
        volumeInstanceId: undefined,
        kind: "DAILY",
        name: "daily",
        cron: "0 0 * * *",
        retentionSeconds: 518_400,
        createdAt: now,
      };
    case "workflows":
      return { id, status: "Complete", error: null };
    case "events":
      return {
        id,
        projectId: undefined,
        environmentId: null,
        serviceId: null,
        action: undefined,
        object: undefined,
        severity: "INFO",
        payload: {},
        createdAt: now,
      };
    default:
      return name satisfies never;
  }
}
