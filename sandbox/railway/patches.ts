/** Environment patches: staged, committed at once, applied a moment later; a failed one goes back to staged with `lastAppliedError`. */
import { createHash } from "node:crypto";
import { type Ask, environmentFor, type Field } from "./access.ts";
import { applyPatch, problemWith } from "./applying.ts";
import { isObject, type Json, maskVariables, mergeConfig } from "./config.ts";
import { environmentView } from "./environments.ts";
import { badInput, notAuthorized, refusal } from "./errors.ts";
import type { PatchRow } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import type { Store } from "./store.ts";

export const patchQueries = {
  environmentPatch({ id }: { id: string }, ask: Ask) {
    const row = ask.store.tables.environmentPatches.get(id);
    if (!row) throw notAuthorized();
    environmentFor(ask, row.environmentId);
    return patchView(ask, row);
  },
  environmentPatches({ environmentId, ...args }: PageArguments & { environmentId: string }, ask: Ask) {
    environmentFor(ask, environmentId);
    const rows = patchesOf(ask.store, environmentId).reverse();
    return page(ask.store, rows, args, (row) => patchView(ask, row));
  },
  environmentStagedChanges({ environmentId }: { environmentId: string }, ask: Ask) {
    environmentFor(ask, environmentId);
    return patchView(ask, stagedOf(ask.store, environmentId) ?? emptyPatch(ask.store, environmentId));
  },
} satisfies Record<string, Field>;

export const patchMutations = {
  environmentStageChanges(args: { environmentId: string; input: unknown; merge?: boolean | null }, ask: Ask) {
    environmentFor({ ...ask, writes: true }, args.environmentId);
    return patchView(ask, stage(ask.store, args.environmentId, checked(args.input), args.merge === true));
  },
  environmentPatchCommit(args: { environmentId: string; patch?: unknown; commitMessage?: string | null }, ask: Ask) {
    const { store } = ask;
    environmentFor({ ...ask, writes: true }, args.environmentId);
    let patch = checked(args.patch ?? {});
    const staged = stagedOf(store, args.environmentId);
    if (staged && store.settings.stagedByOthers === "refused") throw refusal("There are staged changes in this environment");
    if (staged && store.settings.stagedByOthers === "mixed") {
      patch = mergeConfig(staged.patch, patch);
      store.tables.environmentPatches.delete(staged.id);
    }
    const row: PatchRow = { ...emptyPatch(store, args.environmentId), patch };
    return commit(store, row, args.commitMessage ?? null, false);
  },
  environmentPatchCommitStaged(
    args: { environmentId: string; commitMessage?: string | null; skipDeploys?: boolean | null },
    ask: Ask,
  ) {
    environmentFor({ ...ask, writes: true }, args.environmentId);
    const staged = stagedOf(ask.store, args.environmentId);
    if (!staged) throw refusal("No staged changes to commit");
    return commit(ask.store, staged, args.commitMessage ?? null, args.skipDeploys === true);
  },
} satisfies Record<string, Field>;

/** Puts changes into the environment's staged patch: on top of what is there, or instead of it. */
export function stage(store: Store, environmentId: string, input: Json, merge: boolean): PatchRow {
  const row = stagedOf(store, environmentId) ?? emptyPatch(store, environmentId);
  row.patch = merge ? mergeConfig(row.patch, input) : input;
  row.updatedAt = store.iso();
  store.tables.environmentPatches.set(row.id, row);
  return row;
}

/** The planned end of a commit. */
export function patchApplied(store: Store, patchId: string): void {
  const row = store.tables.environmentPatches.get(patchId);
  const environment = row && store.tables.environments.get(row.environmentId);
  if (!row || !environment || environment.deletedAt !== null) return;
  const problem = problemWith(store, environment, row.patch);
  row.updatedAt = store.iso();
  if (problem !== undefined) {
    // The published schema has no FAILED: there, what could not be applied is staged again.
    row.status = store.settings.failedPatch === "failed" ? "FAILED" : "STAGED";
    row.lastAppliedError = problem;
    return;
  }
  applyPatch(store, environment, row.patch, !row.skipDeploys);
  row.status = "COMMITTED";
  row.appliedAt = store.iso();
}

/** How many single values a person would see as changed in the dashboard. */
export function unmergedChanges(store: Store, environmentId: string): number {
  const count = (value: unknown): number =>
    isObject(value) ? Object.values(value).reduce<number>((sum, part) => sum + count(part), 0) : 1;
  const staged = stagedOf(store, environmentId);
  return staged ? count(staged.patch) : 0;
}

function commit(store: Store, row: PatchRow, message: string | null, skipDeploys: boolean): string {
  Object.assign(row, { status: "APPLYING", message, skipDeploys, lastAppliedError: null, updatedAt: store.iso() });
  store.tables.environmentPatches.set(row.id, row);
  store.plan(store.between(store.settings.patchMs), { kind: "patchApplied", patchId: row.id });
  return `environmentPatchCommit/${row.environmentId}/${row.id}`;
}

function patchesOf(store: Store, environmentId: string): PatchRow[] {
  return [...store.tables.environmentPatches.values()].filter((row) => row.environmentId === environmentId);
}

function stagedOf(store: Store, environmentId: string): PatchRow | undefined {
  return patchesOf(store, environmentId).findLast((row) => row.status === "STAGED");
}

/** Its id follows from the environment and how many there were, so that reading twice shows the same empty patch. */
function emptyPatch(store: Store, environmentId: string): PatchRow {
  const hex = createHash("sha256")
    .update(`${environmentId}:${patchesOf(store, environmentId).length}`)
    .digest("hex");
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const now = store.iso();
  return {
    id: store.tables.environmentPatches.has(id) ? store.uuid() : id,
    environmentId,
    status: "STAGED",
    patch: {},
    message: null,
    lastAppliedError: null,
    skipDeploys: false,
    appliedAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

function patchView(ask: Ask, row: PatchRow) {
  return {
    ...row,
    environment: () => environmentView(ask, environmentFor({ ...ask, writes: true }, row.environmentId)),
    patch: ({ decryptVariables }: { decryptVariables?: boolean | null }) => maskVariables(row.patch, decryptVariables === true),
  };
}

function checked(input: unknown): Json {
  if (!isObject(input)) throw badInput("Invalid environment config");
  const known = ["services", "volumes", "sharedVariables", "buckets", "groups", "privateNetworkDisabled"];
  for (const [key, value] of Object.entries(input)) {
    if (!known.includes(key)) throw badInput(`Invalid environment config: unknown key "${key}"`);
    if (key !== "privateNetworkDisabled" && value !== null && !isObject(value))
      throw badInput(`Invalid environment config: "${key}" is not an object`);
  }
  return structuredClone(input);
}
