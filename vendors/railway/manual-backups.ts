/** Backups that are made, locked and deleted one by one. Making and deleting one are workflows that are polled; the list shows one once its workflow is complete. */
import { z } from "zod";
import { VendorError } from "../../domain/error.ts";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { assertDone } from "./truth.ts";

export const VolumeBackup = z.object({
  id: z.string(),
  name: z.string().nullable(),
  createdAt: z.string(),
  /** null for one that is kept until somebody deletes it. */
  expiresAt: z.string().nullable(),
});
export type VolumeBackup = z.infer<typeof VolumeBackup>;

const Started = z.object({ workflowId: z.string().nullable() });
const place = "volumeInstanceId: $volumeInstanceId, volumeInstanceBackupId: $volumeInstanceBackupId";
const placeTypes = "$volumeInstanceId: String!, $volumeInstanceBackupId: String!";

export const volumeInstanceBackupCreate: Operation<{ volumeInstanceBackupCreate: z.infer<typeof Started> }> = {
  name: "volumeInstanceBackupCreate",
  document:
    "mutation volumeInstanceBackupCreate($volumeInstanceId: String!, $name: String) { volumeInstanceBackupCreate(volumeInstanceId: $volumeInstanceId, name: $name) { workflowId } }",
  answer: z.object({ volumeInstanceBackupCreate: Started }),
  retry: "write",
};
export const volumeInstanceBackupDelete: Operation<{ volumeInstanceBackupDelete: z.infer<typeof Started> }> = {
  name: "volumeInstanceBackupDelete",
  document: `mutation volumeInstanceBackupDelete(${placeTypes}) { volumeInstanceBackupDelete(${place}) { workflowId } }`,
  answer: z.object({ volumeInstanceBackupDelete: Started }),
  retry: "write",
};
export const volumeInstanceBackupLock: Operation<{ volumeInstanceBackupLock: boolean }> = {
  name: "volumeInstanceBackupLock",
  document: `mutation volumeInstanceBackupLock(${placeTypes}) { volumeInstanceBackupLock(${place}) }`,
  answer: z.object({ volumeInstanceBackupLock: z.boolean() }),
  retry: "idempotent",
};
export const volumeInstanceBackupList: Operation<{ volumeInstanceBackupList: VolumeBackup[] }> = {
  name: "volumeInstanceBackupList",
  document:
    "query volumeInstanceBackupList($volumeInstanceId: String!) { volumeInstanceBackupList(volumeInstanceId: $volumeInstanceId) { id name createdAt expiresAt } }",
  answer: z.object({ volumeInstanceBackupList: z.array(VolumeBackup) }),
  retry: "read",
};
export const workflowStatus: Operation<{ workflowStatus: { status: string; error: string | null } }> = {
  name: "workflowStatus",
  document: "query workflowStatus($workflowId: String!) { workflowStatus(workflowId: $workflowId) { status error } }",
  answer: z.object({ workflowStatus: z.object({ status: z.string(), error: z.string().nullable() }) }),
  retry: "read",
};

const pollMs = 2_000;
/** 10 minutes: a backup is a snapshot, but the queue before it is Railway's. */
const polls = 300;

export function manualBackupCalls(connection: RailwayConnection) {
  const done = async (operation: string, workflowId: string | null, options?: CallOptions): Promise<void> => {
    // Without an id there is nothing to wait for; the list tells whether it was done.
    if (workflowId === null) return;
    for (let poll = 0; poll < polls; poll++) {
      await connection.clock.sleep(pollMs, options?.signal);
      const { status, error } = (await connection.run(workflowStatus, { workflowId }, options)).workflowStatus;
      if (status === "Complete") return;
      if (status === "Error")
        throw new VendorError({ vendor: "railway", operation, vendorMessage: error ?? "the workflow failed", retryable: false });
    }
    const vendorMessage = `the workflow ${workflowId} is not complete after ${(polls * pollMs) / 60_000} minutes`;
    throw new VendorError({ vendor: "railway", operation, vendorMessage, retryable: true });
  };
  return {
    /** Resolves when it is made; Railway refuses one by hand of more than half of the volume's size. */
    async createBackup(volumeInstanceId: string, name: string, options?: CallOptions): Promise<void> {
      const { workflowId } = (await connection.run(volumeInstanceBackupCreate, { volumeInstanceId, name }, options))
        .volumeInstanceBackupCreate;
      await done("volumeInstanceBackupCreate", workflowId, options);
    },
    /** Keeps it from expiring. */
    async lockBackup(volumeInstanceId: string, volumeInstanceBackupId: string, options?: CallOptions): Promise<void> {
      const answer = await connection.run(volumeInstanceBackupLock, { volumeInstanceId, volumeInstanceBackupId }, options);
      assertDone("volumeInstanceBackupLock", answer.volumeInstanceBackupLock);
    },
    async deleteBackup(volumeInstanceId: string, volumeInstanceBackupId: string, options?: CallOptions): Promise<void> {
      const answer = await connection.run(volumeInstanceBackupDelete, { volumeInstanceId, volumeInstanceBackupId }, options);
      await done("volumeInstanceBackupDelete", answer.volumeInstanceBackupDelete.workflowId, options);
    },
    async backups(volumeInstanceId: string, options?: CallOptions): Promise<VolumeBackup[]> {
      return (await connection.run(volumeInstanceBackupList, { volumeInstanceId }, options)).volumeInstanceBackupList;
    },
  };
}
