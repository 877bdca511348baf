/** Changes to an environment's config document: the only way to a volume's size, and to removing variables without a deployment. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { VendorError } from "../../domain/error.ts";
import { isAmbiguous } from "../http/request.ts";
import { type CallOptions, type Operation, type RailwayConnection, readLagMs } from "./graphql.ts";
import { Connection, drain, pageFields, pageSize } from "./pages.ts";

export interface EnvironmentChange {
  /** As much of the config document as changes; `null` deletes a key. It must change something: Railway never applies what does not. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Shown in the dashboard; a commit whose answer was lost is found again by it. */
  readonly message: string;
  /** Whether Railway may deploy the services that it changes; otherwise nothing is deployed. */
  readonly deploys: boolean;
}

export interface EnvironmentPlace {
  readonly projectId: string;
  readonly environmentId: string;
}

export const environmentPatchCommit: Operation<{ environmentPatchCommit: string }> = {
  name: "environmentPatchCommit",
  document:
    "mutation environmentPatchCommit($environmentId: String!, $patch: EnvironmentConfig!, $commitMessage: String) { environmentPatchCommit(environmentId: $environmentId, patch: $patch, commitMessage: $commitMessage) }",
  answer: z.object({ environmentPatchCommit: z.string() }),
  retry: "write",
};
export const environmentStageChanges: Operation<{ environmentStageChanges: { id: string } }> = {
  name: "environmentStageChanges",
  document:
    "mutation environmentStageChanges($environmentId: String!, $input: EnvironmentConfig!, $merge: Boolean!) { environmentStageChanges(environmentId: $environmentId, input: $input, merge: $merge) { id } }",
  answer: z.object({ environmentStageChanges: z.object({ id: z.string() }) }),
  retry: "idempotent",
};
export const environmentPatchCommitStaged: Operation<{ environmentPatchCommitStaged: string }> = {
  name: "environmentPatchCommitStaged",
  document:
    "mutation environmentPatchCommitStaged($environmentId: String!, $commitMessage: String, $skipDeploys: Boolean!) { environmentPatchCommitStaged(environmentId: $environmentId, commitMessage: $commitMessage, skipDeploys: $skipDeploys) }",
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
const Committed = Connection(z.object({ id: z.string(), message: z.string().nullable(), createdAt: z.string() }));
export const environmentPatchList: Operation<{ environmentPatches: z.infer<typeof Committed> }> = {
  name: "environmentPatches",
  document: `query environmentPatches($environmentId: String!, $first: Int!, $after: String) { environmentPatches(environmentId: $environmentId, first: $first, after: $after) ${pageFields("id message createdAt")} }`,
  answer: z.object({ environmentPatches: Committed }),
  retry: "read",
};
export const environmentUnmerged: Operation<{ environment: { unmergedChangesCount: number | null } }> = {
  name: "environmentUnmerged",
  document:
    "query environmentUnmerged($projectId: String!, $environmentId: String!) { environment(id: $environmentId, projectId: $projectId) { unmergedChangesCount } }",
  answer: z.object({ environment: z.object({ unmergedChangesCount: z.number().nullable() }) }),
  retry: "read",
};
const Staged = z.object({ id: z.string(), patch: z.unknown() });
/** Asked only where something is staged: what it answers where nothing is, is not published. */
export const environmentStaged: Operation<{ environmentStagedChanges: z.infer<typeof Staged> }> = {
  name: "environmentStagedChanges",
  document:
    "query environmentStagedChanges($environmentId: String!) { environmentStagedChanges(environmentId: $environmentId) { id patch } }",
  answer: z.object({ environmentStagedChanges: Staged }),
  retry: "read",
};

const pollMs = 2_000;
const polls = 60;
/** Past the read lag, and past a gateway that gave up before Railway did. */
const lookWaitsMs = [readLagMs, 5_000, 15_000];
const attempts = 3;
/** How far Railway's clock may be behind ours. */
const skewMs = 60_000;

export function patchCalls(connection: RailwayConnection) {
  const { clock } = connection;
  const turns = new Map<string, Promise<unknown>>();

  const committed = async (environmentId: string, message: string, options?: CallOptions, sinceMs = 0) => {
    const all = await drain(
      async (after) =>
        (await connection.run(environmentPatchList, { environmentId, first: pageSize, after }, options)).environmentPatches,
    );
    return all.find((patch) => patch.message === message && Date.parse(patch.createdAt) >= sinceMs)?.id;
  };

  const staged = async ({ projectId, environmentId }: EnvironmentPlace, options?: CallOptions) => {
    const count = (await connection.run(environmentUnmerged, { projectId, environmentId }, options)).environment
      .unmergedChangesCount;
    if (!count) return undefined;
    const { id, patch } = (await connection.run(environmentStaged, { environmentId }, options)).environmentStagedChanges;
    return { id, patch, count };
  };

  /** Does a write, and after a lost answer looks whether it was done before it does it again. */
  const once = async (write: () => Promise<string>, look: () => Promise<string | undefined>, options?: CallOptions) => {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await write();
        // A path-like text; the patch's id is what follows the last slash.
        return answer.slice(answer.lastIndexOf("/") + 1);
      } catch (error) {
        if (!isAmbiguous(error)) throw error;
        for (const wait of lookWaitsMs) {
          await clock.sleep(wait, options?.signal);
          const found = await look();
          if (found !== undefined) return found;
        }
        if (attempt >= attempts) throw error;
      }
    }
  };

  const commit = async (environmentId: string, { config, message }: EnvironmentChange, options?: CallOptions) => {
    const sinceMs = (await clock.now()) - skewMs;
    const variables = { environmentId, patch: config, commitMessage: message };
    return once(
      async () => (await connection.run(environmentPatchCommit, variables, options)).environmentPatchCommit,
      () => committed(environmentId, message, options, sinceMs),
      options,
    );
  };

  const commitStaged = (environmentId: string, id: string, { message, deploys }: EnvironmentChange, options?: CallOptions) => {
    const variables = { environmentId, commitMessage: message, skipDeploys: !deploys };
    return once(
      async () => (await connection.run(environmentPatchCommitStaged, variables, options)).environmentPatchCommitStaged,
      async () => {
        const { status } = (await connection.run(environmentPatch, { id }, options)).environmentPatch;
        return status === "STAGED" ? undefined : id;
      },
      options,
    );
  };

  const stage = async (environmentId: string, input: unknown, merge: boolean, options?: CallOptions) =>
    (await connection.run(environmentStageChanges, { environmentId, input, merge }, options)).environmentStageChanges.id;

  const applied = async (id: string, options?: CallOptions): Promise<void> => {
    for (let poll = 0; poll < polls; poll++) {
      await clock.sleep(pollMs, options?.signal);
      const patch = (await connection.run(environmentPatch, { id }, { ...options, expectExists: true })).environmentPatch;
      if (patch.status === "COMMITTED") return;
      if (patch.status === "APPLYING") continue;
      // One that failed is FAILED, or staged again; the error says why.
      if (patch.lastAppliedError !== null) throw failed(patch.lastAppliedError, false);
      if (patch.status === "FAILED") throw failed("the change failed without a reason", true);
    }
    throw failed(`the change was not applied within ${(polls * pollMs) / 1000} s`, true);
  };

  const make = async (place: EnvironmentPlace, change: EnvironmentChange, options?: CallOptions): Promise<void> => {
    options?.signal?.throwIfAborted();
    const { environmentId } = place;
    const isOurs = (found: { readonly patch: unknown }) => isDeepStrictEqual(found.patch, change.config);
    let waiting = await staged(place, options);
    if (waiting && !isOurs(waiting)) {
      // What was committed a moment ago may still read as staged.
      await clock.sleep(readLagMs, options?.signal);
      waiting = await staged(place, options);
      if (waiting && !isOurs(waiting)) throw others(environmentId, waiting.count);
    }
    try {
      // The very same change: a run that was cut off staged it.
      const id = waiting
        ? await commitStaged(environmentId, waiting.id, change, options)
        : change.deploys
          ? await commit(environmentId, change, options)
          : await commitStaged(environmentId, await stage(environmentId, change.config, true, options), change, options);
      await applied(id, options);
    } catch (error) {
      // What was not committed, or could not be applied and was staged again, would be in the way of every other change.
      const left = error instanceof VendorError ? await staged(place, options) : undefined;
      if (left && isOurs(left)) await stage(environmentId, {}, false, options);
      throw error;
    }
  };

  return {
    /** Resolves when the change is applied. One after another in an environment, because there is one staged change in each. Refuses while a person's
     *  changes wait in the dashboard, for a commit would take them along; the same change, left by a run that was cut off, is taken up. */
    changeEnvironment(place: EnvironmentPlace, change: EnvironmentChange, options?: CallOptions): Promise<void> {
      const before = turns.get(place.environmentId) ?? Promise.resolve();
      const mine = before.then(() => make(place, change, options));
      turns.set(
        place.environmentId,
        mine.catch(() => {}),
      );
      return mine;
    },
    /** Whether a change with this message was ever committed. */
    async wasCommitted(environmentId: string, message: string, options?: CallOptions): Promise<boolean> {
      return (await committed(environmentId, message, options)) !== undefined;
    },
  };
}

function others(environmentId: string, count: number): VendorError {
  return failed(
    `somebody's ${count} changes wait in the Railway dashboard of environment ${environmentId}: apply or discard them there, then run this again`,
    true,
  );
}

function failed(vendorMessage: string, retryable: boolean): VendorError {
  return new VendorError({ vendor: "railway", operation: environmentPatchCommit.name, vendorMessage, retryable });
}
