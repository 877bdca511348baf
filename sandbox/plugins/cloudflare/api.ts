/** The wire as the real provider uses it: its headers and its own retries (observed, specs/cloudflare/provider-requests-edge.jsonl). */
import { OperatorError, VendorError } from "../../../domain/error.ts";
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import type { Waiting } from "../clock.ts";
import { isObject } from "./json.ts";

export interface Api {
  /** The answer's `result`. Connection errors, 409, 429 and 5xx are tried up to ten times more; throws VendorError on every other refusal. */
  call(method: Method, path: string, body: Properties | undefined, signal: AbortSignal): Promise<unknown>;
}
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface ApiOptions {
  readonly baseUrl: string | undefined;
  readonly token: string | undefined;
  readonly waiting: Waiting;
}

/** Throws an OperatorError unless `baseUrl` is a loopback address: a stand-in must never touch a real account. */
export function connectApi({ baseUrl, token, waiting }: ApiOptions): Api {
  const base = loopbackOnly(baseUrl);
  if (!token) throw new OperatorError("CLOUDFLARE_API_TOKEN is not set; run this in the environment that `fleet env` prints");
  return {
    async call(method, path, body, signal) {
      for (let retry = 0; ; retry++) {
        signal.throwIfAborted();
        const outcome = await attempt(`${base}${path}`, { method, path, body, token, retry, signal });
        if ("result" in outcome) return outcome.result;
        if (!outcome.refusal.refusal.retryable || retry === maxRetries) throw outcome.refusal;
        await waiting.sleep(outcome.retryAfterMs ?? Math.min(2 ** (retry + 1) * 1000, maxDelayMs), signal);
      }
    },
  };
}

const maxRetries = 10;
/** The real provider takes up to a quarter off each delay at random; without that, a sandbox run is the same every time. */
const maxDelayMs = 30_000;

interface Attempt {
  readonly method: Method;
  readonly path: string;
  readonly body: Properties | undefined;
  readonly token: string;
  readonly retry: number;
  readonly signal: AbortSignal;
}

type Outcome = { readonly result: unknown } | { readonly refusal: VendorError; readonly retryAfterMs?: number };

async function attempt(url: string, { method, path, body, token, retry, signal }: Attempt): Promise<Outcome> {
  const refuse = (facts: { status?: number; code?: string; message: string; retryable: boolean }, cause?: unknown) =>
    new VendorError(
      {
        vendor: "cloudflare",
        operation: `${method} ${path}`,
        status: facts.status,
        code: facts.code,
        vendorMessage: facts.message,
        retryable: facts.retryable,
      },
      { cause },
    );
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, {
      method,
      // A redirect could lead off the loopback interface.
      redirect: "error",
      headers: {
        Authorization: `Bearer ${token}`,
        "x-stainless-retry-count": String(retry),
        ...(body && { "Content-Type": "application/json" }),
      },
      body: body && JSON.stringify(body),
      signal,
    });
    text = await answer.text();
  } catch (error) {
    signal.throwIfAborted();
    return { refusal: refuse({ message: "the connection ended without an answer", retryable: true }, error) };
  }
  const envelope = parse(text);
  if (answer.ok && envelope.success !== false) return { result: envelope.result };
  const errors = Array.isArray(envelope.errors) ? envelope.errors.filter(isObject) : [];
  const refusal = refuse({
    status: answer.status,
    code: errors.map((error) => error.code).join(", ") || undefined,
    message: errors.map((error) => error.message).join("; ") || "no reason given",
    retryable: answer.status === 409 || answer.status === 429 || answer.status >= 500,
  });
  const after = Number(answer.headers.get("retry-after") ?? Number.NaN);
  return { refusal, ...(Number.isFinite(after) && { retryAfterMs: after * 1000 }) };
}

function loopbackOnly(address: string | undefined): string {
  if (!address)
    throw new OperatorError(
      'CLOUDFLARE_BASE_URL is not set: this stand-in for the Cloudflare provider speaks to the sandbox only: eval "$(./fleet env sandbox)" sets it',
    );
  const host = URL.canParse(address) ? new URL(address).hostname : "";
  if (!/^(127(\.\d+){3}|\[::1\]|localhost)$/.test(host))
    throw new OperatorError(
      `CLOUDFLARE_BASE_URL is ${address}, which is not a loopback address: this stand-in for the Cloudflare provider never speaks to a real account; the environment of a real stack brings the official plugin: eval "$(./fleet env <stack>)"`,
    );
  return address.replace(/\/+$/, "");
}

function parse(text: string): Properties {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
