/** Stripe's errors as the project's VendorError facts. */
import Stripe from "stripe";
import { redact, VendorError, type VendorRefusal } from "../../domain/error.ts";

export interface Refused {
  /** Undefined for what is no refusal of Stripe's: our own bug. */
  readonly refusal: VendorRefusal | undefined;
  readonly retryAfterMs: number | undefined;
}

/** Reads an error that a call threw. No answer, 409 (the key is in flight), 429 and 5xx are worth another attempt, unless Stripe says otherwise. */
export function refusalOf(operation: string, error: unknown): Refused {
  if (error instanceof VendorError) return { refusal: error.refusal, retryAfterMs: undefined };
  if (!(error instanceof Stripe.errors.StripeError)) return { refusal: undefined, retryAfterMs: undefined };
  const status = error.statusCode;
  const advice = error.headers?.["stripe-should-retry"];
  const worthIt = status === undefined || status === 409 || status === 429 || status >= 500 || error.code === "lock_timeout";
  const retryAfter = Number(error.headers?.["retry-after"]);
  return {
    refusal: {
      vendor: "stripe",
      operation,
      ...(status !== undefined && { status }),
      ...(error.code !== undefined && { code: error.code }),
      ...(error.requestId !== undefined && { requestId: error.requestId }),
      vendorMessage: redact(status === undefined && error.detail instanceof Error ? error.detail.message : error.message),
      retryable: advice === "true" || (advice !== "false" && worthIt),
    },
    retryAfterMs: retryAfter > 0 && retryAfter <= 60 ? retryAfter * 1000 : undefined,
  };
}

/** Stripe refuses an identifier that it received within the last 24 hours with exactly this: the event was delivered before. */
export function isAlreadyDelivered(error: unknown, identifier: string): boolean {
  return (
    error instanceof VendorError &&
    error.refusal.status === 400 &&
    error.refusal.vendorMessage === `An event already exists with identifier ${identifier}.`
  );
}
