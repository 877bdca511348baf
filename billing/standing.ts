/** Where a tenant stands at Stripe: customer, card, subscription. With `write` it is brought there, without it is only said. */
import type Stripe from "stripe";
import { OperatorError } from "../domain/error.ts";
import { type HourZ, hourMs, hourOf, hourStart, monthStart } from "../domain/hour.ts";
import type { Plan } from "../tenants/plan.ts";
import { hasCard, listSetupSessions, type SetupSessions, takeCard } from "./account/cards.ts";
import { type Catalogue, findCatalogue, type PlanPrices } from "./account/catalogue.ts";
import {
  type CustomerOwner,
  type Customers,
  customerOf,
  ensureCustomer,
  listCustomers,
  strayCustomers,
} from "./account/customers.ts";
import {
  followState,
  listSubscriptions,
  runningSubscription,
  type Subscriptions,
  subscribe,
  subscriptionProblem,
} from "./account/subscriptions.ts";
import type { Context } from "./context.ts";
import { type LedgerTenant, rememberAccount } from "./ledger/tenants.ts";
import { firstBillableHour, reachMs } from "./meter/diff.ts";

/** The account as one run sees it: a handful of calls for the whole fleet. */
export interface AccountView {
  readonly catalogue: Catalogue;
  readonly customers: Customers;
  readonly subscriptions: Subscriptions;
  readonly sessions: SetupSessions;
}

/** `tenants` are those to be billed, `known` all that the ledger ever saw. */
export async function viewAccount(
  context: Context,
  tenants: readonly LedgerTenant[],
  known: readonly LedgerTenant[],
  now: number,
): Promise<AccountView> {
  const stripe = context.stripe();
  const used = new Set(tenants.filter((tenant) => exemption(tenant) === null).map((tenant) => tenant.outputs.plan));
  const catalogue = await findCatalogue(
    stripe,
    [...context.plans.values()].filter((plan) => used.has(plan.id)),
  );
  const customers = await listCustomers(stripe, context.stack);
  const subscriptions = await listSubscriptions(stripe);
  const open = new Set(tenants.map((tenant) => tenant.uid));
  const gone = new Set(known.map((tenant) => tenant.uid).filter((uid) => !open.has(uid)));
  for (const stray of strayCustomers(customers, open, gone, subscriptions))
    context.problems.add(
      undefined,
      `Stripe customer ${stray.id} (${stray.name ?? "no name"}) belongs to no tenant of this stack: somebody may be paying for nothing`,
    );
  return { catalogue, customers, subscriptions, sessions: await listSetupSessions(stripe, now) };
}

/** Why a tenant is never billed; null for one that is. */
export function exemption(tenant: LedgerTenant): string | null {
  if (tenant.outputs.exempt !== null) return tenant.outputs.exempt;
  return tenant.outputs.adopt === null ? null : `being brought in (${tenant.outputs.adopt.step})`;
}

export interface Standing {
  readonly exempt: string | null;
  readonly plan: Plan;
  readonly customer: string | undefined;
  /** By which hours are billed: the running one, or one that ended a few days ago and still has its last invoice to come. */
  readonly billing: Billing | undefined;
  /** What was or would be done, for people. */
  readonly actions: readonly string[];
}

export interface Billing {
  readonly customer: string;
  readonly subscription: Stripe.Subscription;
  readonly subscribedAt: number;
  /** Hours from here on belong to no subscription. */
  readonly endsAt: number;
  readonly prices: PlanPrices;
}

/** Stripe's own timer makes a last invoice final by then. */
const lastInvoiceOpenMs = 72 * hourMs;
/** A last invoice is made when the subscription ends and closed within three days; a schedule that was down is caught up with as far as hours are. */
const lastInvoiceWithinMs = reachMs;

export async function standingOf(
  context: Context,
  account: AccountView,
  tenant: LedgerTenant,
  isClosed: (hour: HourZ) => boolean,
  now: number,
  write: boolean,
): Promise<Standing> {
  const plan = context.plans.get(tenant.outputs.plan);
  if (!plan) throw new OperatorError(`${tenant.outputs.slug}: its plan ${tenant.outputs.plan} is not in tenants/plans/`);
  const exempt = exemption(tenant);
  const owner: CustomerOwner = {
    uid: tenant.uid,
    slug: tenant.outputs.slug,
    name: tenant.outputs.name,
    customer: tenant.outputs.customer,
  };
  const actions: string[] = [];
  const active = tenant.outputs.state === "active" && tenant.leftAt === undefined;

  let customer = customerOf(account.customers, context.stack, owner);
  if (exempt !== null) {
    const running = customer && runningSubscription(account.subscriptions.get(customer.id) ?? [], owner.slug);
    if (running)
      throw new OperatorError(
        `${owner.slug}: exempt (${exempt}), but its subscription ${running.id} still runs: cancel it, or remove the exemption`,
      );
    return { exempt, plan, customer: customer?.id, billing: undefined, actions };
  }
  const prices = account.catalogue.prices.get(plan.id);
  if (!prices) throw new OperatorError(`the Stripe account lacks the prices of plan ${plan.id}: run \`fleet billing setup\``);
  if (!customer || customer.metadata.tenant_uid !== tenant.uid) {
    if (active) actions.push(customer ? `mark customer ${customer.id}` : "make a customer");
    if (active && write) customer = await ensureCustomer(context.stripe(), account.customers, context.stack, owner);
  }
  if (!customer) return { exempt, plan, customer: undefined, billing: undefined, actions };
  const withCard = write ? await takeCard(context.stripe(), customer, account.sessions) : customer;
  if (withCard !== customer) actions.push("took the new card");

  const all = account.subscriptions.get(customer.id) ?? [];
  let subscription = runningSubscription(all, owner.slug);
  const last = justEnded(all, now);
  if (!subscription && active && last && invoiceIsOpen(last, isClosed, now))
    actions.push(`subscribes again after the last invoice of ${last.id}`);
  else if (!subscription && active) {
    if (hasCard(withCard) || plan.collection === "send_invoice") {
      actions.push("subscribe");
      if (write)
        subscription = await subscribe(context.stripe(), {
          uid: tenant.uid,
          stack: context.stack,
          customer: customer.id,
          plan,
          prices,
          before: all.length,
        });
    } else if (account.sessions.complete.has(customer.id) && !write) actions.push("take the new card and subscribe");
    else actions.push(`waits for a card: \`fleet billing link ${owner.slug}\` makes a link`);
  } else if (subscription && write) subscription = await followState(context.stripe(), subscription, active, context.run);
  subscription ??= last;
  if (subscription && write)
    await context.lease.write((tx) =>
      rememberAccount(tx, tenant.uid, {
        customer: customer.id,
        subscription: subscription.id,
        subscribedAt: subscription.start_date * 1000,
      }),
    );
  else if (write) await context.lease.write((tx) => rememberAccount(tx, tenant.uid, { customer: customer.id }));
  return {
    exempt,
    plan,
    customer: customer.id,
    billing: subscription && billingOf(context, tenant, subscription, customer.id, prices),
    actions,
  };
}

function billingOf(
  context: Context,
  tenant: LedgerTenant,
  subscription: Stripe.Subscription,
  customer: string,
  prices: PlanPrices,
): Billing | undefined {
  const problem = subscriptionProblem(subscription, prices);
  if (problem) {
    context.problems.add(tenant.uid, new OperatorError(`${tenant.outputs.slug}: ${problem}`));
    return undefined;
  }
  if (subscription.status === "incomplete")
    context.problems.add(
      tenant.uid,
      new OperatorError(
        `${tenant.outputs.slug}: the first payment of ${subscription.id} failed; the tenant must pay or give another card within 23 hours`,
      ),
    );
  const endsAt = subscription.ended_at === null ? Number.POSITIVE_INFINITY : subscription.ended_at * 1000;
  return { customer, subscription, subscribedAt: subscription.start_date * 1000, endsAt, prices };
}

function justEnded(all: readonly Stripe.Subscription[], now: number): Stripe.Subscription | undefined {
  return all
    .filter((one) => one.status === "canceled" && one.ended_at !== null && one.ended_at * 1000 > now - lastInvoiceWithinMs)
    .sort((one, other) => (other.ended_at ?? 0) - (one.ended_at ?? 0))[0];
}

/** Hours are posted and months closed by one subscription at a time, the old one's last hours first. One that was cancelled within a
 *  month by a person makes no renewal to wait for. */
function invoiceIsOpen(last: Stripe.Subscription, isClosed: (hour: HourZ) => boolean, now: number): boolean {
  const endedAt = (last.ended_at ?? 0) * 1000;
  const withMonth = endedAt - monthStart(endedAt) < hourMs;
  return withMonth && !isClosed(hourOf(endedAt - hourMs)) && now < endedAt + lastInvoiceOpenMs;
}

/** Whether the hour is billed to the subscription at all. */
export function isBillable(billing: Billing, hour: HourZ): boolean {
  return hour >= firstBillableHour(billing.subscribedAt) && hourStart(hour) < billing.endsAt;
}
