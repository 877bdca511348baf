/** One subscription a tenant: the plan's flat price and its metered hours, from the 1st 00:00:00 UTC on, in flexible mode. */
import type Stripe from "stripe";
import { OperatorError } from "../../domain/error.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { marker } from "../../domain/marker.ts";
import type { Plan } from "../../tenants/plan.ts";
import type { StripeClient } from "../../vendors/stripe/client.ts";
import type { PlanPrices } from "./catalogue.ts";

/** The account's subscriptions by customer, ended ones included. */
export type Subscriptions = ReadonlyMap<string, readonly Stripe.Subscription[]>;

export async function listSubscriptions(stripe: StripeClient): Promise<Subscriptions> {
  const all = await stripe.read("GET /v1/subscriptions", (sdk) =>
    sdk.subscriptions.list({ status: "all", limit: 100 }).autoPagingToArray({ limit: 10_000 }),
  );
  const map = new Map<string, Stripe.Subscription[]>();
  for (const subscription of all) {
    const customer = typeof subscription.customer === "string" ? subscription.customer : subscription.customer.id;
    map.set(customer, [...(map.get(customer) ?? []), subscription]);
  }
  return map;
}

const ended: ReadonlySet<string> = new Set(["canceled", "incomplete_expired"]);

export function isRunning(subscription: Stripe.Subscription): boolean {
  return !ended.has(subscription.status);
}

/** The customer's running subscription; throws OperatorError where there are two. */
export function runningSubscription(
  subscriptions: readonly Stripe.Subscription[],
  slug: string,
): Stripe.Subscription | undefined {
  const running = subscriptions.filter(isRunning);
  if (running.length > 1)
    throw new OperatorError(
      `${slug}: ${running.map((one) => one.id).join(" and ")} both run: each would bill every hour; cancel the newer one`,
    );
  return running[0];
}

export interface SubscriptionOwner {
  readonly uid: TenantUid;
  readonly stack: string;
  readonly customer: string;
  readonly plan: Plan;
  readonly prices: PlanPrices;
  /** How many subscriptions the customer had before: part of the key, so that coming back after an end makes a new one. */
  readonly before: number;
}

/** Subscribes the tenant; a lost answer is looked up, never repeated. */
export function subscribe(stripe: StripeClient, owner: SubscriptionOwner): Promise<Stripe.Subscription> {
  const { plan, prices } = owner;
  return stripe.ensure("POST /v1/subscriptions", `subscription:${owner.stack}:${owner.uid}:${owner.before}`, {
    find: async () => {
      const { data } = await stripe.read("GET /v1/subscriptions", (sdk) =>
        sdk.subscriptions.list({ customer: owner.customer, limit: 100 }),
      );
      return runningSubscription(data, owner.uid);
    },
    make: (sdk, options) =>
      sdk.subscriptions.create(
        {
          customer: owner.customer,
          items: [{ price: prices.flat, quantity: 1 }, { price: prices.hour }],
          billing_cycle_anchor_config: { day_of_month: 1, hour: 0, minute: 0, second: 0 },
          proration_behavior: plan.firstMonth === "prorated" ? "create_prorations" : "none",
          billing_mode: { type: "flexible" },
          ...(plan.collection === "send_invoice" && {
            collection_method: "send_invoice",
            days_until_due: plan.daysUntilDue ?? 14,
          }),
          metadata: { tenant_uid: owner.uid, fleet: marker(owner.stack, owner.uid) },
        },
        options,
      ),
  });
}

const suspendedMark = "fleet_suspended";

/** A tenant that is not active pays nothing from its next period on; one that came back before that goes on. A cancellation
 *  that a person asked for is left alone. */
export async function followState(
  stripe: StripeClient,
  subscription: Stripe.Subscription,
  active: boolean,
  run: string,
): Promise<Stripe.Subscription> {
  const ours = subscription.metadata[suspendedMark] === "yes";
  const ends = subscription.cancel_at_period_end || subscription.cancel_at !== null;
  if (active ? !ours : ends) return subscription;
  return stripe.write("POST /v1/subscriptions/:id", `state:${subscription.id}:${active}:${run}`, (sdk, options) =>
    sdk.subscriptions.update(
      subscription.id,
      { cancel_at_period_end: !active, metadata: { [suspendedMark]: active ? "" : "yes" } },
      options,
    ),
  );
}

/** What must hold of every subscription we bill by: the anchor at the 1st 00:00:00 UTC, and the plan's own prices. */
export function subscriptionProblem(subscription: Stripe.Subscription, prices: PlanPrices): string | undefined {
  const anchor = new Date(subscription.billing_cycle_anchor * 1000);
  if (anchor.getTime() !== Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth(), 1))
    return `subscription ${subscription.id} is anchored at ${anchor.toISOString()}, not at a month's first second: hours would fall into two periods; cancel it and let billing make a new one`;
  const held = subscription.items.data.map((item) => item.price.id).sort();
  if (held.join() !== [prices.flat, prices.hour].sort().join())
    return `subscription ${subscription.id} has the prices ${held.join(", ")}, the plan ${prices.flat}, ${prices.hour}: a change of plan starts with a new period and is made by hand`;
  return undefined;
}
