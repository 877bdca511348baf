/** The one way out: every vendor's client sends its requests through here. Deadlines, bounded retries and waits go through the Clock. */
import { randomInt } from "node:crypto";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError, redact, VendorError, type VendorRefusal } from "../../domain/error.ts";
import { deadlineOf } from "./deadline.ts";

export interface HttpRequest {
  readonly clock: Clock;
  readonly vendor: VendorRefusal["vendor"];
  /** GraphQL operation name, or `METHOD /path` with ids as `:id`: how errors and logs name it. */
  readonly operation: string;
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long one attempt may take. */
  readonly deadlineMs: number;
  /** `read`: changes nothing, tried again after everything that may pass. `idempotent`: a write that may safely be done twice; the same, but its failure
   *  is ambiguous. `write`: tried again only when the vendor surely did nothing (429, no connection). */
  readonly retry: "read" | "idempotent" | "write";
  /** Attempts in all; default 5. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
  /** A line for each wait. */
  readonly log?: (message: string) => void;
  /** Chance for the jitter, [0, 1). */
  readonly random?: () => number;
  /** Asked before each attempt and told after it: for a vendor whose rate limits are kept before they bite, the retries' requests count too. */
  readonly gate?: Gate;
}

/** Who decides when a vendor's next request may go. */
export interface Gate {
  /** Resolves when one more request may go; what it rejects with is the request's error. */
  admit(): Promise<void>;
  /** Every admitted request ends with this; without an answer if none came. */
  ended(answer?: HttpAnswer): Promise<void>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came; parsing is the client's. */
  readonly text: string;
}

/** No usable answer. `ambiguous`: the vendor may have done the work (no answer, or 5xx after a write), so look before doing it again. */
export class TransportError extends VendorError {
  readonly ambiguous: boolean;
  constructor(refusal: VendorRefusal, ambiguous: boolean, options?: ErrorOptions) {
    super(refusal, options);
    this.name = "TransportError";
    this.ambiguous = ambiguous;
  }
}

/** Whether an error leaves open that the work was done. */
export function isAmbiguous(error: unknown): boolean {
  return error instanceof TransportError && error.ambiguous;
}

/** Sends one request. Answers with a status below 500 other than 429 are returned as they are, refusals included; everything else is retried as `retry`
 *  allows and then thrown as TransportError. An aborted signal rejects with its reason. */
export async function request(options: HttpRequest): Promise<HttpAnswer> {
  const attempts = options.attempts ?? defaultAttempts;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOnce(options);
    if (outcome.answer) return outcome.answer;
    const wait = outcome.retryAfterMs ?? backoffMs(attempt, options.random ?? chance);
    const mayRetry = outcome.nothingDone || options.retry !== "write";
    if (!mayRetry || attempt >= attempts || wait > longestWaitMs) throw outcome.error;
    options.log?.(`${outcome.error.message}; waiting ${Math.ceil(wait / 1000)} s (attempt ${attempt + 1} of ${attempts})`);
    await options.clock.sleep(wait, options.signal);
  }
}

/** Milliseconds of a Retry-After header: seconds, or a date against the given time; undefined if absent or unreadable. */
export function retryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Math.ceil(Number(value) * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

const defaultAttempts = 5;
const firstBackoffMs = 500;
const longestBackoffMs = 30_000;
/** A vendor that asks for more than this is not waited for: the next run of the same command goes on. */
const longestWaitMs = 15 * 60_000;

type Outcome =
  | { readonly answer: HttpAnswer; readonly error?: never }
  | { readonly answer?: never; readonly error: TransportError; readonly nothingDone: boolean; readonly retryAfterMs?: number };

async function attemptOnce(options: HttpRequest): Promise<Outcome> {
  options.signal?.throwIfAborted();
  const writes = options.retry !== "read";
  const refuse = (facts: Partial<VendorRefusal>, ambiguous: boolean, cause?: unknown) => {
    const { vendor, operation } = options;
    return new TransportError({ vendor, operation, vendorMessage: "no answer", retryable: true, ...facts }, ambiguous, { cause });
  };
  let answer: HttpAnswer;
  await options.gate?.admit();
  try {
    answer = await sendAdmitted(options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    // The clock itself is gone: not the vendor's fault, and waiting would not work either.
    if (cause instanceof OperatorError) throw cause;
    const nothingDone = neverSent(cause);
    return { error: refuse({ vendorMessage: networkMessage(cause) }, writes && !nothingDone, cause), nothingDone };
  }
  const { status, headers, text } = answer;
  if (status !== 429 && status < 500) return { answer };
  const html = /^\s*</.test(text) || headers.get("content-type")?.includes("html") === true;
  const facts = {
    status,
    // Railway's and others' APIs stand behind Cloudflare: its own wall answers in HTML and without rate headers.
    code: status === 429 && html ? "edge rate limit" : undefined,
    vendorMessage: html ? pageTitle(text) : text.slice(0, 300) || "no words",
    requestId: headers.get("x-request-id") ?? headers.get("request-id") ?? headers.get("cf-ray") ?? undefined,
  };
  const wait = headers.has("retry-after") ? retryAfterMs(headers.get("retry-after"), await options.clock.now()) : undefined;
  return { error: refuse(facts, writes && status !== 429), nothingDone: status === 429, retryAfterMs: wait };
}

async function sendAdmitted(options: HttpRequest): Promise<HttpAnswer> {
  let answer: HttpAnswer | undefined;
  try {
    answer = await send(options);
    return answer;
  } finally {
    await options.gate?.ended(answer);
  }
}

async function send(options: HttpRequest): Promise<HttpAnswer> {
  const attempt = new AbortController();
  const signal = options.signal ? AbortSignal.any([attempt.signal, options.signal]) : attempt.signal;
  const deadline = deadlineOf(options.clock, options.deadlineMs, attempt.signal).then(() => {
    throw new Deadline(`no answer within ${options.deadlineMs / 1000} s`);
  });
  try {
    return await Promise.race([answerOf(options, signal), deadline]);
  } finally {
    // Ends whichever of the two is still open; an answered request must not leave a sleep behind.
    attempt.abort(new Deadline("the request is over"));
    deadline.catch(() => {});
  }
}

async function answerOf(options: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { method = "GET", headers = {}, body } = options;
  const response = await fetch(options.url, { method, headers, body, signal, redirect: "manual" });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

class Deadline extends Error {}

function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * random());
}

function chance(): number {
  return randomInt(1 << 30) / (1 << 30);
}

/** Errors that come before the first byte of the request leaves. */
function neverSent(error: unknown): boolean {
  return causes(error).some(
    (code) => code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "UND_ERR_CONNECT_TIMEOUT",
  );
}

function causes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const inner = error instanceof AggregateError ? error.errors.flatMap(causes) : [];
  return [...own, ...inner, ...causes(error.cause)];
}

function networkMessage(error: unknown): string {
  if (error instanceof Deadline) return error.message;
  const code = causes(error)[0];
  const words = error instanceof Error ? error.message : String(error);
  return redact(code ? `${words}: ${code}` : words);
}

function pageTitle(html: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(html)?.[1]?.trim();
  return (
    title ||
    html
      .replace(/<[^>]*>/g, " ")
      .replace(/\s+/g, " ")
      .trim()
      .slice(0, 200) ||
    "an HTML page"
  );
}
