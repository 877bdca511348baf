/** Price plans: `tenants/plans/<id>.yaml`. A plan never changes once a tenant has it; a new price is a new plan, and old tenants keep theirs. */
import { z } from "zod";

const cents = z.int().min(0).max(1_000_000);

export const PlanEntry = z.strictObject({
  name: z.string().min(1).max(80),
  /** Stands in price lookup keys and the ledger: what "the price then" means. */
  priceVersion: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/),
  currency: z.literal("usd"),
  /** Per month, in advance. */
  flatAmountCents: cents,
  /** Per billable UTC clock hour, in arrears. */
  hourAmountCents: cents,
  /** The flat fee of the first, partial month. */
  firstMonth: z.enum(["prorated", "free"]),
  collection: z.enum(["charge_automatically", "send_invoice"]),
  /** Only with send_invoice. */
  daysUntilDue: z.int().min(1).max(90).optional(),
  /** Most hours of one UTC day that uptime alone may make billable; absent: no cap. */
  uptimeOnlyHoursPerDay: z.int().min(0).max(24).optional(),
  people: z.strictObject({
    /** Most members named by address. */
    max: z.int().min(1).max(500),
    /** Whether emailDomain, githubOrganization and googleGroup are allowed: their number of people is open. */
    open: z.boolean(),
  }),
  /** Credit of the tenant's own OpenRouter key. */
  modelCredit: z.strictObject({ monthlyLimitDollars: z.int().min(1).max(100_000) }),
  /** What an entry of this plan gets where it says nothing. */
  app: z.strictObject({
    memoryGB: z.number().positive(),
    vCPUs: z.number().positive(),
    volumeGB: z.int().positive(),
    sleep: z.boolean(),
  }),
  sessionDuration: z.string().regex(/^(?:30m|(?:[1-9]|1\d|2[0-4])h)$/),
});

export interface Plan extends z.infer<typeof PlanEntry> {
  /** The file's name: what an entry's `plan` says. */
  readonly id: string;
}
