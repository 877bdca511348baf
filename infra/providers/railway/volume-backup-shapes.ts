/** What a program writes of a volume's backup and what it gets back. */
import { z } from "zod";

const id = z.string().min(1);

export const VolumeBackupInputs = z.strictObject({
  projectId: id.describe("Project the volume lies in."),
  environmentId: id.describe("Environment of the volume's instance."),
  volumeInstanceId: id.describe("The volume in this environment."),
  name: z.string().min(1).describe("A backup of this name that exists already is taken for this one."),
});
export const VolumeBackupOutputs = VolumeBackupInputs.extend({
  backupId: z.string().describe("The backup's id at Railway."),
  createdAt: z.string().describe("ISO 8601 UTC."),
});
export type VolumeBackupInputs = z.infer<typeof VolumeBackupInputs>;
export type VolumeBackupOutputs = z.infer<typeof VolumeBackupOutputs>;
