/** One GraphQL operation to Railway: documents are named constants, answers are parsed, refusals have a kind. */
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { type HttpRequest, request, TransportError } from "../http/request.ts";
import { type Pace, paceOf } from "./pace.ts";
import { type RailwayRefusal, refusalOf } from "./refusal.ts";

/** A document with the shape of its answer. `retry`: whether doing it twice is harmless (vendors/http). */
export interface Operation<Answer> {
  /** As in the document: Railway's own logs and ours name the call by it. */
  readonly name: string;
  readonly document: string;
  readonly answer: z.ZodType<Answer>;
  readonly retry: HttpRequest["retry"];
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly log?: (message: string) => void;
  /** The objects named were made or seen a moment ago: what reads as absent is Railway's read lag, and is asked again for a while. */
  readonly expectExists?: boolean;
  /** What a cooldown does: waited out here (default), or thrown to a caller that must look before it tries again. */
  readonly cooldown?: "wait" | "throw";
}

export interface RailwayConnection {
  readonly clock: Clock;
  /** Rejects with RailwayRefusal (it answered; nothing was done) or TransportError (no usable answer; `ambiguous` if a write may have been done). */
  run<Answer>(operation: Operation<Answer>, variables: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<Answer>;
}

export interface RailwayAccess {
  readonly token: string;
  /** `https://backboard.railway.com/graphql/v2` if absent. */
  readonly apiUrl?: string;
  readonly clock: Clock;
}

export const defaultApiUrl = "https://backboard.railway.com/graphql/v2";
/** About 1 % of requests get no answer within 45 s. */
const deadlineMs = 45_000;
/** Reads were seen to lag writes by seconds. */
export const readLagMs = 2_000;
const lagAttempts = 8;
const passingAttempts = 3;
/** A cooldown's window is at most 30 s where it is known; others' work in the same workspace may take it before us. */
const cooldownAttempts = 12;

export function railwayConnection(access: RailwayAccess): RailwayConnection {
  const url = withSource(access.apiUrl ?? defaultApiUrl);
  const pace = paceOf(access.clock);
  return {
    clock: access.clock,
    async run(operation, variables, options = {}) {
      for (let attempt = 1; ; attempt++) {
        const outcome = await send({ access, url, pace }, operation, variables, options);
        if ("data" in outcome) return understood(operation, outcome.data);
        const wait = waitFor(outcome.refusal, operation, attempt, options);
        if (wait === undefined) throw outcome.refusal;
        options.log?.(`${outcome.refusal.message}; waiting ${wait / 1000} s (attempt ${attempt + 1})`);
        await access.clock.sleep(wait, options.signal);
      }
    },
  };
}

/** URLs without a query string meet the edge's own wall (429, error 1015, up to a day). */
export function withSource(apiUrl: string): string {
  const url = new URL(apiUrl);
  url.searchParams.set("source", "pulumi-railway");
  return url.href;
}

const Body = z.object({
  data: z.unknown(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        traceId: z.string().optional(),
        extensions: z.object({ code: z.string().optional(), traceId: z.string().optional() }).optional(),
      }),
    )
    .optional(),
});

type Outcome = { readonly data: unknown } | { readonly refusal: RailwayRefusal };

interface Way {
  readonly access: RailwayAccess;
  readonly url: string;
  readonly pace: Pace;
}

async function send<Answer>(
  { access, url, pace }: Way,
  operation: Operation<Answer>,
  variables: Readonly<Record<string, unknown>>,
  options: CallOptions,
): Promise<Outcome> {
  const answer = await request({
    clock: access.clock,
    vendor: "railway",
    operation: operation.name,
    url,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${access.token}` },
    body: JSON.stringify({ query: operation.document, operationName: operation.name, variables }),
    deadlineMs,
    retry: operation.retry,
    signal: options.signal,
    log: options.log,
    gate: { admit: () => pace.admit(operation.name, options), ended: pace.ended },
  });
  const body = parseBody(answer.text);
  const error = body?.errors?.[0];
  if (error) {
    const traceId = error.traceId ?? error.extensions?.traceId;
    return {
      refusal: refusalOf(operation.name, answer.status, { message: error.message, code: error.extensions?.code, traceId }),
    };
  }
  if (body?.data !== undefined && body.data !== null) return { data: body.data };
  const vendorMessage = answer.text.slice(0, 200) || "an empty answer";
  const facts = { vendor: "railway", operation: operation.name, status: answer.status, vendorMessage, retryable: false } as const;
  throw new TransportError(facts, operation.retry !== "read" && answer.status < 400);
}

/** The answer in the shape that was written for it. One in another shape was given all the same: a write may have been done. */
function understood<Answer>(operation: Operation<Answer>, data: unknown): Answer {
  const parsed = operation.answer.safeParse(data);
  if (parsed.success) return parsed.data;
  // Never the values: they may be secrets.
  const places = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  const vendorMessage = `an answer of a shape that this client does not know: ${places.slice(0, 5).join("; ")}`;
  throw new TransportError(
    { vendor: "railway", operation: operation.name, vendorMessage, retryable: false },
    operation.retry !== "read",
  );
}

function parseBody(text: string): z.infer<typeof Body> | undefined {
  try {
    const parsed = Body.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds until the same may be tried again; undefined = it is final. */
function waitFor(
  refusal: RailwayRefusal,
  operation: Operation<unknown>,
  attempt: number,
  options: CallOptions,
): number | undefined {
  switch (refusal.kind) {
    case "cooldown":
      if (options.cooldown === "throw") return undefined;
      return attempt < cooldownAttempts ? cooldownMs(refusal.refusal.vendorMessage, attempt) : undefined;
    case "lag":
      return options.expectExists && attempt < lagAttempts ? readLagMs : undefined;
    case "hidden":
      return options.expectExists && attempt < lagAttempts ? readLagMs : undefined;
    case "passing":
      return operation.retry !== "write" && attempt < passingAttempts ? attempt * readLagMs : undefined;
    case "refused":
      return undefined;
  }
}

/** Projects and environments are held for 30 s; the other windows are not published, so their waits grow. */
export function cooldownMs(message: string, attempt: number): number {
  if (/project|environment/i.test(message)) return 30_000;
  return Math.min(30_000, 2_500 * 2 ** (attempt - 1));
}
