/** The emulated OpenRouter account: keys, analytics, credit, and calls to models that nobody answers but that count. */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Emulator, EmulatorContext } from "../emulator.ts";
import { analyticsRoutes } from "./analytics.ts";
import { keyRoutes, readBody, shown } from "./keys.ts";
import {
  Calls,
  type Core,
  creatorId,
  defaultSettings,
  emptyState,
  hashOf,
  labelOf,
  ModelKey,
  OpenRouterSettings,
  OpenRouterState,
  problems,
  Refusal,
  workspaceId,
} from "./state.ts";
import { type Standing, standing } from "./usage.ts";

/** The management key that is let in unless the options name another. It cannot call models. */
export const defaultManagementKey = "sk-or-v1-sandbox-management-key";

export interface OpenRouterOptions {
  readonly managementKey?: string;
  readonly settings?: Partial<OpenRouterSettings>;
}

export type CallsRecorded = "recorded" | "unknown key" | Exclude<Standing, "good">;

export interface OpenRouterWorld {
  /** Calls of a key, by its hash or its secret, at a moment that may lie in the past. `costMicros`: millionths of a dollar for all of them. Refused calls are not recorded. */
  recordCalls(keyHashOrSecret: string, atMs: number, count: number, costMicros: bigint | number, model?: string): CallsRecorded;
  /** The key that this secret is. */
  findKey(secret: string): ModelKey | undefined;
}

const prefix = "/api/v1";
const defaultModel = "sandbox/model-1";
const Snapshot = z.object({ state: OpenRouterState, settings: OpenRouterSettings });

export function createOpenRouter(context: EmulatorContext, options: OpenRouterOptions = {}): Emulator & OpenRouterWorld {
  const core: Core = {
    state: emptyState(),
    settings: { ...defaultSettings, ...options.settings },
    now: () => context.clock.now(),
    random: context.random,
  };
  const recordCalls: OpenRouterWorld["recordCalls"] = (given, atMs, count, costMicros, model = defaultModel) => {
    const hash = given.startsWith("sk-") ? hashOf(given) : given;
    const key = core.state.keys.find((candidate) => candidate.hash === hash);
    if (!key) return "unknown key";
    const state = standing(core, key, atMs);
    if (state !== "good") return state;
    core.state.calls.push(Calls.parse({ api_key_hash: hash, model, at: atMs, count, cost_micros: Number(costMicros) }));
    return "recorded";
  };
  const api = routes(core, options.managementKey ?? defaultManagementKey, recordCalls);
  return {
    vendor: "openrouter",
    operation: ({ method, path }) => `${method} ${(path.split("?")[0] ?? "").replace(/[0-9a-f]{64}/, ":id")}`,
    fetch: (request) => api.fetch(request),
    state: () => {
      const { answers: _, queries: __, ...held } = core.state;
      return structuredClone({ ...held, keys: held.keys.map((key) => shown(core, key)) });
    },
    seed: (objects) => {
      core.state = seeded(core, objects);
    },
    reset: () => {
      core.state = emptyState();
      core.settings = { ...defaultSettings, ...options.settings };
    },
    snapshot: () => structuredClone({ state: core.state, settings: core.settings }),
    restore: (raw) => {
      const held = Snapshot.parse(structuredClone(raw));
      core.state = held.state;
      core.settings = held.settings;
    },
    // Limits reset when they are looked at.
    nextDue: () => undefined,
    runDue: () => undefined,
    settings: () => ({ ...core.settings }),
    configure: (changes) => {
      const whole = OpenRouterSettings.safeParse({ ...core.settings, ...changes });
      if (!whole.success) throw new Error(`openrouter settings: ${problems(whole.error)}`);
      core.settings = whole.data;
    },
    recordCalls,
    findKey: (secret) => {
      const key = core.state.keys.find((candidate) => candidate.hash === hashOf(secret));
      return key && structuredClone(key);
    },
  };
}

function routes(core: Core, managementKey: string, recordCalls: OpenRouterWorld["recordCalls"]): Hono {
  const api = new Hono().basePath(prefix);
  api.onError((error) => {
    if (error instanceof Refusal) return error.toResponse();
    throw error;
  });
  api.notFound(() => new Refusal(404, "Not Found").toResponse());
  const bearer = (context: Context) => {
    const secret = /^Bearer (\S+)$/.exec(context.req.header("authorization") ?? "")?.[1];
    if (secret === undefined) throw new Refusal(401, "Missing Authentication header");
    const key = core.state.keys.find((candidate) => candidate.hash === hashOf(secret));
    if (secret !== managementKey && !key) throw new Refusal(401, "User not found.");
    return { secret, key };
  };
  for (const path of ["/keys", "/keys/*", "/analytics/*", "/credits"])
    api.use(path, async (context, next) => {
      if (bearer(context).key) throw new Refusal(403, "Only management keys can perform this operation");
      await next();
    });
  api.route("/keys", keyRoutes(core));
  api.route("/analytics", analyticsRoutes(core));
  api.get("/credits", (context) => {
    const micros = core.state.calls.reduce((sum, calls) => sum + calls.cost_micros, 0);
    return context.json({ data: { total_credits: core.settings.totalCredits, total_usage: micros / 1e6 } });
  });
  api.get("/key", (context) => {
    const { secret, key } = bearer(context);
    const none = {
      limit: null,
      limit_remaining: null,
      limit_reset: null,
      include_byok_in_limit: false,
      usage: 0,
      usage_daily: 0,
    };
    const { hash: _, name: __, disabled: ___, ...held } = key ? shown(core, key) : { ...none, usage_weekly: 0, usage_monthly: 0 };
    return context.json({
      data: {
        label: labelOf(secret),
        creator_user_id: creatorId,
        ...held,
        is_free_tier: false,
        is_management_key: !key,
        is_provisioning_key: !key,
        rate_limit: { requests: -1, interval: "10s", note: "This field is deprecated and safe to ignore." },
      },
    });
  });
  api.post("/chat/completions", async (context) => {
    const { secret, key } = bearer(context);
    if (!key) throw new Refusal(403, "Management keys cannot call models");
    const Wanted = z.looseObject({ model: z.string().default(defaultModel), messages: z.array(z.looseObject({})).min(1) });
    const { model } = await readBody(context, Wanted);
    const outcome = recordCalls(secret, core.now(), 1, core.settings.callCostMicros, model);
    if (outcome === "over limit")
      throw new Refusal(
        403,
        `Key limit exceeded (${key.limit_reset ?? "total"} limit). Manage it using https://openrouter.ai/settings/keys`,
      );
    if (outcome !== "recorded") throw new Refusal(401, `API key is ${outcome}`);
    const usage = { prompt_tokens: 1_000, completion_tokens: 200, total_tokens: 1_200, cost: core.settings.callCostMicros / 1e6 };
    const message = { role: "assistant", content: "This is the sandbox: no model was asked." };
    return context.json({
      id: `gen-${core.state.calls.length}`,
      object: "chat.completion",
      created: Math.floor(core.now() / 1_000),
      model,
      choices: [{ index: 0, finish_reason: "stop", message }],
      usage,
    });
  });
  return api;
}

/** The state with these keys and calls in it; a key with a hash that is there takes the old one's place. A `secret` beside a key gives its hash. */
function seeded(core: Core, objects: Record<string, unknown>): OpenRouterState {
  const wrong = Object.keys(objects)
    .filter((kind) => !["keys", "deletedKeys", "calls"].includes(kind))
    .map((kind) => `${kind}: cannot be seeded; known: keys, deletedKeys, calls`);
  const Given = z.array(z.looseObject({})).default([]);
  const each = (kind: string, fill: (given: Record<string, unknown>) => unknown) => {
    const given = Given.safeParse(objects[kind]);
    return given.success ? given.data.map(fill) : objects[kind];
  };
  const read = z.object({ keys: z.array(ModelKey), deletedKeys: z.array(ModelKey), calls: z.array(Calls) }).safeParse({
    keys: each("keys", (key) => filledKey(core, key)),
    deletedKeys: each("deletedKeys", (key) => filledKey(core, key)),
    calls: each("calls", (one) => ({ model: defaultModel, count: 1, cost_micros: 0, ...one, at: epochMs(one.at) })),
  });
  if (!read.success) wrong.push(problems(read.error));
  if (wrong.length > 0 || !read.success) throw new Error(`openrouter seed: ${wrong.join("; ")}`);
  const { keys, deletedKeys, calls } = read.data;
  const taken = new Set([...keys, ...deletedKeys].map((key) => key.hash));
  const others = (held: readonly ModelKey[]) => held.filter((key) => !taken.has(key.hash));
  return {
    ...core.state,
    keys: [...others(core.state.keys), ...keys],
    deletedKeys: [...others(core.state.deletedKeys), ...deletedKeys],
    calls: [...core.state.calls, ...calls],
  };
}

function filledKey(core: Core, { secret, ...key }: Record<string, unknown>): Record<string, unknown> {
  return {
    ...(typeof secret === "string" ? { hash: hashOf(secret), label: labelOf(secret) } : { label: "sk-or-v1-...seed" }),
    disabled: false,
    limit: null,
    limit_reset: null,
    include_byok_in_limit: false,
    created_at: new Date(core.now()).toISOString(),
    updated_at: null,
    expires_at: null,
    creator_user_id: creatorId,
    workspace_id: workspaceId,
    ...key,
  };
}

/** A time as `state()` shows it, or as people write it. */
function epochMs(at: unknown): unknown {
  return typeof at === "string" ? Date.parse(at) : at;
}
