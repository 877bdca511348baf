/** Stack outputs, version 1: written by infra, read by billing and everything else (DESIGN 3.2). Holds no secret and no personal data. */
import { z } from "zod";
import { tenantSlugPattern, tenantUidPattern } from "../domain/ids.ts";

export const schemaVersion = 1;

/** What a stack says of one tenant. */
export const TenantOutput = z.strictObject({
  slug: z.string().regex(tenantSlugPattern),
  name: z.string(),
  state: z.enum(["active", "suspended", "retained", "offboarding"]),
  plan: z.string(),
  url: z.url(),
  customer: z.string().nullable(),
  exempt: z.string().nullable(),
  adopt: z.strictObject({ step: z.enum(["imported", "parallel"]), until: z.string() }).nullable(),
  railway: z.strictObject({
    projectId: z.string(),
    environmentId: z.string(),
    appServiceId: z.string(),
    tunnelServiceId: z.string().nullable(),
    volumeId: z.string(),
  }),
  cloudflare: z.strictObject({
    accountId: z.string(),
    accessApplicationId: z.string().nullable(),
    audience: z.string().nullable(),
    tunnelId: z.string().nullable(),
  }),
  openrouter: z.strictObject({ keyHash: z.string() }),
});
export type TenantOutput = z.infer<typeof TenantOutput>;

export const FleetOutput = z.strictObject({
  schemaVersion: z.literal(schemaVersion),
  stack: z.string(),
  zone: z.string(),
  tenants: z.record(z.string().regex(tenantUidPattern), TenantOutput),
});
export type FleetOutput = z.infer<typeof FleetOutput>;
