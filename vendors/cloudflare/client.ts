/** The few requests to Cloudflare that the official Pulumi plugin does not make: the log of log-ins, and ending sessions. */
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError, registerSecret, VendorError } from "../../domain/error.ts";
import { type HttpAnswer, request } from "../http/request.ts";

/** One row of the log of log-ins. The published shape lists fewer columns than the vendor sends, so all but the first ones are optional. */
const AccessRequest = z.object({
  created_at: z.string(),
  app_uid: z.string(),
  allowed: z.boolean(),
  action: z.string(),
  user_email: z.string().optional(),
  app_domain: z.string().optional(),
  ray_id: z.string().optional(),
  connection: z.string().nullish(),
});

export interface AccessRequestRow {
  readonly atMs: number;
  /** Id of the application: `app_domain` is a URL with a path and no key. */
  readonly applicationId: string;
  readonly allowed: boolean;
  /** `login`, `logout`. */
  readonly action: string;
  /** Personal data, in small letters; empty when the vendor left it out. */
  readonly email: string;
  readonly rayId: string;
  readonly identityProvider: string;
}

const Envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number().optional(), message: z.string() })).optional(),
  result: z.unknown(),
});

/** A way to stop, and a line for each wait. */
export interface Call {
  readonly signal?: AbortSignal;
  readonly log?: (message: string) => void;
}

export interface Cloudflare {
  /** All log-ins in `[sinceMs, untilMs]` that the vendor still holds (24 hours on the free plan), oldest first, page by page until one is empty
   *  (`total_count` is always 0). The caller removes what overlapping calls give twice. */
  accessRequests(
    ask: { readonly accountId: string; readonly sinceMs: number; readonly untilMs: number },
    call?: Call,
  ): Promise<readonly AccessRequestRow[]>;
  /** Ends every session of an application: its tokens are refused from now on. An application that is gone has none. */
  revokeTokens(ask: { readonly accountId: string; readonly applicationId: string }, call?: Call): Promise<void>;
}

export interface CloudflareOptions {
  /** Default is Cloudflare's own; ends with `/client/v4`. */
  readonly baseUrl?: string;
  readonly token: string;
  readonly clock: Clock;
}

const deadlineMs = 30_000;
const pageSize = 100;
/** No log is this long; a vendor that ignores `page` would be asked for ever. */
const mostPages = 10_000;

export function cloudflare(options: CloudflareOptions): Cloudflare {
  registerSecret(options.token);
  const base = (options.baseUrl ?? "https://api.cloudflare.com/client/v4").replace(/\/+$/, "");
  const send = (method: string, path: string, operation: string, retry: "read" | "idempotent", call: Call = {}) =>
    request({
      clock: options.clock,
      vendor: "cloudflare",
      operation: `${method} ${operation}`,
      url: base + path,
      method,
      headers: { authorization: `Bearer ${options.token}` },
      deadlineMs,
      retry,
      ...call,
    });

  return {
    async accessRequests({ accountId, sinceMs, untilMs }, call) {
      const operation = "/accounts/:id/access/logs/access_requests";
      const rows: AccessRequestRow[] = [];
      for (let page = 1; page <= mostPages; page++) {
        const query = new URLSearchParams({
          since: new Date(sinceMs).toISOString(),
          until: new Date(untilMs).toISOString(),
          // Oldest first: rows that arrive meanwhile come at the end and shift no page.
          direction: "asc",
          page: String(page),
          per_page: String(pageSize),
          // The older name of the same: a server that knows only this one would answer with 25.
          limit: String(pageSize),
        });
        const path = `/accounts/${accountId}/access/logs/access_requests?${query}`;
        const answer = await send("GET", path, operation, "read", call);
        const found = z
          .array(AccessRequest)
          .nullable()
          .safeParse(resultOf(answer, `GET ${operation}`));
        if (!found.success)
          throw refusal(`GET ${operation}`, answer, `an answer in an unknown shape: ${z.prettifyError(found.error)}`);
        if (!found.data?.length) return rows;
        rows.push(...found.data.map(row));
      }
      throw refusal(`GET ${operation}`, { status: 200, headers: new Headers(), text: "" }, `more than ${mostPages} pages`);
    },
    async revokeTokens({ accountId, applicationId }, call) {
      const operation = "/accounts/:id/access/apps/:id/revoke_tokens";
      const answer = await send(
        "POST",
        `/accounts/${accountId}/access/apps/${applicationId}/revoke_tokens`,
        operation,
        "idempotent",
        call,
      );
      // Only Cloudflare itself can say that the application is gone: a 404 of anything else would leave the sessions alive.
      if (answer.status !== 404 || !isEnvelope(answer.text)) resultOf(answer, `POST ${operation}`);
    },
  };
}

/** From CLOUDFLARE_API_TOKEN and CLOUDFLARE_BASE_URL; throws OperatorError when the token is missing. */
export function cloudflareFromEnvironment(env: Readonly<Record<string, string | undefined>>, clock: Clock): Cloudflare {
  const token = env.CLOUDFLARE_API_TOKEN;
  if (!token)
    throw new OperatorError(
      'CLOUDFLARE_API_TOKEN is not set: a token for Access, Tunnel, DNS and zone settings of the account (SECURITY.md), or: eval "$(./fleet env sandbox)"',
    );
  return cloudflare({ token, clock, ...(env.CLOUDFLARE_BASE_URL ? { baseUrl: env.CLOUDFLARE_BASE_URL } : {}) });
}

function row(given: z.infer<typeof AccessRequest>): AccessRequestRow {
  const atMs = Date.parse(given.created_at);
  if (Number.isNaN(atMs)) throw new Error(`Cloudflare's log of log-ins holds a time that is none: ${given.created_at}`);
  return {
    atMs,
    applicationId: given.app_uid,
    allowed: given.allowed,
    action: given.action,
    email: (given.user_email ?? "").toLowerCase(),
    rayId: given.ray_id ?? "",
    identityProvider: given.connection ?? "",
  };
}

function isEnvelope(text: string): boolean {
  try {
    return Envelope.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/** The envelope's result; throws VendorError on a refusal, which may also come with status 200. */
function resultOf(answer: HttpAnswer, operation: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.text);
  } catch {
    throw refusal(operation, answer, `no JSON: ${answer.text.slice(0, 200)}`);
  }
  const envelope = Envelope.safeParse(parsed);
  if (!envelope.success) throw refusal(operation, answer, "an answer without Cloudflare's envelope");
  const { success, errors, result } = envelope.data;
  if (answer.status >= 300 || !success) {
    const [first] = errors ?? [];
    throw refusal(operation, answer, (errors ?? []).map(({ message }) => message).join("; ") || "no words", first?.code);
  }
  return result;
}

function refusal(operation: string, answer: HttpAnswer, vendorMessage: string, code?: number): VendorError {
  const requestId = answer.headers.get("cf-ray");
  return new VendorError({
    vendor: "cloudflare",
    operation,
    status: answer.status,
    vendorMessage,
    retryable: false,
    ...(code === undefined ? {} : { code: String(code) }),
    ...(requestId === null ? {} : { requestId }),
  });
}
