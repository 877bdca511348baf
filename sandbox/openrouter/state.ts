/** What the emulated OpenRouter account holds. Field names are the wire's (snake case; camel case is only the SDK's). */
import { createHash } from "node:crypto";
import { z } from "zod";

export const LimitReset = z.enum(["daily", "weekly", "monthly"]);

export const ModelKey = z.object({
  /** SHA-256 of the secret, in hexadecimal digits: the key's id. */
  hash: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"),
  name: z.string().min(1),
  /** The secret's first and last characters. */
  label: z.string(),
  disabled: z.boolean(),
  /** Dollars; null is no limit. */
  limit: z.number().min(0).nullable(),
  limit_reset: LimitReset.nullable(),
  include_byok_in_limit: z.boolean(),
  created_at: z.string(),
  updated_at: z.string().nullable(),
  expires_at: z.string().nullable(),
  creator_user_id: z.string(),
  workspace_id: z.string(),
});
export type ModelKey = z.infer<typeof ModelKey>;

/** Calls of one key to one model at one moment. */
export const Calls = z.object({
  api_key_hash: z.string(),
  model: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
  count: z.number().int().min(1),
  /** Millionths of a dollar, for all of them. */
  cost_micros: z.number().int().min(0),
});
export type Calls = z.infer<typeof Calls>;

export const OpenRouterState = z.object({
  keys: z.array(ModelKey),
  /** Keys that were deleted: what they used stays in the analytics, under their name. */
  deletedKeys: z.array(ModelKey),
  calls: z.array(Calls),
  /** Answers of analytics that are given again for a while. */
  answers: z.record(
    z.string(),
    z.object({ at: z.number(), rows: z.array(z.record(z.string(), z.unknown())), truncated: z.boolean() }),
  ),
  /** Analytics queries of the present minute. */
  queries: z.object({ since: z.number(), taken: z.number() }),
});
export type OpenRouterState = z.infer<typeof OpenRouterState>;

/** Switches: limits, and behaviours that nobody verified. */
export const OpenRouterSettings = z.strictObject({
  /** How long after it a call shows up in the analytics. */
  analyticsDelaySeconds: z.number().min(0),
  /** How long an answer is given again, with `cachedAt`; 0 is never. */
  analyticsCacheSeconds: z.number().min(0),
  analyticsQueriesPerMinute: z.number().int().min(1),
  /** Widest window for granularity minute. 3 hours by OpenRouter's own guide of 2026, its API definition says nothing; null is no limit. */
  minuteWindowHours: z.number().positive().nullable(),
  /** Credit of the account, in dollars. */
  totalCredits: z.number().min(0),
  /** What one call by `POST /chat/completions` costs. */
  callCostMicros: z.number().int().min(0),
});
export type OpenRouterSettings = z.infer<typeof OpenRouterSettings>;

export const defaultSettings: OpenRouterSettings = {
  analyticsDelaySeconds: 60,
  analyticsCacheSeconds: 0,
  analyticsQueriesPerMinute: 64,
  minuteWindowHours: 3,
  totalCredits: 10_000,
  callCostMicros: 2_000,
};

export const workspaceId = "0df9e665-d932-5740-b2c7-b52af166bc11";
export const creatorId = "user_sandbox0000000000000000000";

export interface Core {
  state: OpenRouterState;
  settings: OpenRouterSettings;
  readonly now: () => number;
  readonly random: () => number;
}

export function emptyState(): OpenRouterState {
  return { keys: [], deletedKeys: [], calls: [], answers: {}, queries: { since: 0, taken: 0 } };
}

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** `sk-or-v1-0e6…1c96` */
export function labelOf(secret: string): string {
  return `${secret.slice(0, 12)}...${secret.slice(-4)}`;
}

/** A refusal in OpenRouter's shape: `{"error":{"code":…,"message":…}}`. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }

  toResponse(): Response {
    return Response.json({ error: { code: this.status, message: this.message } }, { status: this.status, headers: this.headers });
  }
}

export function problems(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`).join("; ");
}
