/** What `fleet sandbox …` prints with --json: what the sandbox answers over its own ports is checked with these too. */
import { z } from "zod";

const count = z.int().min(0);
const urls = z.strictObject({
  railway: z.url(),
  cloudflare: z.url(),
  stripe: z.url(),
  openrouter: z.url(),
  edge: z.url(),
  clock: z.url(),
});

/** `start`; the keys in `env` open nothing but this sandbox. */
export const SandboxStarted = z.strictObject({ pid: count, urls, env: z.record(z.string(), z.string()) });

/** `stop`: whether one ran. */
export const SandboxStopped = z.strictObject({ stopped: z.boolean() });

/** `status` */
export const SandboxStatus = z.union([
  z.strictObject({ running: z.literal(false) }),
  z.strictObject({
    running: z.literal(true),
    pid: count,
    now: z.iso.datetime(),
    urls,
    /** By vendor and kind of object. */
    holds: z.record(z.string(), z.record(z.string(), count)),
  }),
]);
export type SandboxStatus = z.infer<typeof SandboxStatus>;

/** `use` */
export const SandboxUsed = z.object({
  hostname: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  visits: count,
  /** Visits by what became of them, of those whose time has come. */
  outcomes: z.record(z.string(), count),
  /** For the clock. */
  waiting: count,
});

/** `clock` */
export const SandboxTime = z.object({ now: z.iso.datetime(), epochMs: z.int() });

/** `fault`: those that wait for their call. */
export const SandboxFaults = z.strictObject({
  vendor: z.string(),
  faults: z.array(
    z.object({
      operation: z.string(),
      nth: count.optional(),
      probability: z.number().optional(),
      effect: z.string(),
      seen: count,
    }),
  ),
});

/** `reset` */
export const SandboxReset = z.strictObject({ reset: z.literal(true) });
