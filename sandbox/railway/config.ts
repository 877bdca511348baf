/** An environment's config: one document made of the rows, as `environment.config` shows it and patches change it. */
import { createHash } from "node:crypto";
import { findInstance } from "./access.ts";
import { schedulesOf } from "./backups.ts";
import { liveOf, proxiesOf } from "./domains.ts";
import { limitOverride } from "./limits.ts";
import type { EnvironmentRow, InstanceRow } from "./model.ts";
import { servicesOf } from "./services.ts";
import type { Store } from "./store.ts";
import { privateDomain, variablesOf } from "./variables.ts";

export type Json = Record<string, unknown>;

/** Without decryption variables show their names only; sealed values show with neither. */
export function readConfig(store: Store, environment: EnvironmentRow, decrypt: boolean): Json {
  const services: Json = {};
  for (const service of servicesOf(store, environment.projectId)) {
    const instance = findInstance(store, service.id, environment.id);
    if (instance && instance.visibleFromMs <= store.now()) services[service.id] = serviceConfig(store, instance, decrypt);
  }
  const volumes: Json = {};
  for (const row of store.tables.volumeInstances.values()) {
    if (row.environmentId !== environment.id || row.visibleFromMs > store.now() || row.state === "DELETED") continue;
    volumes[row.volumeId] = compact({
      sizeMB: row.sizeMB,
      region: row.region,
      ...(row.isPendingDeletion ? { isDeleted: true } : {}),
    });
  }
  return compact({ services, volumes, sharedVariables: variablesConfig(store, environment.id, null, decrypt) });
}

export function configEtag(store: Store, environment: EnvironmentRow): string {
  return createHash("sha256")
    .update(JSON.stringify(readConfig(store, environment, true)))
    .digest("hex")
    .slice(0, 32);
}

/** What a commit compares to find the services that it must deploy. */
export function serviceConfig(store: Store, instance: InstanceRow, decrypt: boolean): Json {
  const service = store.tables.services.get(instance.serviceId);
  const place = { serviceId: instance.serviceId, environmentId: instance.environmentId };
  const mounts: Json = {};
  for (const row of store.tables.volumeInstances.values()) {
    if (row.serviceId !== place.serviceId || row.environmentId !== place.environmentId || row.isPendingDeletion) continue;
    if (row.visibleFromMs > store.now()) continue;
    mounts[row.volumeId] = compact({
      mountPath: row.mountPath,
      backupSchedules: schedulesOf(store, row.id).map((schedule) => schedule.kind),
    });
  }
  return compact({
    source: compact({
      image: instance.source?.image,
      repo: instance.source?.repo,
      branch: instance.branch,
      rootDirectory: instance.rootDirectory,
    }),
    build: compact({
      builder: instance.builder === "RAILPACK" ? null : instance.builder,
      buildCommand: instance.buildCommand,
      dockerfilePath: instance.dockerfilePath,
      watchPatterns: instance.watchPatterns,
      nixpacksPlan: instance.nixpacksPlan,
    }),
    deploy: compact({
      startCommand: instance.startCommand,
      preDeployCommand: instance.preDeployCommand,
      numReplicas: instance.numReplicas,
      healthcheckPath: instance.healthcheckPath,
      healthcheckTimeout: instance.healthcheckTimeout,
      sleepApplication: instance.sleepApplication,
      restartPolicyType: instance.restartPolicyType,
      restartPolicyMaxRetries: instance.restartPolicyMaxRetries,
      cronSchedule: instance.cronSchedule,
      multiRegionConfig: instance.multiRegionConfig,
      limitOverride: limitOverride(instance),
      requiredMountPath: instance.requiredMountPath,
      overlapSeconds: instance.overlapSeconds,
      drainingSeconds: instance.drainingSeconds,
      ipv6EgressEnabled: instance.ipv6EgressEnabled,
    }),
    variables: variablesConfig(store, place.environmentId, place.serviceId, decrypt),
    networking: compact({
      privateNetworkEndpoint: service && privateDomain(service.name).replace(".railway.internal", ""),
      serviceDomains: ports(liveOf(store.tables.serviceDomains, place)),
      customDomains: ports(liveOf(store.tables.customDomains, place)),
      tcpProxies: Object.fromEntries(proxiesOf(store, place).map((row) => [String(row.applicationPort), {}])),
    }),
    volumeMounts: mounts,
    configFile: instance.railwayConfigFile,
  });
}

/** Deep: values of `change` win, `null` stays as the wish to delete. */
export function mergeConfig(base: Json, change: Json): Json {
  const result: Json = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const present = result[key];
    result[key] = isObject(value) && isObject(present) ? mergeConfig(present, value) : value;
  }
  return result;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Without sealed values and, unless decrypted, without any. */
export function maskVariables(patch: Json, decrypt: boolean): Json {
  const mask = (variables: unknown) =>
    isObject(variables)
      ? Object.fromEntries(
          Object.entries(variables).map(([name, variable]) => {
            if (!isObject(variable) || (decrypt && variable.isSealed !== true)) return [name, variable];
            const { value: _hidden, ...rest } = variable;
            return [name, rest];
          }),
        )
      : variables;
  const services = isObject(patch.services)
    ? Object.fromEntries(
        Object.entries(patch.services).map(([id, service]) => [
          id,
          isObject(service) && service.variables !== undefined ? { ...service, variables: mask(service.variables) } : service,
        ]),
      )
    : patch.services;
  return {
    ...patch,
    ...(patch.services === undefined ? {} : { services }),
    ...(patch.sharedVariables === undefined ? {} : { sharedVariables: mask(patch.sharedVariables) }),
  };
}

function variablesConfig(store: Store, environmentId: string, serviceId: string | null, decrypt: boolean): Json {
  return Object.fromEntries(
    variablesOf(store, environmentId, serviceId).map((row) => [
      row.name,
      { ...(decrypt && !row.isSealed ? { value: row.value } : {}), ...(row.isSealed ? { isSealed: true } : {}) },
    ]),
  );
}

function ports(rows: readonly { domain: string; targetPort: number | null }[]): Json {
  return Object.fromEntries(rows.map((row) => [row.domain, row.targetPort === null ? {} : { port: row.targetPort }]));
}

function compact(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== null &&
        value !== undefined &&
        !(isObject(value) && Object.keys(value).length === 0) &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );
}
