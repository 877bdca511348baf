/** Brings a volume that exists where it is wanted: its service, mount path, size and backups. */
import type { VolumeInstance } from "../../../vendors/railway/volume.ts";
import { type Call, Unfinished } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import { deleteUnlessGone } from "./gone.ts";
import type { VolumeInputs, VolumeOutputs } from "./shapes.ts";
import { runningDeployments, stopRunning } from "./stop.ts";

/** Railway's own sizes are decimal: 5 GB is 5000 MB. */
export const megabytesPerGB = 1000;

export interface Wish {
  readonly inputs: VolumeInputs;
  /** Absent for a volume that was just made. */
  readonly olds?: VolumeInputs;
  /** Of the last write. */
  readonly revision: number;
}

/** Mounts and grows the instance, and sets its backups. Rejects with Unfinished where a new one could not be brought all the way. */
export async function bring(
  id: string,
  instance: VolumeInstance,
  { inputs, olds, revision }: Wish,
  context: RailwayContext,
  call: Call,
): Promise<VolumeOutputs> {
  const { volumeId } = instance;
  const isThere = instance.serviceId === (inputs.serviceId ?? null) && instance.mountPath === inputs.mountPath;
  // Where the wish is new but all is done already, a run was cut off after the work: what runs there has not heard of it.
  const moved = !isThere || (olds !== undefined && (olds.serviceId !== inputs.serviceId || olds.mountPath !== inputs.mountPath));
  if (!isThere) await move(instance, inputs, context, call);
  const state = { ...inputs, volumeId, volumeInstanceId: instance.id, revision: moved ? revision + 1 : revision };
  try {
    if (inputs.backupSchedules)
      await context.railway.setBackupSchedules(instance.id, inputs.backupSchedules, { ...call, expectExists: true });
    const cutOff = await grow(instance, inputs, olds, context, call);
    return cutOff && !moved ? { ...state, revision: revision + 1 } : state;
  } catch (error) {
    // An update that fails keeps the old inputs in state, so that the next one sees the same difference and does all of it again.
    if (olds) throw error;
    const words = error instanceof Error ? error.message : String(error);
    // A size that Railway refuses must not stand in state: a smaller one would then be refused as a shrinking volume.
    const { sizeGB: _wanted, ...kept } = inputs;
    const { sizeGB: _same, ...unfinished } = state;
    const reason = `volume ${volumeId} exists but is not as wanted: ${words}`;
    throw new Unfinished(id, unfinished, reason, { cause: error, inputs: kept });
  }
}

/** Mounts it where it is wanted, or on nothing. */
async function move(instance: VolumeInstance, inputs: VolumeInputs, context: RailwayContext, call: Call): Promise<void> {
  const { projectId, environmentId, serviceId, mountPath } = inputs;
  const { volumeId, serviceId: before } = instance;
  if (before !== null && before !== serviceId) {
    // A disk taken from under a program that writes to it loses what is on the way.
    const place = { projectId, environmentId, serviceId: before };
    await deleteUnlessGone(place, context, call, () => stopRunning(place, context, call));
  }
  if (serviceId === undefined) await context.railway.detachVolume({ volumeId, environmentId }, { mountPath }, call);
  else await context.railway.mountVolume({ volumeId, environmentId }, { serviceId, mountPath }, call);
}

/** Grows it if it is too small. Answers whether an earlier run did, and was cut off before it could say so. */
async function grow(
  instance: VolumeInstance,
  inputs: VolumeInputs,
  olds: VolumeInputs | undefined,
  context: RailwayContext,
  call: Call,
): Promise<boolean> {
  const { railway } = context;
  const { projectId, environmentId, serviceId, sizeGB } = inputs;
  const { volumeId } = instance;
  if (sizeGB === undefined) return false;
  const sizeMB = Math.ceil(sizeGB * megabytesPerGB);
  const message = `Grow volume ${volumeId} to ${sizeMB} MB`;
  if (sizeMB <= instance.sizeMB)
    return olds !== undefined && olds.sizeGB !== sizeGB && railway.wasCommitted(environmentId, message, call);
  call.log(`growing volume ${volumeId} from ${instance.sizeMB} to ${sizeMB} MB`);
  const config = { volumes: { [volumeId]: { sizeMB } } };
  const place = serviceId === undefined || context.fresh.has(serviceId) ? undefined : { projectId, environmentId, serviceId };
  // Growing may deploy by itself: what was stopped before must not run afterwards, also when this run is cut off.
  const stopped = place !== undefined && (await runningDeployments(place, context, call)).length === 0;
  await railway.changeEnvironment({ projectId, environmentId }, { config, message, deploys: !stopped }, call);
  if (stopped) await stopRunning(place, context, call);
  return false;
}
