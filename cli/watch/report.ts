/** What `fleet watch --json`, `fleet watch railway --json` and `fleet watch drift --json` print (test/commands.test.ts holds docs/commands.md to it). */
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

/** `fleet watch drift` */
export const DriftReport = z.strictObject({
  schemaVersion: z.literal(1),
  stack: z.string(),
  /** By the machine's clock. */
  at: z.string(),
  /** Everything was looked at, and nothing differs. */
  ok: z.boolean(),
  /** Of the vendors, in the stack's state. */
  objects: count,
  /** How many of them the vendors answered for. */
  looked: count,
  /** What the vendors have otherwise than the state; lost data first. */
  changes: z.array(
    z.strictObject({
      /** Null for what belongs to no tenant. */
      uid: z.string().nullable(),
      slug: z.string().nullable(),
      /** The logical name without the uid. */
      resource: z.string(),
      type: z.string(),
      /** The vendor's. */
      id: z.string(),
      what: z.enum(["changed", "deleted"]),
      /** A project or volume: what was deleted took a tenant's data along. */
      holdsData: z.boolean(),
      /** `state` and `vendor` as JSON, null where there is none; a secret is `[secret]` on both sides. */
      fields: z.array(z.strictObject({ field: z.string(), state: z.string().nullable(), vendor: z.string().nullable() })),
    }),
  ),
  /** Why not everything could be looked at. */
  problems: z.array(z.string()),
  seconds: z.number(),
});
export type DriftReport = z.infer<typeof DriftReport>;
