/** Meter posts in the ledger: intent, then accepted or rejected, then confirmed by a summary. */
import { type HourZ, hourOf } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import type { LastPost, Post } from "../meter/diff.ts";
import type { Write } from "./lease.ts";
import type { Ledger } from "./open.ts";

export interface StoredPost extends LastPost {
  readonly hour: HourZ;
  readonly requestId: string | null;
  readonly refusal: string | null;
  readonly confirmedAt: number | undefined;
}

/** `bh:<uid>:<hour>:<value>:<run>`: a repeat within a day is refused as delivered, and no two different posts ever share one. */
export function identifierOf(uid: TenantUid, post: Post, run: string): string {
  return post.resend ?? `bh:${uid}:${post.hour}:${post.value}:${run}`;
}

/** Every post of the hours that begin in `[from, to)`, oldest first. */
export async function loadPosts(ledger: Pick<Ledger, "db">, uid: TenantUid, from: number, to: number): Promise<StoredPost[]> {
  const rows = await ledger.db
    .selectFrom("posts")
    .selectAll()
    .where("uid", "=", uid)
    .where("hour", ">=", hourOf(from))
    .where("hour", "<", hourOf(to))
    .orderBy("intended_at")
    .orderBy("identifier")
    .execute();
  return rows.map((row) => ({
    identifier: row.identifier,
    hour: row.hour,
    value: row.value,
    state: row.state,
    intendedAt: row.intended_at.getTime(),
    eventAt: row.event_at.getTime(),
    requestId: row.request_id,
    refusal: row.refusal,
    confirmedAt: row.confirmed_at?.getTime(),
  }));
}

/** The newest post of each hour. */
export function newestPosts(posts: readonly StoredPost[]): Map<HourZ, StoredPost> {
  return new Map(posts.map((post) => [post.hour, post]));
}

/** Commits what is about to be sent. A post that is sent again is there already. */
export async function intend(
  tx: Write,
  uid: TenantUid,
  customer: string,
  posts: readonly Post[],
  by: { readonly run: string; readonly now: number },
): Promise<void> {
  const rows = posts
    .filter((post) => post.resend === undefined)
    .map((post) => ({
      identifier: identifierOf(uid, post, by.run),
      uid,
      hour: post.hour,
      value: post.value,
      customer,
      event_at: new Date(post.eventAt),
      run: by.run,
      state: "intent" as const,
      intended_at: new Date(by.now),
    }));
  for (let start = 0; start < rows.length; start += 1000)
    await tx
      .insertInto("posts")
      .values(rows.slice(start, start + 1000))
      .execute();
}

/** Stripe took the event (which does not mean that it counts it: only a summary says so). */
export async function markAccepted(tx: Write, identifier: string, requestId: string | undefined, now: number): Promise<void> {
  await tx
    .updateTable("posts")
    .set({ state: "accepted", request_id: requestId ?? null, accepted_at: new Date(now) })
    .where("identifier", "=", identifier)
    .execute();
}

export async function markRejected(tx: Write, identifier: string, refusal: string): Promise<void> {
  await tx.updateTable("posts").set({ state: "rejected", refusal }).where("identifier", "=", identifier).execute();
}

/** A summary shows the post's value for its hour. */
export async function markConfirmed(tx: Write, identifiers: readonly string[], now: number): Promise<void> {
  if (identifiers.length === 0) return;
  await tx
    .updateTable("posts")
    .set({ state: "confirmed", confirmed_at: new Date(now) })
    .where("identifier", "in", [...identifiers])
    .execute();
}
