/** One Stripe customer a tenant: usage belongs to (customer, meter), so two tenants on one customer would overwrite each other's hours. */
import type Stripe from "stripe";
import { OperatorError } from "../../domain/error.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { findMarker, marker } from "../../domain/marker.ts";
import type { StripeClient } from "../../vendors/stripe/client.ts";
import { isRunning, type Subscriptions } from "./subscriptions.ts";

/** All customers of this stack, by tenant. Listed and filtered: Stripe's search is up to an hour behind. */
export interface Customers {
  readonly byTenant: ReadonlyMap<string, readonly Stripe.Customer[]>;
  readonly byId: ReadonlyMap<string, Stripe.Customer>;
}

export interface CustomerOwner {
  readonly uid: TenantUid;
  readonly slug: string;
  readonly name: string;
  /** The customer that the tenant's file names. */
  readonly customer: string | null;
}

export async function listCustomers(stripe: StripeClient, stack: string): Promise<Customers> {
  const all = await stripe.read("GET /v1/customers", (sdk) =>
    sdk.customers.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 }),
  );
  const byTenant = new Map<string, Stripe.Customer[]>();
  for (const customer of all) {
    const uid = customer.metadata.tenant_uid;
    if (uid && stackOf(customer) === stack) byTenant.set(uid, [...(byTenant.get(uid) ?? []), customer]);
  }
  return { byTenant, byId: new Map(all.map((customer) => [customer.id, customer])) };
}

/** The tenant's customer, or undefined where there is none yet. Throws OperatorError where it cannot be told, or belongs to somebody else. */
export function customerOf(customers: Customers, stack: string, owner: CustomerOwner): Stripe.Customer | undefined {
  const marked = customers.byTenant.get(owner.uid) ?? [];
  const [first, ...more] = marked;
  if (more.length)
    throw new OperatorError(
      `${owner.slug}: ${marked.map((one) => one.id).join(" and ")} both say tenant_uid ${owner.uid}: remove the metadata from all but the one with the subscription`,
    );
  if (owner.customer === null) return first;
  const named = customers.byId.get(owner.customer);
  if (!named) throw new OperatorError(`${owner.slug}: billing.customer ${owner.customer} does not exist in this Stripe account`);
  const other = named.metadata.tenant_uid;
  if ((other && other !== owner.uid) || (stackOf(named) !== undefined && stackOf(named) !== stack))
    throw new OperatorError(
      `${owner.slug}: customer ${named.id} belongs to ${named.metadata.fleet ?? other}: every tenant has a customer of its own`,
    );
  if (first && first.id !== named.id)
    throw new OperatorError(
      `${owner.slug}: the file names ${named.id}, but ${first.id} says tenant_uid ${owner.uid}: let one of them go`,
    );
  return named;
}

/** The tenant's customer, made or marked where needed. */
export async function ensureCustomer(
  stripe: StripeClient,
  customers: Customers,
  stack: string,
  owner: CustomerOwner,
): Promise<Stripe.Customer> {
  const found = customerOf(customers, stack, owner);
  const metadata = { tenant_uid: owner.uid, fleet: marker(stack, owner.uid) };
  if (found && found.metadata.tenant_uid === owner.uid && found.metadata.fleet === metadata.fleet) return found;
  if (found)
    return stripe.write("POST /v1/customers/:id", `customer-mark:${stack}:${owner.uid}:${found.id}`, (sdk, options) =>
      sdk.customers.update(found.id, { metadata }, options),
    );
  return stripe.ensure("POST /v1/customers", `customer:${stack}:${owner.uid}`, {
    find: async () => customerOf(await listCustomers(stripe, stack), stack, owner),
    make: (sdk, options) => sdk.customers.create({ name: owner.name, description: metadata.fleet, metadata }, options),
  });
}

/** Customers that carry this stack's mark and belong to no tenant that is billed: somebody may be paying for nothing. One whose tenant
 *  is long `gone` stays in Stripe for its invoices, and only a subscription that still runs makes it stray. */
export function strayCustomers(
  customers: Customers,
  open: ReadonlySet<string>,
  gone: ReadonlySet<string>,
  subscriptions: Subscriptions,
): Stripe.Customer[] {
  const runs = (customer: Stripe.Customer) => (subscriptions.get(customer.id) ?? []).some(isRunning);
  return [...customers.byTenant]
    .filter(([uid]) => !open.has(uid))
    .flatMap(([uid, some]) => (gone.has(uid) ? some.filter(runs) : some));
}

function stackOf(customer: Stripe.Customer): string | undefined {
  return findMarker(customer.metadata.fleet ?? "")?.stack;
}
