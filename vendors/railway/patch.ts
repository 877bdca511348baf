/** Changes to an environment's config document: the only way to a volume's size, and to removing variables without a deployment. */
import { z } from "zod";
import { VendorError } from "../../domain/error.ts";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";

export type EnvironmentChange = Readonly<Record<string, unknown>>;

export const environmentPatchCommit: Operation<{ environmentPatchCommit: string }> = {
  name: "environmentPatchCommit",
  document:
    "mutation environmentPatchCommit($environmentId: String!, $patch: EnvironmentConfig!, $commitMessage: String) { environmentPatchCommit(environmentId: $environmentId, patch: $patch, commitMessage: $commitMessage) }",
  answer: z.object({ environmentPatchCommit: z.string() }),
  retry: "idempotent",
};
export const environmentStageChanges: Operation<{ environmentStageChanges: { id: string } }> = {
  name: "environmentStageChanges",
  document:
    "mutation environmentStageChanges($environmentId: String!, $input: EnvironmentConfig!) { environmentStageChanges(environmentId: $environmentId, input: $input, merge: true) { id } }",
  answer: z.object({ environmentStageChanges: z.object({ id: z.string() }) }),
  retry: "idempotent",
};
export const environmentPatchCommitStaged: Operation<{ environmentPatchCommitStaged: string }> = {
  name: "environmentPatchCommitStaged",
  document:
    "mutation environmentPatchCommitStaged($environmentId: String!, $commitMessage: String) { environmentPatchCommitStaged(environmentId: $environmentId, commitMessage: $commitMessage, skipDeploys: true) }",
  answer: z.object({ environmentPatchCommitStaged: z.string() }),
  retry: "write",
};
const Patch = z.object({ id: z.string(), status: z.string(), lastAppliedError: z.string().nullable() });
export const environmentPatch: Operation<{ environmentPatch: z.infer<typeof Patch> }> = {
  name: "environmentPatch",
  document: "query environmentPatch($id: String!) { environmentPatch(id: $id) { id status lastAppliedError } }",
  answer: z.object({ environmentPatch: Patch }),
  retry: "read",
};
export const environmentUnmerged: Operation<{ environment: { unmergedChangesCount: number | null } }> = {
  name: "environmentUnmerged",
  document:
    "query environmentUnmerged($projectId: String!, $environmentId: String!) { environment(id: $environmentId, projectId: $projectId) { unmergedChangesCount } }",
  answer: z.object({ environment: z.object({ unmergedChangesCount: z.number().nullable() }) }),
  retry: "read",
};

const pollMs = 2_000;
const polls = 60;

export function patchCalls(connection: RailwayConnection) {
  const applied = async (operation: string, answer: string, options?: CallOptions): Promise<void> => {
    // A path-like text; the patch's id is what follows the last slash.
    const id = answer.slice(answer.lastIndexOf("/") + 1);
    for (let poll = 0; poll < polls; poll++) {
      await connection.clock.sleep(pollMs, options?.signal);
      const patch = (await connection.run(environmentPatch, { id }, { ...options, expectExists: true })).environmentPatch;
      if (patch.status === "COMMITTED") return;
      // One that failed is FAILED, or staged again; the error says why.
      if (patch.lastAppliedError !== null) throw failed(operation, patch.lastAppliedError, false);
      if (patch.status === "FAILED") throw failed(operation, "the change failed without a reason", true);
    }
    throw failed(operation, `the change was not applied within ${(polls * pollMs) / 1000} s`, true);
  };
  return {
    /** Refuses while a person's changes wait in the dashboard: a commit would take them along. */
    async refuseUnmerged(projectId: string, environmentId: string, options?: CallOptions): Promise<void> {
      const { unmergedChangesCount } = (await connection.run(environmentUnmerged, { projectId, environmentId }, options))
        .environment;
      if (!unmergedChangesCount) return;
      const words = `somebody's ${unmergedChangesCount} changes wait in the Railway dashboard of environment ${environmentId}: apply or discard them there, then run this again`;
      throw failed("environmentPatchCommit", words, true);
    },
    /** Resolves when the change is applied. Railway deploys exactly the services that it changes. */
    async applyChange(environmentId: string, patch: EnvironmentChange, message: string, options?: CallOptions): Promise<void> {
      const answer = await connection.run(environmentPatchCommit, { environmentId, patch, commitMessage: message }, options);
      await applied("environmentPatchCommit", answer.environmentPatchCommit, options);
    },
    /** The same without any deployment. */
    async applyQuietly(environmentId: string, input: EnvironmentChange, message: string, options?: CallOptions): Promise<void> {
      await connection.run(environmentStageChanges, { environmentId, input }, options);
      const answer = await connection.run(environmentPatchCommitStaged, { environmentId, commitMessage: message }, options);
      await applied("environmentPatchCommitStaged", answer.environmentPatchCommitStaged, options);
    },
  };
}

function failed(operation: string, vendorMessage: string, retryable: boolean): VendorError {
  return new VendorError({ vendor: "railway", operation, vendorMessage, retryable });
}
