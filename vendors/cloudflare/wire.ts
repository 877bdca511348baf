/** Requests to Cloudflare's REST API and its envelope, for every client in this folder. */
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError, registerSecret, VendorError } from "../../domain/error.ts";
import { type HttpAnswer, request } from "../http/request.ts";

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

export interface CloudflareOptions {
  /** Default is Cloudflare's own; ends with `/client/v4`. */
  readonly baseUrl?: string;
  readonly token: string;
  readonly clock: Clock;
}

/** Sends one request; `operation` is the path with ids as `:id`. Refusals below 500 are answers, everything else is thrown (vendors/http/request.ts). */
export type Send = (
  method: string,
  path: string,
  operation: string,
  retry: "read" | "idempotent",
  call?: Call,
) => Promise<HttpAnswer>;

const deadlineMs = 30_000;

export function connect(options: CloudflareOptions): Send {
  registerSecret(options.token);
  const base = (options.baseUrl ?? "https://api.cloudflare.com/client/v4").replace(/\/+$/, "");
  return (method, path, operation, retry, call = {}) =>
    request({
      ...{ clock: options.clock, vendor: "cloudflare", operation: `${method} ${operation}`, url: base + path, method, retry },
      ...{ headers: { authorization: `Bearer ${options.token}` }, deadlineMs },
      ...call,
    });
}

/** From CLOUDFLARE_API_TOKEN and CLOUDFLARE_BASE_URL; throws OperatorError when the token is missing. */
export function optionsFromEnvironment(env: Readonly<Record<string, string | undefined>>, clock: Clock): CloudflareOptions {
  const token = env.CLOUDFLARE_API_TOKEN;
  if (!token)
    throw new OperatorError(
      'CLOUDFLARE_API_TOKEN is not set: a token for Access, Tunnel, DNS and zone settings of the account (SECURITY.md), or: eval "$(./fleet env sandbox)"',
    );
  return { token, clock, ...(env.CLOUDFLARE_BASE_URL ? { baseUrl: env.CLOUDFLARE_BASE_URL } : {}) };
}

/** Whether Cloudflare itself speaks, and not something between us and it. */
export function isEnvelope(text: string): boolean {
  return Envelope.safeParse(jsonOf(text)).success;
}

/** The envelope's result; throws VendorError on a refusal, which may also come with status 200. */
export function resultOf(answer: HttpAnswer, operation: string): unknown {
  const json = jsonOf(answer.text);
  if (json === undefined) throw refusal(operation, answer, `no JSON: ${answer.text.slice(0, 200)}`);
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw refusal(operation, answer, "an answer without Cloudflare's envelope");
  const { success, errors, result } = envelope.data;
  if (answer.status >= 300 || !success) {
    const [first] = errors ?? [];
    throw refusal(operation, answer, (errors ?? []).map(({ message }) => message).join("; ") || "no words", first?.code);
  }
  return result;
}

export function refusal(operation: string, answer: HttpAnswer, vendorMessage: string, code?: number): VendorError {
  const requestId = answer.headers.get("cf-ray");
  return new VendorError({
    ...{ vendor: "cloudflare", operation, status: answer.status, vendorMessage, retryable: false },
    ...(code === undefined ? {} : { code: String(code) }),
    ...(requestId === null ? {} : { requestId }),
  });
}

/** Undefined for what is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
