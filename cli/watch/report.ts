/** What `fleet watch --json` and `fleet watch railway --json` print (test/commands.test.ts holds docs/commands.md to it). */
import { z } from "zod";
import { severities } from "../../vendors/railway/drift.ts";

const count = z.int().min(0);

/** `fleet watch` */
export const WatchReport = z.strictObject({
  schemaVersion: z.literal(1),
  stack: z.string(),
  /** By the clock that billing runs under. */
  at: z.string(),
  ok: z.boolean(),
  maxAgeHours: z.number(),
  /** The newest run that finished with all its stages; null where there is none. */
  billing: z.strictObject({ run: z.string(), endedAt: z.string(), ageHours: z.number(), problems: count }).nullable(),
  /** Hours whose newest post Stripe refused, or has not shown in a summary for a day. */
  unconfirmedPosts: count,
  /** The last `up`; null where there was none, or it is not known. */
  deploy: z.strictObject({ result: z.string(), startedAt: z.string() }).nullable(),
  problems: z.array(z.string()),
});
export type WatchReport = z.infer<typeof WatchReport>;

/** `fleet watch railway` */
export const SchemaReport = z.strictObject({
  schemaVersion: z.literal(1),
  /** Whose schema was asked for. */
  address: z.url(),
  /** No change, or only harmless ones. */
  ok: z.boolean(),
  /** How many operations of ours were compared. */
  operations: count,
  /** Worst first; `operations` touch what changed. */
  changes: z.array(z.strictObject({ severity: z.enum(severities), what: z.string(), operations: z.array(z.string()) })),
  /** Whether this schema is the one to compare with from now on. */
  pinned: z.boolean(),
});
export type SchemaReport = z.infer<typeof SchemaReport>;
