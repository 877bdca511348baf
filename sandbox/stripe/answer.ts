import { checkAccess } from "./access.ts";
import { apiVersion } from "./events.ts";
import { expandBody } from "./expand.ts";
import { type Form, parseForm } from "./form.ts";
import type { IdempotencyStore, Kept } from "./idempotency.ts";
import type { RateLimiter } from "./limits.ts";
import type { Operation } from "./operation.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** What answering a call needs beside the call itself. */
export interface Transport {
  readonly world: World;
  readonly idempotency: IdempotencyStore;
  readonly limiter: RateLimiter;
  nextRequestId(): string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers one call: access, limits, idempotency, then the operation itself, which runs without a pause. */
export async function answer(transport: Transport, operation: Operation, request: Request, id: string): Promise<Response> {
  const { world, idempotency, limiter } = transport;
  const url = new URL(request.url);
  const requestId = transport.nextRequestId();
  const key = operation.method === "GET" ? null : request.headers.get("idempotency-key");
  const body = await request.text();
  let begun = false;
  let lock: string | undefined;
  try {
    checkAccess(request.headers, url.pathname);
    limiter.count(world.nowMs(), operation.meterEvent, world.settings);
    const fingerprint = `${request.method} ${url.pathname}${url.search} ${body}`;
    const kept = key === null ? undefined : idempotency.find(key, fingerprint, world.nowMs());
    if (kept) return replay(world, kept, key);
    const raw = parametersOf(url, body, request.headers.get("content-type"));
    if (operation.meterEvent) {
      const name = lockOf(raw);
      limiter.lock(name);
      lock = name;
    }
    if (key !== null) {
      idempotency.begin(key);
      begun = true;
    }
    if (lock !== undefined && world.settings.meterLockMilliseconds > 0) await pause(world.settings.meterLockMilliseconds);
    world.origin = url.origin;
    world.request = { id: requestId, idempotencyKey: key };
    const made = perform(world, operation, raw, id, requestId);
    const firstAnswer: Kept = {
      key: key ?? "",
      fingerprint,
      atMs: world.nowMs(),
      requestId,
      ...made.answer,
      headers: { ...made.answer.headers },
    };
    if (key !== null) idempotency.end(key, made.worked ? firstAnswer : undefined);
    begun = false;
    return respond(world, made.answer, requestId, key);
  } catch (error) {
    if (error instanceof Refusal) return respond(world, refused(error, requestId), requestId, key);
    throw error;
  } finally {
    world.request = null;
    if (lock !== undefined) limiter.unlock(lock);
    if (begun && key !== null) idempotency.end(key, undefined);
  }
}

/** For paths that no operation has. */
export function unrecognized(transport: Transport, request: Request): Response {
  const requestId = transport.nextRequestId();
  const path = new URL(request.url).pathname;
  const refusal = new Refusal(
    `Unrecognized request URL (${request.method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    { status: 404 },
  );
  return respond(transport.world, refused(refusal, requestId), requestId, null);
}

function perform(
  world: World,
  operation: Operation,
  raw: Form,
  id: string,
  requestId: string,
): { answer: Answer; worked: boolean } {
  const name = `${operation.method} ${operation.path}`;
  const failures = world.settings.serverErrors[name] ?? 0;
  try {
    if (failures > 0) {
      world.settings.serverErrors[name] = failures - 1;
      throw new Refusal("An error occurred with our connection to Stripe's systems.", { status: 500, type: "api_error" });
    }
    const body = expandBody(world, operation.answer(world, raw, id), raw);
    return { answer: { status: 200, body: JSON.stringify(body), headers: {} }, worked: true };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { answer: refused(error, requestId), worked: !error.beforeWork };
  }
}

function refused(refusal: Refusal, requestId: string): Answer {
  const wait = refusal.status === 409 ? "true" : "false";
  // A 429 says nothing about retries: whoever is limited backs off by himself.
  const advice: Record<string, string> = refusal.status === 429 || refusal.status >= 500 ? {} : { "stripe-should-retry": wait };
  return { status: refusal.status, body: JSON.stringify(refusal.body(requestId)), headers: { ...advice, ...refusal.headers } };
}

function replay(world: World, kept: Kept, key: string | null): Response {
  const headers = { ...kept.headers, "idempotent-replayed": "true", "original-request": kept.requestId };
  return respond(world, { status: kept.status, body: kept.body, headers }, kept.requestId, key);
}

function respond(world: World, made: Answer, requestId: string, key: string | null): Response {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    date: new Date(world.nowMs()).toUTCString(),
    "request-id": requestId,
    "stripe-version": apiVersion,
    ...made.headers,
  };
  if (key !== null) headers["idempotency-key"] = key;
  return new Response(made.body, { status: made.status, headers });
}

function parametersOf(url: URL, body: string, contentType: string | null): Form {
  const query = parseForm(url.search.slice(1));
  if (body === "") return query;
  if (!url.pathname.startsWith("/v2/")) return { ...query, ...parseForm(body) };
  if (!contentType?.includes("json")) throw new Refusal("Bodies of /v2 requests must be JSON.", { beforeWork: true });
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return { ...query, ...Object.fromEntries(Object.entries(parsed)) };
  } catch {
    // Answered below, like any body that is not an object.
  }
  throw new Refusal("The request body is not a JSON object.", { beforeWork: true });
}

function lockOf(raw: Form): string {
  return JSON.stringify([
    raw.event_name,
    typeof raw.payload === "object" ? Reflect.get(raw.payload, "stripe_customer_id") : undefined,
  ]);
}

/** Real time, on purpose: this is what makes two calls overlap. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
