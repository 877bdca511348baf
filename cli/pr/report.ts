/** The pull request's report as data: `fleet pr report --json` prints it, the comment is made from it. Holds no secret and no address in the clear. */
import { z } from "zod";

const Cents = z.strictObject({ before: z.int(), after: z.int() });

/** One thing that an entry says otherwise than before, in words. */
export const Change = z.strictObject({
  /** As in the file: `access.sessionDuration`. */
  field: z.string(),
  text: z.string(),
});
export type Change = z.infer<typeof Change>;

/** Who may log in. Addresses masked; those that nobody here can open are only counted, and so are those of a tenant whose file is as before. */
export const People = z.strictObject({
  /** All members after the change; `sealed` of them were not opened. */
  total: z.int(),
  sealed: z.int(),
  admitted: z.array(z.string()),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  addedSealed: z.int(),
  removedSealed: z.int(),
});
export type People = z.infer<typeof People>;

/** A resource that the engine's preview would touch. */
export const ResourceChange = z.strictObject({
  op: z.enum(["create", "update", "replace", "delete", "other"]),
  /** What it is, in words: `volume (DATA)`. */
  what: z.string(),
  /** It holds what cannot be made again. */
  holdsData: z.boolean(),
  /** Names of the properties that differ; never their values. */
  properties: z.array(z.string()),
});
export type ResourceChange = z.infer<typeof ResourceChange>;

export const TenantReport = z.strictObject({
  uid: z.string(),
  slug: z.string(),
  name: z.string(),
  file: z.string(),
  /** `resources`: the file is as before, but the preview changes something. */
  change: z.enum(["created", "changed", "removed", "resources"]),
  changes: z.array(Change),
  people: People,
  /** Null without a preview. */
  resources: z.array(ResourceChange).nullable(),
  /** A month's flat fee, and what a month is expected to cost us without seats and model use. */
  flatCents: Cents,
  /** The flat fee and the assumed hours. */
  revenueCents: Cents,
  costCents: Cents,
});
export type TenantReport = z.infer<typeof TenantReport>;

export const Finding = z.strictObject({
  guard: z.string(),
  verdict: z.enum(["refused", "warning"]),
  /** Slug; null for the whole stack. */
  tenant: z.string().nullable(),
  message: z.string(),
});
export type Finding = z.infer<typeof Finding>;

export const StackReport = z.strictObject({
  stack: z.string(),
  /** `preview`: what the engine says is in it; `files`: only what the files say, and `why`. */
  source: z.enum(["preview", "files"]),
  why: z.string().nullable(),
  tenantsBefore: z.int(),
  tenantsAfter: z.int(),
  tenants: z.array(TenantReport),
  /** Of the settings, the plans and what the tenants of an account share. */
  shared: z.array(Change),
  sharedResources: z.array(ResourceChange).nullable(),
  guards: z.array(Finding),
  /** Null where no preview ran the policies. */
  policies: z.array(Finding).nullable(),
  /** What the engine's preview complained about. */
  errors: z.array(z.string()),
  flatCents: Cents,
  revenueCents: Cents,
  costCents: Cents,
  /** Log-in seats of named people, and what those beyond the free ones cost. */
  seats: z.strictObject({ before: z.int(), after: z.int(), free: z.int(), costCents: Cents }),
});
export type StackReport = z.infer<typeof StackReport>;

export const Problem = z.strictObject({
  file: z.string().nullable(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  message: z.string(),
});

export const PrReport = z.strictObject({
  schemaVersion: z.literal(1),
  /** The whole verdict: 0, 3, 5, 1 and 2 as exit codes. */
  outcome: z.enum(["unchanged", "changes", "refused", "failed", "invalid"]),
  /** `common`: whether the commit is the one at which the branch left the ref; else (a shallow clone) it is the ref's own. */
  base: z.strictObject({ ref: z.string(), commit: z.string(), common: z.boolean() }),
  /** Of revenue and costs: hours with activity a tenant and month, and the price list. */
  assumptions: z.strictObject({ activeHours: z.number(), prices: z.string() }),
  /** What is wrong with the input; nothing is compared in a stack with problems. */
  problems: z.array(Problem),
  stacks: z.array(StackReport),
});
export type PrReport = z.infer<typeof PrReport>;
