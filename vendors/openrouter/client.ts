/** OpenRouter's management API (reference/foundations.md, OpenRouter): one key a tenant, and who used what in which minute. */
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError, registerSecret, VendorError } from "../../domain/error.ts";
import { type HttpRequest, request } from "../http/request.ts";
import { type Analytics, type AnalyticsQuery, readAnalytics } from "./analytics.ts";

/** A key as lists show it: never the key itself. */
const Key = z.object({
  hash: z.string().min(1),
  name: z.string(),
  disabled: z.boolean(),
  limit: z.number().nullable(),
  limit_reset: z.enum(["daily", "weekly", "monthly"]).nullable().optional(),
});
const OneKey = z.object({ data: Key });
const ManyKeys = z.object({ data: z.array(Key) });
const NewKey = z.object({ data: Key, key: z.string().min(16) });

export type LimitReset = "daily" | "weekly" | "monthly";

export interface ModelKey {
  /** The key's id at OpenRouter; no secret. */
  readonly hash: string;
  /** Need not be unique at OpenRouter, and analytics name a key by it: ours carry the marker. */
  readonly name: string;
  readonly disabled: boolean;
  readonly limitDollars: number | null;
  readonly limitReset: LimitReset | null;
}

export interface WantedKey {
  readonly name: string;
  readonly limitDollars: number;
  readonly limitReset: LimitReset;
  readonly disabled: boolean;
}

export interface OpenRouter {
  /** Every key with exactly this name, disabled ones too: a list without `include_disabled` leaves them out. */
  keysNamed(name: string, call?: Call): Promise<readonly ModelKey[]>;
  /** The key is shown this once. There is no idempotency: after an ambiguous failure look for the name. */
  createKey(wanted: WantedKey, call?: Call): Promise<{ readonly key: string; readonly made: ModelKey }>;
  /** undefined when a successful query found nothing. */
  readKey(hash: string, call?: Call): Promise<ModelKey | undefined>;
  updateKey(hash: string, wanted: WantedKey, call?: Call): Promise<ModelKey>;
  /** "Not found" is success. */
  deleteKey(hash: string, call?: Call): Promise<void>;
  /** Requests and cost by key and minute (or hour) in `[fromMs, toMs)`, for the whole account. */
  analytics(query: AnalyticsQuery, call?: Call): Promise<Analytics>;
}

/** A way to stop, and a line for each wait. */
export interface Call {
  readonly signal?: AbortSignal;
  readonly log?: (message: string) => void;
}

export interface OpenRouterOptions {
  /** With or without `/api/v1`; default is OpenRouter's own. */
  readonly baseUrl?: string;
  /** A management key: it cannot call models. */
  readonly managementKey: string;
  readonly clock: Clock;
}

const Refusal = z.object({ error: z.object({ message: z.string() }) });

const deadlineMs = 30_000;
const pageSize = 100;

export function openRouter(options: OpenRouterOptions): OpenRouter {
  registerSecret(options.managementKey);
  const given = (options.baseUrl ?? "https://openrouter.ai").replace(/\/+$/, "");
  const base = given.endsWith("/api/v1") ? given : `${given}/api/v1`;

  const send = async <Answer>(
    schema: z.ZodType<Answer>,
    ask: { method: string; path: string; operation: string; body?: unknown; retry: HttpRequest["retry"] },
    call: Call = {},
  ): Promise<Answer | undefined> => {
    const { method, path, operation, body, retry } = ask;
    const answer = await request({
      clock: options.clock,
      vendor: "openrouter",
      operation: `${method} ${operation}`,
      url: base + path,
      method,
      headers: { authorization: `Bearer ${options.managementKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      deadlineMs,
      retry,
      ...call,
    });
    // A 404 in other words comes from something between us, or from a wrong address, and says nothing of the key.
    if (answer.status === 404 && Refusal.safeParse(json(answer.text)).success) return undefined;
    const parsed = answer.status < 300 ? schema.safeParse(json(answer.text)) : undefined;
    if (parsed?.success) return parsed.data;
    throw new VendorError({
      vendor: "openrouter",
      operation: `${method} ${operation}`,
      status: answer.status,
      vendorMessage: parsed ? `an answer in an unknown shape: ${z.prettifyError(parsed.error)}` : reason(answer.text),
      retryable: false,
    });
  };
  const found = <Answer>(answer: Answer | undefined, operation: string): Answer => {
    if (answer !== undefined) return answer;
    throw new VendorError({ vendor: "openrouter", operation, status: 404, vendorMessage: "not found", retryable: false });
  };

  return {
    async keysNamed(name, call) {
      const keys: ModelKey[] = [];
      for (let offset = 0; ; offset += pageSize) {
        const page = await send(
          ManyKeys,
          { method: "GET", path: `/keys?offset=${offset}&include_disabled=true`, operation: "/keys", retry: "read" },
          call,
        );
        const { data } = found(page, "GET /keys");
        keys.push(...data.filter((key) => key.name === name).map(shown));
        if (data.length < pageSize) return keys;
      }
    },
    async createKey(wanted, call) {
      const body = { name: wanted.name, limit: wanted.limitDollars, limit_reset: wanted.limitReset };
      const answer = await send(NewKey, { method: "POST", path: "/keys", operation: "/keys", body, retry: "write" }, call);
      const made = found(answer, "POST /keys");
      registerSecret(made.key);
      return { key: made.key, made: shown(made.data) };
    },
    async readKey(hash, call) {
      const answer = await send(
        OneKey,
        { method: "GET", path: `/keys/${encodeURIComponent(hash)}`, operation: "/keys/:id", retry: "read" },
        call,
      );
      return answer && shown(answer.data);
    },
    async updateKey(hash, wanted, call) {
      const body = { name: wanted.name, limit: wanted.limitDollars, limit_reset: wanted.limitReset, disabled: wanted.disabled };
      const path = `/keys/${encodeURIComponent(hash)}`;
      const answer = await send(OneKey, { method: "PATCH", path, operation: "/keys/:id", body, retry: "idempotent" }, call);
      return shown(found(answer, "PATCH /keys/:id").data);
    },
    async deleteKey(hash, call) {
      const path = `/keys/${encodeURIComponent(hash)}`;
      await send(z.unknown(), { method: "DELETE", path, operation: "/keys/:id", retry: "idempotent" }, call);
    },
    analytics: (query, call) =>
      readAnalytics(query, async (body, schema) => {
        const ask = { method: "POST", path: "/analytics/query", operation: "/analytics/query", body, retry: "read" } as const;
        return found(await send(schema, ask, call), "POST /analytics/query");
      }),
  };
}

/** From OPENROUTER_MANAGEMENT_KEY and OPENROUTER_BASE_URL; throws OperatorError when the key is missing. */
export function openRouterFromEnvironment(env: Readonly<Record<string, string | undefined>>, clock: Clock): OpenRouter {
  const managementKey = env.OPENROUTER_MANAGEMENT_KEY;
  if (!managementKey)
    throw new OperatorError(
      'OPENROUTER_MANAGEMENT_KEY is not set: a management key of https://openrouter.ai/settings/management-keys, or: eval "$(./fleet env sandbox)"',
    );
  return openRouter({ managementKey, clock, ...(env.OPENROUTER_BASE_URL ? { baseUrl: env.OPENROUTER_BASE_URL } : {}) });
}

function shown(key: z.infer<typeof Key>): ModelKey {
  const { hash, name, disabled, limit, limit_reset } = key;
  return { hash, name, disabled, limitDollars: limit, limitReset: limit_reset ?? null };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** OpenRouter's words. */
function reason(text: string): string {
  const parsed = Refusal.safeParse(json(text));
  return parsed.success ? parsed.data.error.message : text.slice(0, 300) || "no words";
}
