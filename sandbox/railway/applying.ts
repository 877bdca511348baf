/** What a committed patch does to the rows. A `null` deletes its key; exactly the services whose config changed are deployed. */
import { findInstance } from "./access.ts";
import { setSchedules } from "./backups.ts";
import { isObject, type Json, serviceConfig } from "./config.ts";
import { deploy } from "./deployments.ts";
import { addCustomDomain, addServiceDomain, addTcpProxy, liveOf, proxiesOf } from "./domains.ts";
import { defaultInstanceSettings } from "./instances.ts";
import { planLimits, planOf } from "./limits.ts";
import type { EnvironmentRow, InstanceRow, InstanceSettings, ScheduleKind, VolumeInstanceRow } from "./model.ts";
import { deleteService } from "./services.ts";
import type { Store } from "./store.ts";
import { type Owner, setVariable, variablesOf } from "./variables.ts";
import { scheduleVolumeDeletion } from "./volumes.ts";

/** The reason why the patch cannot be applied; undefined when it can. Nothing is changed. */
export function problemWith(store: Store, environment: EnvironmentRow, patch: Json): string | undefined {
  for (const [id, change] of entries(patch.services)) {
    if (!findInstance(store, id, environment.id)) return `Service ${id} not found in the environment`;
    const deployChange = isObject(change) && isObject(change.deploy) ? change.deploy : {};
    if (deployChange.numReplicas === 0) return "numReplicas must be at least 1";
    for (const [volumeId, mount] of isObject(change) ? entries(change.volumeMounts) : []) {
      if (!volumeIn(store, environment, volumeId)) return `Volume ${volumeId} not found in the environment`;
      const other = [...store.tables.volumeInstances.values()].find(
        (row) =>
          row.serviceId === id && row.environmentId === environment.id && row.volumeId !== volumeId && !row.isPendingDeletion,
      );
      if (mount !== null && other) return "Service already has a volume mounted";
    }
  }
  const project = store.tables.projects.get(environment.projectId);
  const maxMB = planLimits[project ? planOf(store, project) : "FREE"].maxVolumeMB;
  for (const [id, change] of entries(patch.volumes)) {
    const volume = volumeIn(store, environment, id);
    if (!volume) return `Volume ${id} not found in the environment`;
    const sizeMB = isObject(change) ? change.sizeMB : undefined;
    if (sizeMB === undefined) continue;
    if (typeof sizeMB !== "number" || !Number.isInteger(sizeMB)) return "Volume size must be a whole number of MB";
    if (sizeMB < volume.sizeMB) return `Volumes cannot shrink: ${volume.sizeMB} MB now, ${sizeMB} MB wanted`;
    if (sizeMB > maxMB) return `Volume size is limited to ${maxMB} MB on this plan`;
  }
  return undefined;
}

export function applyPatch(store: Store, environment: EnvironmentRow, patch: Json, deploys: boolean): void {
  const instances = [...store.tables.serviceInstances.values()].filter(
    (row) => row.environmentId === environment.id && row.deletedAt === null,
  );
  const before = new Map(instances.map((row) => [row.id, deployedConfig(store, row)]));
  const grown = new Set<string | null>();
  const shared: Owner = { projectId: environment.projectId, environmentId: environment.id, serviceId: null };
  applyVariables(store, shared, patch.sharedVariables);
  for (const [id, change] of entries(patch.volumes)) {
    const volume = volumeIn(store, environment, id);
    if (!volume) continue;
    if (change === null || (isObject(change) && change.isDeleted === true)) scheduleVolumeDeletion(store, volume);
    else if (isObject(change) && typeof change.sizeMB === "number" && change.sizeMB > volume.sizeMB) {
      volume.sizeMB = change.sizeMB;
      volume.state = "UPDATING";
      store.plan(5_000, { kind: "volumeReady", volumeInstanceId: volume.id });
      grown.add(volume.serviceId);
    }
  }
  for (const [id, change] of entries(patch.services)) {
    const instance = findInstance(store, id, environment.id);
    const service = store.tables.services.get(id);
    if (!instance || !service) continue;
    if (change === null || (isObject(change) && change.isDeleted === true)) deleteService(store, service, [environment]);
    else if (isObject(change)) applyService(store, environment, instance, change);
  }
  if (!deploys) return;
  for (const row of instances) {
    if (row.deletedAt !== null || !row.source) continue;
    const changed = before.get(row.id) !== deployedConfig(store, row);
    if (changed || (store.settings.growingDeploys && grown.has(row.serviceId))) deploy(store, row, "deploy");
  }
}

function deployedConfig(store: Store, row: InstanceRow): string {
  const sealed = variablesOf(store, row.environmentId, row.serviceId).filter((variable) => variable.isSealed);
  return JSON.stringify([serviceConfig(store, row, true), sealed.map((variable) => [variable.name, variable.value])]);
}

function applyService(store: Store, environment: EnvironmentRow, instance: InstanceRow, change: Json): void {
  const place = { serviceId: instance.serviceId, environmentId: environment.id };
  applySource(instance, change.source);
  for (const section of [change.build, change.deploy])
    for (const [key, value] of entries(section)) applySetting(instance, key, value);
  if (change.configFile !== undefined) applySetting(instance, "railwayConfigFile", change.configFile);
  applyVariables(store, { projectId: environment.projectId, ...place }, change.variables);
  for (const [volumeId, mount] of entries(change.volumeMounts)) {
    const volume = volumeIn(store, environment, volumeId);
    if (!volume) continue;
    volume.serviceId = mount === null ? null : place.serviceId;
    if (!isObject(mount)) continue;
    if (typeof mount.mountPath === "string") volume.mountPath = mount.mountPath;
    if (Array.isArray(mount.backupSchedules)) setSchedules(store, volume, mount.backupSchedules.filter(isKind));
  }
  if (isObject(change.networking)) applyNetworking(store, place, change.networking);
  instance.updatedAt = store.iso();
}

function applySource(instance: InstanceRow, change: unknown): void {
  if (change === null) instance.source = null;
  if (!isObject(change)) return;
  const text = (key: string, present: string | null) =>
    change[key] === undefined ? present : typeof change[key] === "string" ? change[key] : null;
  const image = text("image", instance.source?.image ?? null);
  const repo = text("repo", instance.source?.repo ?? null);
  instance.source = image || repo ? { image, repo } : null;
  instance.branch = text("branch", instance.branch);
  instance.rootDirectory = text("rootDirectory", instance.rootDirectory);
}

/** `null` puts the default back. */
function applySetting(instance: InstanceRow, key: string, value: unknown): void {
  const defaults: InstanceSettings = defaultInstanceSettings();
  if (key === "limitOverride") {
    const containers = isObject(value) && isObject(value.containers) ? value.containers : {};
    instance.limitCpu = typeof containers.cpu === "number" ? containers.cpu : value === null ? null : instance.limitCpu;
    instance.limitMemoryBytes =
      typeof containers.memoryBytes === "number" ? containers.memoryBytes : value === null ? null : instance.limitMemoryBytes;
    return;
  }
  if (key === "registryCredentials") {
    instance.hasRegistryCredentials = value !== null;
    return;
  }
  if (key === "region" && typeof value === "string") {
    instance.multiRegionConfig = { [value]: { numReplicas: instance.numReplicas ?? 1 } };
    return;
  }
  if (key in defaults && key !== "source") Object.assign(instance, { [key]: value ?? defaults[key as keyof InstanceSettings] });
}

function applyVariables(store: Store, owner: Owner, change: unknown): void {
  for (const [name, variable] of entries(change)) {
    if (isObject(variable) && typeof variable.value === "string")
      setVariable(store, owner, name, variable.value, variable.isSealed === true);
    else if (variable === null)
      for (const row of variablesOf(store, owner.environmentId, owner.serviceId))
        if (row.name === name) store.tables.variables.delete(row.id);
  }
}

function applyNetworking(store: Store, place: { serviceId: string; environmentId: string }, change: Json): void {
  for (const [port, wish] of entries(change.tcpProxies)) {
    const present = proxiesOf(store, place).find((row) => String(row.applicationPort) === port);
    if (wish === null && present) store.tables.tcpProxies.delete(present.id);
    if (wish !== null && !present) addTcpProxy(store, place, Number(port), true);
  }
  const portOf = (wish: unknown) => (isObject(wish) && typeof wish.port === "number" ? wish.port : null);
  for (const [domain, wish] of entries(change.serviceDomains)) {
    const present = liveOf(store.tables.serviceDomains, place).find((row) => row.domain === domain);
    if (present) Object.assign(present, wish === null ? { deletedAt: store.iso() } : { targetPort: portOf(wish) });
    else if (wish !== null) addServiceDomain(store, place, portOf(wish), domain);
  }
  for (const [domain, wish] of entries(change.customDomains)) {
    const present = liveOf(store.tables.customDomains, place).find((row) => row.domain === domain);
    if (present) Object.assign(present, wish === null ? { deletedAt: store.iso() } : { targetPort: portOf(wish) });
    else if (wish !== null) addCustomDomain(store, place, domain, portOf(wish));
  }
}

function volumeIn(store: Store, environment: EnvironmentRow, volumeId: string): VolumeInstanceRow | undefined {
  for (const row of store.tables.volumeInstances.values())
    if (
      row.volumeId === volumeId &&
      row.environmentId === environment.id &&
      row.state !== "DELETED" &&
      row.visibleFromMs <= store.now()
    )
      return row;
  return undefined;
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function isKind(value: unknown): value is ScheduleKind {
  return value === "DAILY" || value === "WEEKLY" || value === "MONTHLY";
}
