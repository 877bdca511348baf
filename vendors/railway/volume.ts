/** Volumes. There is no query for one volume: they are read through the environment's list of volume instances.
 *  Never selects `VolumeInstance.service`: of a detached volume it fails the whole query. */
import { z } from "zod";
import { type CreateOptions, cooldownQueue } from "./cooldown.ts";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { Connection, drain, pageFields, pageSize } from "./pages.ts";
import { assertDone } from "./truth.ts";

export const VolumeInstance = z.object({
  id: z.string(),
  volumeId: z.string(),
  environmentId: z.string(),
  serviceId: z.string().nullable(),
  mountPath: z.string(),
  region: z.string().nullable(),
  sizeMB: z.number(),
  currentSizeMB: z.number(),
  state: z.string().nullable(),
  isPendingDeletion: z.boolean(),
  deletedAt: z.string().nullable(),
});
export type VolumeInstance = z.infer<typeof VolumeInstance>;
const fields = "id volumeId environmentId serviceId mountPath region sizeMB currentSizeMB state isPendingDeletion deletedAt";

export const volumeCreate: Operation<{ volumeCreate: { id: string } }> = {
  name: "volumeCreate",
  document: "mutation volumeCreate($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }",
  answer: z.object({ volumeCreate: z.object({ id: z.string() }) }),
  retry: "write",
};
export const volumeInstanceUpdate: Operation<{ volumeInstanceUpdate: boolean }> = {
  name: "volumeInstanceUpdate",
  document:
    "mutation volumeInstanceUpdate($volumeId: String!, $environmentId: String!, $input: VolumeInstanceUpdateInput!) { volumeInstanceUpdate(volumeId: $volumeId, environmentId: $environmentId, input: $input) }",
  answer: z.object({ volumeInstanceUpdate: z.boolean() }),
  retry: "idempotent",
};
export const volumeDelete: Operation<{ volumeDelete: boolean }> = {
  name: "volumeDelete",
  document: "mutation volumeDelete($volumeId: String!) { volumeDelete(volumeId: $volumeId) }",
  answer: z.object({ volumeDelete: z.boolean() }),
  retry: "idempotent",
};
const VolumeInstances = Connection(VolumeInstance);
export const volumeInstanceList: Operation<{ environment: { volumeInstances: z.infer<typeof VolumeInstances> } }> = {
  name: "volumeInstances",
  document: `query volumeInstances($projectId: String!, $environmentId: String!, $first: Int!, $after: String) { environment(id: $environmentId, projectId: $projectId) { volumeInstances(first: $first, after: $after) ${pageFields(fields)} } }`,
  answer: z.object({ environment: z.object({ volumeInstances: VolumeInstances }) }),
  retry: "read",
};

export function volumeCalls(connection: RailwayConnection) {
  // Railway holds volumes back too, but has not published for how long.
  const creates = cooldownQueue(connection.clock, 0);
  return {
    /** Answers the volume's id; its instance appears seconds later (up to 90). */
    createVolume: (
      input: { projectId: string; environmentId: string; serviceId?: string; mountPath: string; region?: string },
      options?: CreateOptions<string>,
    ): Promise<string> => creates(async (call) => (await connection.run(volumeCreate, { input }, call)).volumeCreate.id, options),
    /** Both are always sent: without a service Railway detaches the volume. */
    async mountVolume(
      place: { volumeId: string; environmentId: string },
      mount: { serviceId: string; mountPath: string },
      options?: CallOptions,
    ): Promise<void> {
      const { serviceId, mountPath } = mount;
      const answer = await connection.run(volumeInstanceUpdate, { ...place, input: { serviceId, mountPath } }, options);
      assertDone("volumeInstanceUpdate", answer.volumeInstanceUpdate);
    },
    /** Takes it off its service: that is what Railway does when the service is left out. */
    async detachVolume(
      place: { volumeId: string; environmentId: string },
      { mountPath }: { mountPath: string },
      options?: CallOptions,
    ): Promise<void> {
      const answer = await connection.run(volumeInstanceUpdate, { ...place, input: { mountPath } }, options);
      assertDone("volumeInstanceUpdate", answer.volumeInstanceUpdate);
    },
    /** Soft: for 48 hours the volume stays listed with `isPendingDeletion`. */
    async deleteVolume(volumeId: string, options?: CallOptions): Promise<void> {
      assertDone("volumeDelete", (await connection.run(volumeDelete, { volumeId }, options)).volumeDelete);
    },
    /** All of the environment that are not being deleted, detached ones too. */
    async volumeInstances(projectId: string, environmentId: string, options?: CallOptions): Promise<VolumeInstance[]> {
      const all = await drain(
        async (after) =>
          (await connection.run(volumeInstanceList, { projectId, environmentId, first: pageSize, after }, options)).environment
            .volumeInstances,
      );
      return all.filter((instance) => !instance.isPendingDeletion && instance.deletedAt === null);
    },
  };
}
