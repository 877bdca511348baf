/** Stripe through its official SDK: one API version, our own deadline, pace and retries (all through the Clock), refusals as VendorError. */
import Stripe from "stripe";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError, RefusedError, registerSecret, VendorError } from "../../domain/error.ts";
import { stripeFetch } from "./fetch.ts";
import { refusalOf } from "./refusal.ts";

/** What the SDK's types describe: it sends this version with every request. */
export const apiVersion = "2026-10-28.endive";

export interface StripeSettings {
  readonly secretKey: string;
  /** Another address than Stripe's own, `http://127.0.0.1:12111`. */
  readonly apiBase?: string | undefined;
  readonly clock: Clock;
  /** Live keys are refused without this, and test keys with it. */
  readonly live: boolean;
  /** Told about each wait before a further attempt. */
  readonly say?: (message: string) => void;
}

/** What a write hands to the SDK beside its parameters. */
export type WriteOptions = Stripe.RequestOptions;

export interface StripeClient {
  readonly live: boolean;
  /** Calls as often as it takes, at most six times; throws VendorError. The operation names the call in errors. */
  read<T>(operation: string, call: (sdk: Stripe) => Promise<T>): Promise<T>;
  /** A write that may be repeated without harm. `key` is derived from our own fact, so that a run that follows a killed one gets the
   *  answer that was lost; each further attempt after an answer of 5xx gets a key that no run ever used, because Stripe replays a stored
   *  500 for a day; after a lost answer the key stays, so that the first answer comes back. */
  write<T>(operation: string, key: string, call: (sdk: Stripe, options: WriteOptions) => Promise<T>): Promise<T>;
  /** A write that makes something new: `find` looks for it before every attempt, so that an attempt whose answer was lost or bad is never repeated blindly. */
  ensure<T>(operation: string, key: string, steps: Ensure<T>): Promise<T>;
}

export interface Ensure<T> {
  find(): Promise<T | undefined>;
  make(sdk: Stripe, options: WriteOptions): Promise<T>;
}

const attempts = 6;
const firstWaitMs = 1_000;
const longestWaitMs = 16_000;

/** Throws OperatorError for something that is no Stripe key, RefusedError where key and mode differ. */
export function createStripeClient(settings: StripeSettings): StripeClient {
  registerSecret(settings.secretKey);
  const live = checkMode(settings);
  const base = settings.apiBase === undefined ? undefined : new URL(settings.apiBase);
  const sdk = new Stripe(settings.secretKey, {
    apiVersion,
    maxNetworkRetries: 0,
    telemetry: false,
    // The deadline is the Clock's (fetch.ts); the SDK's own, in real time, is only the last resort.
    timeout: 600_000,
    httpClient: Stripe.createFetchHttpClient(stripeFetch(settings.clock)),
    ...(base && {
      host: base.hostname,
      port: base.port || (base.protocol === "http:" ? "80" : "443"),
      protocol: protocolOf(base),
    }),
  });

  const client: StripeClient = {
    live,
    read: (operation, call) => repeat(settings, operation, () => call(sdk)),
    write: (operation, key, call) =>
      repeat(settings, operation, (attempt) => call(sdk, { idempotencyKey: key + attempt.suffix })),
    ensure: (operation, key, steps) =>
      repeat(settings, operation, async (attempt) => {
        const found = await steps.find();
        return found ?? steps.make(sdk, { idempotencyKey: key + attempt.suffix });
      }),
  };
  return client;
}

interface Attempt {
  /** Of the key: empty until an attempt is answered with a refusal that Stripe would replay. */
  suffix: string;
}

async function repeat<T>(settings: StripeSettings, operation: string, call: (attempt: Attempt) => Promise<T>): Promise<T> {
  const attempt: Attempt = { suffix: "" };
  for (let count = 1; ; count++) {
    try {
      return await call(attempt);
    } catch (error) {
      const { refusal, retryAfterMs } = refusalOf(operation, error);
      if (!refusal) throw error;
      if (!refusal.retryable || count === attempts)
        throw error instanceof VendorError ? error : new VendorError(refusal, { cause: error });
      // Time and count: a later run, for which Stripe replays the same 500, must not come to the same key.
      if (refusal.status !== undefined && refusal.status >= 500)
        attempt.suffix = `:${(await settings.clock.now()).toString(36)}-${count}`;
      const wait = retryAfterMs ?? Math.min(firstWaitMs * 2 ** (count - 1), longestWaitMs);
      settings.say?.(
        `${new VendorError(refusal).message}; waiting ${Math.ceil(wait / 1000)} s (attempt ${count + 1} of ${attempts})`,
      );
      await settings.clock.sleep(wait);
    }
  }
}

function checkMode({ secretKey, apiBase, live }: StripeSettings): boolean {
  const mode = /^(?:sk|rk)_(test|live)_/.exec(secretKey)?.[1];
  if (!mode)
    throw new OperatorError(
      "STRIPE_SECRET_KEY is not a secret or restricted key of Stripe (sk_test_…, rk_test_…, sk_live_…, rk_live_…)",
    );
  if (mode === "live" && !live) throw new RefusedError("STRIPE_SECRET_KEY is a live key: real money moves only with --live");
  if (mode === "test" && live)
    throw new RefusedError("--live was given, but STRIPE_SECRET_KEY is a test key: use the live key or leave --live out");
  if (apiBase !== undefined) {
    if (!URL.canParse(apiBase))
      throw new OperatorError(`STRIPE_API_BASE "${apiBase}" is not an address; write for example http://127.0.0.1:12111`);
    if (mode === "live") throw new RefusedError("STRIPE_API_BASE is set: a live key is sent to Stripe's own address only");
  }
  return mode === "live";
}

function protocolOf(base: URL): "http" | "https" {
  return base.protocol === "http:" ? "http" : "https";
}
