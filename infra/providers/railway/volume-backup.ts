/** A locked backup of a volume, made once: for the time before something that cannot be undone. Railway restores it only into the same project and
 *  environment, and it goes with its volume: a copy for longer must lie elsewhere. Id: `<projectId>/<environmentId>/<volumeInstanceId>/<backupId>`. */
import type { VolumeBackup } from "../../../vendors/railway/manual-backups.ts";
import type { Call, Resource } from "../shell/resource.ts";
import { adoptOrCreate } from "./adopt.ts";
import type { RailwayContext } from "./context.ts";
import { deleteUnlessGone, unlessGone } from "./gone.ts";
import { joinId, splitId } from "./ids.ts";
import { VolumeBackupInputs, VolumeBackupOutputs } from "./volume-backup-shapes.ts";

/** A backup that was begun is listed by then. */
const twinMs = 15 * 60_000;
const idParts = ["projectId", "environmentId", "volumeInstanceId", "backupId"] as const;

export const volumeBackup: Resource<VolumeBackupInputs, VolumeBackupOutputs, RailwayContext> = {
  token: "railway:index:VolumeBackup",
  description: "A locked backup of a volume, adopted by its name.",
  inputs: VolumeBackupInputs,
  outputs: VolumeBackupOutputs,
  importId: "<projectId>/<environmentId>/<volumeInstanceId>/<backupId>",
  replaceOnChange: ["projectId", "environmentId", "volumeInstanceId", "name"],
  stable: ["backupId"],

  async create(inputs, context, call) {
    const { projectId, environmentId, volumeInstanceId, name } = inputs;
    const look = () => newest(inputs, context, call);
    const found = await adoptOrCreate<VolumeBackup>(
      {
        what: `backup ${name}`,
        lookFirst: true,
        look,
        async create() {
          await context.railway.createBackup(volumeInstanceId, name, call);
          const made = await look();
          if (!made) throw new Error(`Railway says that the backup ${name} is made, but does not list it; run this again`);
          return made;
        },
      },
      context,
      call,
    );
    await context.railway.lockBackup(volumeInstanceId, found.id, call);
    // A run that was killed may have begun one that the first look did not show yet; an older one of the same name is somebody's.
    for (const twin of await named(inputs, context, call))
      if (twin.id !== found.id && Date.parse(found.createdAt) - Date.parse(twin.createdAt) < twinMs)
        await context.railway.deleteBackup(volumeInstanceId, twin.id, call);
    const state = { ...inputs, backupId: found.id, createdAt: found.createdAt };
    return { id: joinId(projectId, environmentId, volumeInstanceId, found.id), state };
  },

  async read(id, context, call) {
    const { backupId, ...place } = splitId(id, idParts);
    const all = await unlessGone(place, context, call, () => context.railway.backups(place.volumeInstanceId, call));
    const found = all?.find((backup) => backup.id === backupId);
    if (!found) return undefined;
    const inputs = { ...place, name: found.name ?? "" };
    return { id, inputs, state: { ...inputs, backupId, createdAt: found.createdAt } };
  },

  /** Every input replaces: only an unfinished create comes here. */
  async update(_id, state, inputs, { railway }, call) {
    await railway.lockBackup(inputs.volumeInstanceId, state.backupId, call);
    return { ...state, ...inputs };
  },

  async delete(id, _state, context, call) {
    const { backupId, ...place } = splitId(id, idParts);
    const { volumeInstanceId } = place;
    await deleteUnlessGone(place, context, call, async () => {
      const all = await context.railway.backups(volumeInstanceId, call);
      if (all.some((backup) => backup.id === backupId)) await context.railway.deleteBackup(volumeInstanceId, backupId, call);
    });
  },
};

async function newest(inputs: VolumeBackupInputs, context: RailwayContext, call: Call): Promise<VolumeBackup | undefined> {
  return (await named(inputs, context, call)).at(0);
}

/** The newest first. */
async function named(
  { volumeInstanceId, name }: VolumeBackupInputs,
  { railway }: RailwayContext,
  call: Call,
): Promise<VolumeBackup[]> {
  const all = await railway.backups(volumeInstanceId, { ...call, expectExists: true });
  return all.filter((backup) => backup.name === name).sort((left, right) => (left.createdAt < right.createdAt ? 1 : -1));
}
