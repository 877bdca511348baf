import * as z from "zod";
import { type Operation, operation } from "./operation.ts";
import { expand } from "./params.ts";

/** Whose key it is. The finalization grace has no field here: Stripe shows it on drafts only. */
export const accountOperations: readonly Operation[] = [
  operation("GET", "/v1/account", z.strictObject({ expand }), (world) => ({
    id: world.settings.accountId,
    object: "account",
    business_profile: { name: "Sandbox", url: null },
    business_type: "company",
    capabilities: { card_payments: "active", transfers: "active" },
    charges_enabled: true,
    controller: { type: "account" },
    country: "US",
    created: 1_700_000_000,
    default_currency: "usd",
    details_submitted: true,
    email: "owner@example.com",
    payouts_enabled: true,
    settings: { dashboard: { display_name: "Sandbox", timezone: "Etc/UTC" } },
    type: "standard",
  })),
];
