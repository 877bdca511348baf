/** Switches for what Railway documents in ranges or not at all; `POST /_sandbox/settings`, answered back by `settings()`. */
import { z } from "zod";

const range = z.strictObject({ min: z.number().nonnegative(), max: z.number().nonnegative() });
const milliseconds = z.number().nonnegative();

export const Settings = z.strictObject({
  /** Reads (and the first writes to a new instance) do not know a new object for this long. */
  readLagMs: milliseconds,
  /** A volume's instance appears this long after `volumeCreate`; with the tail's probability after the tail's time instead. */
  volumeLagMs: range,
  volumeLagTailMs: range,
  volumeLagTailProbability: z.number().min(0).max(1),
  projectCooldownMs: milliseconds,
  environmentCooldownMs: milliseconds,
  volumeCooldownMs: milliseconds,
  /** A domain's or proxy's deletion holds off another one in the same service for this long. */
  domainDeleteMs: milliseconds,
  /** From the request to SUCCESS. */
  deploymentMs: range,
  patchMs: range,
  workflowMs: range,
  /** From the first request to a sleeping service to its first byte. */
  coldStartMs: milliseconds,
  /** What a private request meets while the service wakes: it waits, or the connection is refused. */
  whileWaking: z.enum(["held", "refused"]),
  sleepShows: z.enum(["gap", "zeros"]),
  /** A series without samples is left out, or comes with empty `values`. */
  emptySeries: z.enum(["absent", "empty"]),
  /** Samples younger than this are not there yet. */
  sampleDelayMs: milliseconds,
  /** Older samples come in buckets of an hour. */
  fineRatesKeptDays: z.number().nonnegative(),
  serviceDeleteKeepsVolume: z.boolean(),
  /** `volumeCreate` with `environmentId` left out. */
  volumeCreateWithoutEnvironment: z.enum(["all", "none"]),
  environmentCreateByWorkspaceToken: z.boolean(),
  /** Growing a volume redeploys the service it is mounted in. */
  growingDeploys: z.boolean(),
  /** What `environmentPatchCommit` does with changes that a person has staged. */
  stagedByOthers: z.enum(["mixed", "refused", "apart"]),
  /** Requests a minute to URLs without a query string before the edge answers 1015, and for how long it then does. */
  edgeRequestsPerMinute: z.number().int().nonnegative(),
  edgeWallMs: milliseconds,
  rateLimits: z.boolean(),
  /** What is said of things that are absent, deleted or out of scope: Railway uses both. */
  absentIsSaid: z.enum(["Not Authorized", "Problem processing request"]),
  /** A patch that cannot be applied is staged again (the published schema), or FAILED (a value that came later). */
  failedPatch: z.enum(["staged", "failed"]),
  defaultPageSize: z.number().int().positive(),
  /** Mutations that answer `false` and do nothing; each entry is used up by one call. */
  falseInsteadOfTrue: z.array(z.string()),
  /** So many of the next deployments stay in INITIALIZING until somebody deploys again. */
  stuckInInitializing: z.number().int().nonnegative(),
  /** So many of the next deployments are not reached over the private network, though their name resolves, until somebody deploys again. */
  unreachedPrivately: z.number().int().nonnegative(),
  /** What crashes is started again and again for this long before it counts as CRASHED. */
  crashLoopMs: milliseconds,
  /** Service id → how its next deployments end. */
  deploymentEnds: z.record(z.string(), z.enum(["SUCCESS", "FAILED", "CRASHED"])),
});
export type Settings = z.infer<typeof Settings>;

/** One-off acts of the platform or of a person, done at once by `configure`. */
export const Acts = z.strictObject({
  spontaneousRedeploy: z.string().optional(),
  stagedByPerson: z.strictObject({ environmentId: z.string(), patch: z.record(z.string(), z.unknown()) }).optional(),
  domainByPerson: z
    .strictObject({
      serviceId: z.string(),
      environmentId: z.string(),
      kind: z.enum(["service", "custom", "tcp"]).default("service"),
      domain: z.string().optional(),
    })
    .optional(),
});
export type Acts = z.infer<typeof Acts>;

export const defaultSettings: Settings = {
  readLagMs: 1_500,
  volumeLagMs: { min: 3_000, max: 8_000 },
  volumeLagTailMs: { min: 28_000, max: 90_000 },
  volumeLagTailProbability: 0,
  projectCooldownMs: 30_000,
  environmentCooldownMs: 30_000,
  volumeCooldownMs: 5_000,
  domainDeleteMs: 1_000,
  deploymentMs: { min: 20_000, max: 40_000 },
  patchMs: { min: 1_500, max: 4_000 },
  workflowMs: { min: 4_000, max: 12_000 },
  coldStartMs: 4_000,
  whileWaking: "held",
  sleepShows: "gap",
  emptySeries: "absent",
  sampleDelayMs: 90_000,
  fineRatesKeptDays: 30,
  serviceDeleteKeepsVolume: true,
  volumeCreateWithoutEnvironment: "none",
  environmentCreateByWorkspaceToken: true,
  growingDeploys: true,
  stagedByOthers: "mixed",
  edgeRequestsPerMinute: 60,
  edgeWallMs: 3_600_000,
  rateLimits: true,
  absentIsSaid: "Not Authorized",
  failedPatch: "staged",
  defaultPageSize: 20,
  falseInsteadOfTrue: [],
  stuckInInitializing: 0,
  unreachedPrivately: 0,
  crashLoopMs: 0,
  deploymentEnds: {},
};
