/** What a stack has come to: what lives at the vendors, and whether the engine's state agrees with it. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { vendors } from "./crash-points.ts";
import { type Living, livingOf } from "./crash-world.ts";
import type { EditedStack } from "./edits-stack.ts";

/** Throws unless nothing is pending, the state holds what lives at the vendors and nothing else, and nothing is left to do, also after looking at every vendor. */
export async function settled(stack: EditedStack): Promise<void> {
  const { pending, held } = readState(stack.deployment());
  deepStrictEqual(pending, []);
  const living = await livingAt(stack);
  const lost = living.filter(({ id }) => !held.has(id)).map(({ text }) => text);
  deepStrictEqual(lost, [], "these live at a vendor and the state knows nothing of them");
  deepStrictEqual(staleOf(living), [], "these run, and are not as they are set");
  strictEqual(held.size, new Set(living.map(({ id }) => id)).size, `the state holds what does not live: ${[...held].join(", ")}`);
  await stack.pulumi("preview", "--refresh", "--expect-no-changes", "--stack", "sandbox");
}

/** Everything that lives at the vendors. */
export async function livingAt(stack: EditedStack): Promise<Living[]> {
  const states = await Promise.all(vendors.map(async (vendor) => [vendor, await stack.stateOf(vendor)] as const));
  return livingOf(Object.fromEntries(states));
}

/** The same for two lives that have come to the same. */
export function textsOf(living: readonly Living[]): string[] {
  return living.map(({ text }) => text);
}

/** What lies on each volume, by its id. */
export function volumesOf(living: readonly Living[]): Map<string, z.infer<typeof Volume>> {
  return new Map(living.filter(({ kind }) => kind === "volume").map(({ id, text }) => [id, Volume.parse(JSON.parse(text))]));
}

/** Services of which something else runs than what is set. */
function staleOf(living: readonly Living[]): string[] {
  return living.flatMap(({ kind, text }) =>
    kind === "service" && Service.parse(JSON.parse(text)).running.some((stale) => stale.length > 0) ? [text] : [],
  );
}

const Volume = z.object({ project: z.string(), files: z.record(z.string(), z.string()) });
const Service = z.object({ running: z.array(z.array(z.string())) });
const Checkpoint = z.looseObject({
  checkpoint: z.looseObject({
    latest: z.looseObject({
      pending_operations: z.array(z.unknown()).nullish(),
      resources: z.array(z.looseObject({ type: z.string(), id: z.string().optional() })).default([]),
    }),
  }),
});

/** Types of what has an id of its own at a vendor. */
const objects =
  /^railway:index:(Project|Service|Volume|VolumeBackup)$|^openrouter:|:(ZeroTrustAccessPolicy|ZeroTrustAccessApplication|ZeroTrustAccessIdentityProvider|ZeroTrustTunnelCloudflared|DnsRecord)$/;

function readState(deployment: unknown): { readonly pending: readonly unknown[]; readonly held: ReadonlySet<string> } {
  const { latest } = Checkpoint.parse(deployment).checkpoint;
  const held = latest.resources.flatMap(({ type, id }) =>
    objects.test(type) && id !== undefined ? [id.split("/").at(-1) ?? id] : [],
  );
  return { pending: latest.pending_operations ?? [], held: new Set(held) };
}
