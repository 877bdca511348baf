/** Sends meter posts: intent committed first, then the call, then what Stripe said. Nothing here decides what is posted. */
import type { Clock } from "../../domain/clock.ts";
import { VendorError } from "../../domain/error.ts";
import type { TenantUid } from "../../domain/ids.ts";
import type { StripeClient } from "../../vendors/stripe/client.ts";
import { isAlreadyDelivered } from "../../vendors/stripe/refusal.ts";
import { eventName } from "../account/catalogue.ts";
import type { Lease } from "../ledger/lease.ts";
import { identifierOf, intend, markAccepted, markRejected } from "../ledger/posts.ts";
import type { Post } from "./diff.ts";

export interface Posting {
  readonly stripe: StripeClient;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly uid: TenantUid;
  readonly customer: string;
  readonly run: string;
  readonly posts: readonly Post[];
}

export interface Posted {
  readonly accepted: readonly Post[];
  readonly rejected: readonly { readonly post: Post; readonly refusal: string }[];
}

/** Sends one after the other: Stripe takes one call at a time for a customer and meter. A refusal that trying again may cure is thrown;
 *  the intents stay, and the next run sends them again as they are. */
export async function sendPosts(posting: Posting): Promise<Posted> {
  const { stripe, lease, clock, uid, customer, run, posts } = posting;
  const now = await clock.now();
  await lease.write((tx) => intend(tx, uid, customer, posts, { run, now }));
  const accepted: Post[] = [];
  const rejected: { post: Post; refusal: string }[] = [];
  for (const post of posts) {
    const identifier = identifierOf(uid, post, run);
    const answer = await send(stripe, customer, identifier, post);
    const at = await clock.now();
    if ("refusal" in answer) {
      await lease.write((tx) => markRejected(tx, identifier, answer.refusal));
      rejected.push({ post, refusal: answer.refusal });
    } else {
      await lease.write((tx) => markAccepted(tx, identifier, answer.requestId, at));
      accepted.push(post);
    }
  }
  return { accepted, rejected };
}

async function send(
  stripe: StripeClient,
  customer: string,
  identifier: string,
  post: Post,
): Promise<{ readonly requestId: string | undefined } | { readonly refusal: string }> {
  try {
    const event = await stripe.write("POST /v1/billing/meter_events", identifier, (sdk, options) =>
      sdk.billing.meterEvents.create(
        {
          event_name: eventName,
          identifier,
          timestamp: post.eventAt / 1000,
          payload: { stripe_customer_id: customer, value: String(post.value) },
        },
        options,
      ),
    );
    return { requestId: event.lastResponse.requestId };
  } catch (error) {
    if (isAlreadyDelivered(error, identifier))
      return { requestId: error instanceof VendorError ? error.refusal.requestId : undefined };
    if (error instanceof VendorError && !error.refusal.retryable && error.refusal.status === 400)
      return { refusal: error.message };
    throw error;
  }
}
