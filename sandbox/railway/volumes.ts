/** Volumes: their instance appears late, they only grow, and deleting one is soft for 48 hours. */
import {
  type Ask,
  environmentFor,
  type Field,
  findInstance,
  projectFor,
  serviceFor,
  targetEnvironments,
  volumeFor,
  volumeInstanceFor,
} from "./access.ts";
import { cooldown } from "./cooldowns.ts";
import { environmentView } from "./environments.ts";
import { badInput, notAuthorized, refusal } from "./errors.ts";
import { mountedVolume } from "./instances.ts";
import { planLimits, planOf } from "./limits.ts";
import type { EnvironmentRow, VolumeInstanceRow, VolumeRow } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import { projectView } from "./projects.ts";
import { defaultRegion, regionNames } from "./regions.ts";
import { serviceView } from "./services.ts";
import type { Store } from "./store.ts";

const graceMs = 48 * 3_600_000;

interface VolumeInput {
  projectId: string;
  mountPath: string;
  environmentId?: string | null;
  serviceId?: string | null;
  region?: string | null;
}

export const volumeQueries = {
  volumeInstance: ({ id }: { id: string }, ask: Ask) => volumeInstanceView(ask, volumeInstanceFor(ask, id)),
} satisfies Record<string, Field>;

export const volumeMutations = {
  volumeCreate({ input }: { input: VolumeInput }, ask: Ask) {
    const { store } = ask;
    const project = projectFor({ ...ask, writes: true }, input.projectId);
    if (!input.mountPath.startsWith("/")) throw badInput("mountPath must be absolute");
    if (input.region && !regionNames.includes(input.region)) throw badInput(`Unknown region ${input.region}`);
    const environments = volumeEnvironments(ask, input);
    const limits = planLimits[planOf(store, project)];
    if (volumesOf(store, project.id).length >= limits.volumesPerProject)
      throw refusal(`Project has reached its limit of ${limits.volumesPerProject} volumes`);
    const service = input.serviceId ? serviceFor({ ...ask, writes: true }, input.serviceId) : undefined;
    if (service && service.projectId !== project.id) throw notAuthorized();
    if (service) for (const environment of environments) mayMount(store, service.id, environment.id);
    cooldown(
      store,
      `volume:${project.workspaceId ?? project.id}`,
      store.settings.volumeCooldownMs,
      "You are creating volumes too quickly. Please wait before creating another one.",
    );
    const volume: VolumeRow = {
      id: store.uuid(),
      projectId: project.id,
      name: `${service?.name ?? "detached"}-volume`,
      createdAt: store.iso(),
      visibleFromMs: store.now() + store.settings.readLagMs,
    };
    store.tables.volumes.set(volume.id, volume);
    const late = store.context.random() < store.settings.volumeLagTailProbability;
    for (const environment of environments) {
      const lagMs = store.between(late ? store.settings.volumeLagTailMs : store.settings.volumeLagMs);
      const row: VolumeInstanceRow = {
        id: store.uuid(),
        volumeId: volume.id,
        environmentId: environment.id,
        serviceId: service?.id ?? null,
        mountPath: input.mountPath,
        region: input.region ?? defaultRegion,
        sizeMB: limits.defaultVolumeMB,
        // The file system itself takes 2-3 %.
        currentSizeMB: Math.round(limits.defaultVolumeMB * (0.02 + store.context.random() * 0.01) * 10) / 10,
        state: "READY",
        externalId: `vol_${store.uuid().replaceAll("-", "").slice(0, 16)}`,
        isPendingDeletion: false,
        deletedAt: null,
        createdAt: store.iso(),
        visibleFromMs: store.now() + lagMs,
      };
      store.tables.volumeInstances.set(row.id, row);
    }
    return volumeView(ask, volume);
  },
  volumeUpdate({ volumeId, input }: { volumeId: string; input: { name?: string | null } }, ask: Ask) {
    const volume = volumeFor(ask, volumeId);
    volume.name = input.name || volume.name;
    return volumeView(ask, volume);
  },
  volumeInstanceUpdate(
    args: {
      volumeId: string;
      environmentId?: string | null;
      input: { mountPath?: string | null; serviceId?: string | null; state?: string | null };
    },
    ask: Ask,
  ) {
    const { store } = ask;
    const volume = volumeFor(ask, args.volumeId);
    if (args.environmentId) environmentFor({ ...ask, writes: true }, args.environmentId);
    const rows = volumeInstancesOf(store, volume.id).filter(
      (row) => !args.environmentId || row.environmentId === args.environmentId,
    );
    const present = rows.filter((row) => row.visibleFromMs <= store.now());
    if (present.length === 0) throw refusal("VolumeInstance not found");
    const serviceId = args.input.serviceId ?? null;
    if (serviceId && serviceFor({ ...ask, writes: true }, serviceId).projectId !== volume.projectId) throw notAuthorized();
    if (args.input.mountPath && !args.input.mountPath.startsWith("/")) throw badInput("mountPath must be absolute");
    if (serviceId) for (const row of present) if (row.serviceId !== serviceId) mayMount(store, serviceId, row.environmentId);
    for (const row of present) {
      // Leaving the service out detaches the volume; leaving the path out keeps it.
      row.serviceId = serviceId;
      row.mountPath = args.input.mountPath ?? row.mountPath;
      row.state = args.input.state ?? row.state;
    }
    return true;
  },
  volumeDelete({ volumeId }: { volumeId: string }, ask: Ask) {
    const volume = volumeFor(ask, volumeId);
    for (const row of volumeInstancesOf(ask.store, volume.id)) scheduleVolumeDeletion(ask.store, row);
    if (volumeInstancesOf(ask.store, volume.id).length === 0) ask.store.tables.volumes.delete(volume.id);
    return true;
  },
} satisfies Record<string, Field>;

/** Still listed for 48 hours; only a link that Railway sends by e-mail brings it back. */
export function scheduleVolumeDeletion(store: Store, row: VolumeInstanceRow): void {
  if (row.isPendingDeletion) return;
  row.isPendingDeletion = true;
  row.state = "DELETING";
  row.deletedAt = store.iso(store.now() + graceMs);
  store.plan(graceMs, { kind: "volumeGone", volumeInstanceId: row.id });
}

/** The end of the 48 hours: data and backups are gone; the row stays for the usage of the past. */
export function volumeGone(store: Store, volumeInstanceId: string): void {
  const row = store.tables.volumeInstances.get(volumeInstanceId);
  if (!row) return;
  row.state = "DELETED";
  row.serviceId = null;
  delete row.files;
  for (const backup of store.tables.backups.values())
    if (backup.volumeInstanceId === row.id) store.tables.backups.delete(backup.id);
}

/** Growing has ended. */
export function volumeReady(store: Store, volumeInstanceId: string): void {
  const row = store.tables.volumeInstances.get(volumeInstanceId);
  if (row?.state === "UPDATING") row.state = "READY";
}

/** Not those that are really gone. */
export function volumesOf(store: Store, projectId: string): VolumeRow[] {
  return [...store.tables.volumes.values()].filter((volume) => {
    if (volume.projectId !== projectId) return false;
    const all = [...store.tables.volumeInstances.values()].filter((row) => row.volumeId === volume.id);
    return all.length === 0 || all.some((row) => row.state !== "DELETED");
  });
}

export function volumeInstancesOf(store: Store, volumeId: string): VolumeInstanceRow[] {
  return [...store.tables.volumeInstances.values()].filter((row) => row.volumeId === volumeId && row.state !== "DELETED");
}

export function volumeView(ask: Ask, volume: VolumeRow) {
  const { store } = ask;
  return {
    ...volume,
    project: () => projectView(ask, projectFor({ ...ask, writes: true }, volume.projectId, true)),
    volumeInstances: (args: PageArguments) =>
      page(
        store,
        volumeInstancesOf(store, volume.id).filter((row) => row.visibleFromMs <= store.now()),
        args,
        (row) => volumeInstanceView(ask, row),
      ),
  };
}

export function volumeInstanceView(ask: Ask, row: VolumeInstanceRow) {
  const { store } = ask;
  return {
    ...row,
    environment: () => environmentView(ask, environmentFor({ ...ask, writes: true }, row.environmentId, true)),
    // Non-null in the schema: of a detached volume it fails the whole answer.
    service() {
      const service = row.serviceId && store.tables.services.get(row.serviceId);
      if (!service) throw notAuthorized();
      return serviceView(ask, service);
    },
    volume() {
      const volume = store.tables.volumes.get(row.volumeId);
      if (!volume) throw notAuthorized();
      return volumeView(ask, volume);
    },
  };
}

/** One volume a service, and none on a service with replicas. */
function mayMount(store: Store, serviceId: string, environmentId: string): void {
  if (mountedVolume(store, { serviceId, environmentId })) throw refusal("Service already has a volume mounted");
  if ((findInstance(store, serviceId, environmentId)?.numReplicas ?? 1) > 1)
    throw refusal("A service with replicas cannot have a volume");
}

/** `null` = no environment; left out = by the setting, since the schema's text and reports disagree. */
function volumeEnvironments(ask: Ask, input: VolumeInput): EnvironmentRow[] {
  if (input.environmentId) {
    const environment = environmentFor({ ...ask, writes: true }, input.environmentId);
    if (environment.projectId !== input.projectId) throw notAuthorized();
    return [environment];
  }
  if (input.environmentId === null || ask.store.settings.volumeCreateWithoutEnvironment === "none") return [];
  return targetEnvironments(ask, input.projectId, null);
}
