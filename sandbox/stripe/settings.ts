import * as z from "zod";

/** Switches for what an account sets by hand, and for what Stripe's documentation leaves open (the default is our reading, or the harder case). */
export const Settings = z.strictObject({
  // Account settings (Dashboard)
  /** Invoice finalization grace in seconds: Stripe's own default is 3600, up to 259200 (72 h), as our account is set up. */
  finalizationGraceSeconds: z.number().int().min(0).default(259_200),
  /** Smart Retries: so many retries, spread evenly over so many days after the first failure. */
  retries: z.number().int().min(0).max(50).default(8),
  retryDays: z.number().positive().default(14),
  /** What becomes of the subscription when the retries end. */
  afterRetries: z.enum(["cancel", "unpaid", "past_due"]).default("unpaid"),
  minimumChargeCents: z.number().int().default(50),
  accountId: z.string().default("acct_1SandboxFleet0001"),

  // Meters
  /** A meter event is accepted (validated) so long after its receipt. */
  acceptanceDelaySeconds: z.number().min(0).default(20),
  /** Summaries show an accepted event so long after its acceptance. */
  summaryLagSeconds: z.number().min(0).default(60),
  /** Timestamps outside 35 days / +5 minutes: refused at once, or 200 and an error report. */
  timestampCheck: z.enum(["sync", "async"]).default("sync"),
  /** Does the window of timestamps follow the frozen time of the customer's test clock? */
  eventWindowFollowsTestClock: z.boolean().default(false),
  /** Which of two events of one window wins: the last received, or the one with the later timestamp. */
  overwriteOrder: z.enum(["receipt", "timestamp"]).default("receipt"),
  /** Whose events overwrite each other in a windowed meter. */
  overwriteScope: z.enum(["customer", "meter"]).default("customer"),
  /** A cancelled event of a windowed meter: the earlier value comes back, or the window is empty. */
  cancelOnWindowedMeter: z.enum(["previous", "zero"]).default("previous"),
  emptySummaryRows: z.boolean().default(false),
  /** Errors of so many seconds go into one report. */
  validationWindowSeconds: z.number().positive().default(300),
  errorSamples: z.number().int().min(1).default(5),

  // Subscriptions and invoices
  /** A draft's metered line: as it was at creation until finalization, or counted again at each read. */
  draftUsage: z.enum(["stale", "fresh"]).default("stale"),
  /** May `automatically_finalizes_at` of a subscription's draft be moved? */
  moveFinalization: z.enum(["allowed", "refused"]).default("allowed"),
  /** The invoice of `cancel` with `invoice_now`: a draft with its grace, or finalized in the request. */
  cancelInvoice: z.enum(["draft", "finalized"]).default("draft"),
  /** Stripe collects "within an hour" of a finalization or `auto_advance: true` by hand. */
  collectionDelaySeconds: z.number().min(0).default(3600),
  /** Which time decides the price of usage after a price swap inside a period. */
  usagePricedBy: z.enum(["arrival", "timestamp"]).default("arrival"),
  /** Usage with a timestamp inside a pause: billed after the resumption, or never. */
  usageWhilePaused: z.enum(["billed", "dropped"]).default("dropped"),
  /** With which decline `pm_card_chargeCustomerFail` fails; lost_card, stolen_card, pickup_card are hard declines. */
  declineCode: z
    .enum(["generic_decline", "insufficient_funds", "lost_card", "stolen_card", "pickup_card"])
    .default("generic_decline"),
  /** Search lags behind writes. */
  searchLagSeconds: z.number().min(0).default(60),
  /** Whether the Dashboard's portal settings were saved once: without, a portal session needs a configuration. */
  portalSettingsSaved: z.boolean().default(true),
  testClockAdvanceSeconds: z.number().min(0).default(2),

  // Transport
  basicPerSecond: z.number().int().min(1).default(25),
  meterEventsPerSecond: z.number().int().min(1).default(1000),
  /** A public study saw sandboxes count meter events against the basic limit. */
  meterEventsCountAsBasic: z.boolean().default(false),
  /** Real milliseconds for which a meter event occupies its customer and meter; a second call meanwhile is refused. */
  meterLockMilliseconds: z.number().min(0).default(1),
  /** Caps every page, so that loops are exercised. */
  maxPageSize: z.number().int().min(1).max(100).default(100),
  /** The next so many calls of an operation answer 500, and their idempotency key replays it. */
  serverErrors: z.record(z.string(), z.number().int().min(0)).default({}),
  /** Every event is written twice, with two ids. */
  duplicateEvents: z.boolean().default(false),
  eventOrder: z.enum(["newest", "shuffled"]).default("newest"),
});
export type Settings = z.infer<typeof Settings>;

/** Every switch at its default. */
export const defaultSettings = (): Settings => Settings.parse({});

/** The settings with some changed; throws an Error that names every wrong one. */
export function changeSettings(settings: Settings, changes: Readonly<Record<string, unknown>>): Settings {
  const result = Settings.safeParse({ ...settings, ...changes });
  if (result.success) return result.data;
  throw new Error(
    `stripe settings: ${result.error.issues.map((issue) => `${issue.path.map(String).join(".")} ${issue.message}`).join("; ")}`,
  );
}
