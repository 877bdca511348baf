/** Railway volume: lives longer than its service; never replaced. It has no description of its own and is ours by being the only one with its mount path
 *  in our project's environment, on our service or on none. Railway has no query for one volume. Id: `<projectId>/<environmentId>/<serviceId>/<volumeId>`; the service is the one that
 *  it was on when it was made (`detached` for none): a volume changes its service and keeps its id. */
import { OperatorError } from "../../../domain/error.ts";
import type { VolumeInstance } from "../../../vendors/railway/volume.ts";
import { sameValue } from "../shell/diff.ts";
import { type Call, type Resource, Unfinished } from "../shell/resource.ts";
import { adoptOrCreate } from "./adopt.ts";
import type { RailwayContext } from "./context.ts";
import { deleteUnlessGone, unlessGone } from "./gone.ts";
import { joinId, splitId } from "./ids.ts";
import { type BackupSchedule, VolumeInputs, VolumeOutputs } from "./shapes.ts";
import { bring, megabytesPerGB } from "./volume-bring.ts";

const onNone = "detached";
const idParts = ["projectId", "environmentId", "serviceId", "volumeId"] as const;
/** A new volume's instance was seen to appear after up to 90 s. */
const instancePollMs = 3_000;
const instancePolls = 60;

export const volume: Resource<VolumeInputs, VolumeOutputs, RailwayContext> = {
  token: "railway:index:Volume",
  description: "A volume, adopted as the only one with its mount path on its service or on none; its size only grows.",
  inputs: VolumeInputs,
  outputs: VolumeOutputs,
  refuseChange: ["projectId", "environmentId", "region"],
  importId: "<projectId>/<environmentId>/<serviceId>/<volumeId>",
  leftAlone: ["sizeGB", "region", "backupSchedules"],
  sameMeaning: (property, before, after) =>
    (property === "allowDelete" && before === undefined && after === false) ||
    (property === "backupSchedules" && sameSchedules(before, after)),
  stable: ["volumeId", "volumeInstanceId"],
  check: (inputs, old) =>
    old?.sizeGB !== undefined && inputs.sizeGB !== undefined && inputs.sizeGB < old.sizeGB
      ? [{ property: "sizeGB", reason: `a volume cannot shrink: it has ${old.sizeGB} GB; write ${old.sizeGB} or more` }]
      : [],

  async create(inputs, context, call) {
    const volumeId = await adoptOrCreate(
      {
        what: `volume at ${inputs.mountPath}`,
        lookFirst: !context.fresh.has(inputs.serviceId ?? inputs.projectId),
        look: async () => (await findByPath(inputs, context, call))?.volumeId,
        create: () => make(inputs, context, call),
      },
      context,
      call,
    );
    const id = joinId(inputs.projectId, inputs.environmentId, inputs.serviceId ?? onNone, volumeId);
    const instance = await appeared(volumeId, inputs, context, call);
    if (!instance) {
      const seconds = (instancePollMs * instancePolls) / 1000;
      const reason = `volume ${volumeId} was made, but its instance did not appear within ${seconds} s; run this again`;
      throw new Unfinished(id, { ...inputs, volumeId, volumeInstanceId: "", revision: 1 }, reason);
    }
    return { id, state: await bring(id, instance, { inputs, revision: 1 }, context, call) };
  },

  async read(id, context, call, known) {
    const place = splitId(id, idParts);
    const all = await unlessGone({ projectId: place.projectId }, context, call, () =>
      context.railway.volumeInstances(place.projectId, place.environmentId, call),
    );
    const found = all?.find((instance) => instance.volumeId === place.volumeId);
    if (!found) return undefined;
    const { projectId, environmentId } = place;
    const schedules = await schedulesSeen(found, context, call, known?.inputs);
    const inputs: VolumeInputs = {
      projectId,
      environmentId,
      ...(found.serviceId !== null && { serviceId: found.serviceId }),
      mountPath: found.mountPath,
      ...sizeSeen(found, known?.inputs),
      ...((!known || known.inputs.region !== undefined) && found.region !== null && { region: found.region }),
      ...(schedules && { backupSchedules: schedules }),
      ...(known?.inputs.allowDelete !== undefined && { allowDelete: known.inputs.allowDelete }),
    };
    // Others' moves count too, and those of a run that was cut off before it could say so.
    const moved = known && (known.inputs.serviceId !== inputs.serviceId || known.inputs.mountPath !== inputs.mountPath);
    const revision = (known?.state.revision ?? 0) + (moved ? 1 : 0);
    return { id, inputs, state: { ...inputs, volumeId: found.volumeId, volumeInstanceId: found.id, revision } };
  },

  async update(id, state, inputs, context, call, olds) {
    const instance = await appeared(state.volumeId, inputs, context, call);
    if (!instance) throw new OperatorError(`volume ${state.volumeId} has no instance in environment ${inputs.environmentId}`);
    if (inputs.region !== undefined && instance.region !== null && inputs.region !== instance.region) {
      throw new OperatorError(
        `volume ${state.volumeId} lies in ${instance.region} and is not moved to ${inputs.region}: write ${instance.region}, or leave the region out`,
      );
    }
    return bring(id, instance, { inputs, olds, revision: state.revision }, context, call);
  },

  async delete(id, state, context, call) {
    const { projectId, volumeId } = splitId(id, idParts);
    // A volume that is already being deleted is hidden too; the project's own list cannot show volumes without an environment.
    await deleteUnlessGone({ projectId }, context, call, async () => {
      const place = splitId(id, idParts);
      const all = await context.railway.volumeInstances(projectId, place.environmentId, call);
      if (!all.some((instance) => instance.volumeId === volumeId)) return;
      if (!state.allowDelete) {
        throw new OperatorError(
          `volume ${volumeId} at ${state.mountPath} was not deleted, because its data would go with it. If it may, set allowDelete: true on the volume, apply that, and run this again; to keep it and only forget it, use retainOnDelete`,
        );
      }
      await context.railway.deleteVolume(volumeId, call);
    });
  },
};

function sameSchedules(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return false;
  return sameValue([...new Set(before)].sort(), [...new Set(after)].sort());
}

/** In the program's own order as long as they are the same; asked for only if the program sets them, or on import. */
async function schedulesSeen(
  found: VolumeInstance,
  { railway }: RailwayContext,
  call: Call,
  known: VolumeInputs | undefined,
): Promise<BackupSchedule[] | undefined> {
  if (known && !known.backupSchedules) return undefined;
  const seen = await railway.backupSchedules(found.id, call);
  return sameSchedules(known?.backupSchedules, seen) ? known?.backupSchedules : seen;
}

/** The plan's default may be more than what is wanted, and a volume cannot shrink: only too small is a difference. */
function sizeSeen(found: VolumeInstance, known: VolumeInputs | undefined): { sizeGB?: number } {
  const sizeGB = found.sizeMB / megabytesPerGB;
  if (known === undefined) return { sizeGB };
  return known.sizeGB === undefined ? {} : { sizeGB: Math.min(known.sizeGB, sizeGB) };
}

async function make(inputs: VolumeInputs, context: RailwayContext, call: Call): Promise<string> {
  const { projectId, environmentId, serviceId, mountPath, region } = inputs;
  const lookAgain = async () => (await findByPath(inputs, context, call))?.volumeId;
  return context.railway.createVolume(
    {
      ...{ projectId, environmentId, mountPath },
      ...(serviceId !== undefined && { serviceId }),
      ...(region !== undefined && { region }),
    },
    { ...call, expectExists: true, lookAgain },
  );
}

async function findByPath(inputs: VolumeInputs, { railway }: RailwayContext, call: Call): Promise<VolumeInstance | undefined> {
  const { projectId, environmentId, serviceId = null, mountPath } = inputs;
  const all = await railway.volumeInstances(projectId, environmentId, { ...call, expectExists: true });
  // One that another service has is that service's.
  const isFree = (instance: VolumeInstance) => instance.serviceId === serviceId || instance.serviceId === null;
  const [only, ...others] = all.filter((instance) => instance.mountPath === mountPath && isFree(instance));
  if (others.length === 0) return only;
  const ids = [only, ...others].map((instance) => instance?.volumeId).join(", ");
  throw new OperatorError(
    `${others.length + 1} volumes of Railway project ${projectId} have the mount path ${mountPath}: ${ids}. Look which one holds the data, remove or re-mount the other, and run this again`,
  );
}

async function appeared(
  volumeId: string,
  inputs: VolumeInputs,
  { railway }: RailwayContext,
  call: Call,
): Promise<VolumeInstance | undefined> {
  const { projectId, environmentId } = inputs;
  for (let poll = 0; poll < instancePolls; poll++) {
    if (poll > 0) await railway.clock.sleep(instancePollMs, call.signal);
    const all = await railway.volumeInstances(projectId, environmentId, { ...call, expectExists: true });
    const found = all.find((instance) => instance.volumeId === volumeId);
    if (found) return found;
  }
  return undefined;
}
