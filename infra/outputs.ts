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

/** Second output, encrypted: the basic-auth back-up by uid. Billing never reads it. */
export const BasicAuthOutput = z.record(
  z.string().regex(tenantUidPattern),
  z.strictObject({ url: z.url(), user: z.string(), password: z.string() }),
);
export type BasicAuthOutput = z.infer<typeof BasicAuthOutput>;

/** Third output, of the stack that owns the Cloudflare account: identity providers' ids by log-in method. */
export const AccountOutput = z.record(z.string(), z.string());
export type AccountOutput = z.infer<typeof AccountOutput>;

/** Reads the output `fleet` as `pulumi stack output --json` gives it; throws an Error that says what to do about another version. */
export function parseFleetOutput(output: unknown): FleetOutput {
  const version = z.looseObject({ schemaVersion: z.unknown() }).safeParse(output);
  if (!version.success)
    throw new Error(
      "the stack has no output `fleet`: run up for it first (the stack may be new, or its last up failed before the end)",
    );
  if (version.data.schemaVersion !== schemaVersion)
    throw new Error(
      `the stack's outputs have schemaVersion ${JSON.stringify(version.data.schemaVersion)}, this program reads ${schemaVersion}: use the same release of fleet for up and for this command`,
    );
  return FleetOutput.parse(output);
}
