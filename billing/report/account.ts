/** What `billing setup` and `billing link` print with --json. */
import { z } from "zod";

/** The meter, products and prices that the plans need. */
export const CatalogueReport = z.strictObject({
  schemaVersion: z.literal(1),
  parts: z.array(
    z.strictObject({
      kind: z.string(),
      /** Null for the meter, which all plans share. */
      plan: z.string().nullable(),
      id: z.string(),
      /** False where it was there already. */
      made: z.boolean(),
    }),
  ),
});
export type CatalogueReport = z.infer<typeof CatalogueReport>;

/** A page of Stripe's on which a tenant leaves a card. */
export const LinkReport = z.strictObject({
  schemaVersion: z.literal(1),
  uid: z.string(),
  slug: z.string(),
  customer: z.string(),
  session: z.string(),
  url: z.url(),
  expiresAt: z.iso.datetime(),
});
export type LinkReport = z.infer<typeof LinkReport>;
