/** When Railway backs a volume up by itself. */
import { z } from "zod";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { assertDone } from "./truth.ts";

const Kind = z.enum(["DAILY", "WEEKLY", "MONTHLY"]);
export type BackupScheduleKind = z.infer<typeof Kind>;

/** Exactly these kinds from now on. */
export const volumeInstanceBackupScheduleUpdate: Operation<{ volumeInstanceBackupScheduleUpdate: boolean }> = {
  name: "volumeInstanceBackupScheduleUpdate",
  document:
    "mutation volumeInstanceBackupScheduleUpdate($volumeInstanceId: String!, $kinds: [VolumeInstanceBackupScheduleKind!]!) { volumeInstanceBackupScheduleUpdate(volumeInstanceId: $volumeInstanceId, kinds: $kinds) }",
  answer: z.object({ volumeInstanceBackupScheduleUpdate: z.boolean() }),
  retry: "idempotent",
};
const Schedules = z.array(z.object({ kind: Kind }));
export const volumeInstanceBackupScheduleList: Operation<{ volumeInstanceBackupScheduleList: z.infer<typeof Schedules> }> = {
  name: "volumeInstanceBackupScheduleList",
  document:
    "query volumeInstanceBackupScheduleList($volumeInstanceId: String!) { volumeInstanceBackupScheduleList(volumeInstanceId: $volumeInstanceId) { kind } }",
  answer: z.object({ volumeInstanceBackupScheduleList: Schedules }),
  retry: "read",
};

export function backupCalls(connection: RailwayConnection) {
  return {
    async setBackupSchedules(
      volumeInstanceId: string,
      kinds: readonly BackupScheduleKind[],
      options?: CallOptions,
    ): Promise<void> {
      const answer = await connection.run(volumeInstanceBackupScheduleUpdate, { volumeInstanceId, kinds }, options);
      assertDone("volumeInstanceBackupScheduleUpdate", answer.volumeInstanceBackupScheduleUpdate);
    },
    async backupSchedules(volumeInstanceId: string, options?: CallOptions): Promise<BackupScheduleKind[]> {
      const answer = await connection.run(volumeInstanceBackupScheduleList, { volumeInstanceId }, options);
      return answer.volumeInstanceBackupScheduleList.map(({ kind }) => kind);
    },
  };
}
