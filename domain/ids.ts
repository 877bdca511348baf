/** Branded identifiers: made in one place, so that two strings cannot be exchanged. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `tn_` and ten characters of a-z0-9: made once, never changes; logical names, metering and ledger hang on it. */
export type TenantUid = Branded<"TenantUid">;
/** File name = slug = hostname label. */
export type TenantSlug = Branded<"TenantSlug">;
export type StackName = Branded<"StackName">;
export type RailwayProjectId = Branded<"RailwayProjectId">;
export type RailwayEnvironmentId = Branded<"RailwayEnvironmentId">;
export type RailwayServiceId = Branded<"RailwayServiceId">;
export type RailwayVolumeId = Branded<"RailwayVolumeId">;
export type StripeCustomerId = Branded<"StripeCustomerId">;

export const tenantUidPattern = /^tn_[a-z0-9]{10}$/;
/** A hostname label that starts with a letter: 2 to 40 characters of a-z, 0-9 and inner hyphens. */
export const tenantSlugPattern = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])$/;
export const stripeCustomerPattern = /^cus_[A-Za-z0-9]{1,64}$/;

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

/** A new uid from 16 or more random bytes that the caller supplies (36 does not divide 256: bytes above 251 are skipped). */
export function makeTenantUid(randomBytes: (count: number) => Uint8Array): TenantUid {
  let text = "";
  while (text.length < 10) {
    for (const byte of randomBytes(16)) if (byte < 252 && text.length < 10) text += alphabet[byte % 36];
  }
  return `tn_${text}` as TenantUid;
}
