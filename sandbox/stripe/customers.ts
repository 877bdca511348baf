import * as z from "zod";
import { moveBalance, renderBalance } from "./balance.ts";
import { emit } from "./events.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { attach, ownMethod } from "./payment-methods.ts";
import { missing, Refusal } from "./refusal.ts";
import { searchOperation } from "./search.ts";
import { endSubscription } from "./subscription-end.ts";
import { isLive } from "./subscriptions.ts";
import { joinClock } from "./test-clocks.ts";
import type { World } from "./world.ts";

/** A customer of ours: one per tenant. Deleted ones stay, marked. */
export const Customer = z.object({
  id: z.string(),
  created: z.number(),
  name: z.string().nullable().default(null),
  email: z.string().nullable().default(null),
  description: z.string().nullable().default(null),
  phone: z.string().nullable().default(null),
  /** Positive: owed to us; negative: credit of the customer. */
  balance: z.number().int().default(0),
  currency: z.string().nullable().default(null),
  delinquent: z.boolean().default(false),
  metadata: z.record(z.string(), z.string()).default({}),
  invoice_settings: z
    .object({ default_payment_method: z.string().nullable().default(null), footer: z.string().nullable().default(null) })
    .default({ default_payment_method: null, footer: null }),
  invoice_prefix: z.string().default(""),
  next_invoice_sequence: z.number().int().default(1),
  test_clock: z.string().nullable().default(null),
  deleted: z.boolean().default(false),
});
export type Customer = z.infer<typeof Customer>;

/** The customer as Stripe answers it. */
export function renderCustomer(customer: Customer): object {
  if (customer.deleted) return { id: customer.id, object: "customer", deleted: true };
  const { deleted: _deleted, ...fields } = customer;
  return {
    ...fields,
    object: "customer",
    address: null,
    default_source: null,
    discount: null,
    invoice_settings: { ...customer.invoice_settings, custom_fields: null, rendering_options: null },
    livemode: false,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    customer_account: null,
  };
}

const shared = {
  name: clearable(256).optional(),
  email: clearable(512).optional(),
  description: clearable().optional(),
  phone: clearable(20).optional(),
  balance: integer.optional(),
  metadata: metadata.optional(),
  invoice_settings: z.strictObject({ default_payment_method: clearable().optional(), footer: clearable().optional() }).optional(),
  expand,
};
const createParams = z.strictObject({ ...shared, payment_method: text().optional(), test_clock: text().optional() });

/** The calls of this kind that are served. */
export const customerOperations: readonly Operation[] = [
  operation("POST", "/v1/customers", createParams, (world, params) => {
    const id = world.id("cus_");
    const customer = world.customers.add(
      Customer.parse({
        id,
        created: world.now(),
        name: params.name ?? null,
        email: params.email ?? null,
        description: params.description ?? null,
        phone: params.phone ?? null,
        balance: params.balance ?? 0,
        metadata: mergeMetadata({}, params.metadata),
        invoice_prefix: id.slice(4, 12).toUpperCase(),
      }),
    );
    try {
      if (params.test_clock) joinClock(world, customer, params.test_clock);
      // The same test token in both places means one payment method.
      const attached = params.payment_method ? attach(world, params.payment_method, customer) : undefined;
      const wanted = params.invoice_settings?.default_payment_method;
      if (wanted)
        customer.invoice_settings.default_payment_method =
          wanted === params.payment_method && attached ? attached.id : ownMethod(world, wanted, customer).id;
      customer.invoice_settings.footer = params.invoice_settings?.footer ?? null;
    } catch (error) {
      world.customers.remove(id);
      throw error;
    }
    emit(world, "customer.created", renderCustomer(customer), customer.test_clock);
    return renderCustomer(customer);
  }),
  operation(
    "GET",
    "/v1/customers",
    z.strictObject({ ...paging, created: timeRange, email: text().optional(), test_clock: text().optional() }),
    (world, params) => {
      // Customers of a test clock are hidden from lists that do not name the clock.
      const found = world.customers
        .newestFirst()
        .filter(
          (customer) =>
            !customer.deleted &&
            customer.test_clock === (params.test_clock ?? null) &&
            within(customer.created, params.created) &&
            (!params.email || customer.email === params.email),
        );
      return page(world, found, params, "/v1/customers", renderCustomer);
    },
  ),
  searchOperation("/v1/customers/search", (world) =>
    world.customers
      .newestFirst()
      .filter((customer) => !customer.deleted && customer.test_clock === null)
      .map((customer) => ({ id: customer.id, created: customer.created, body: renderCustomer(customer) })),
  ),
  operation("GET", "/v1/customers/:id", z.strictObject({ expand }), (world, _params, id) => {
    const customer = world.customers.get(id);
    if (!customer) throw missing("customer", id);
    return renderCustomer(customer);
  }),
  operation("POST", "/v1/customers/:id", z.strictObject(shared), (world, params, id) => {
    const customer = existing(world, id);
    const before = renderCustomer(customer);
    const wanted = params.invoice_settings?.default_payment_method;
    if (wanted !== undefined)
      customer.invoice_settings.default_payment_method = wanted === null ? null : ownMethod(world, wanted, customer).id;
    if (params.invoice_settings?.footer !== undefined) customer.invoice_settings.footer = params.invoice_settings.footer;
    for (const field of ["name", "email", "description", "phone"] as const) {
      const value = params[field];
      if (value !== undefined) customer[field] = value;
    }
    if (params.balance !== undefined && params.balance !== customer.balance)
      moveBalance(world, customer, {
        amount: params.balance - customer.balance,
        currency: customer.currency ?? "usd",
        type: "adjustment",
      });
    customer.metadata = mergeMetadata(customer.metadata, params.metadata);
    emit(world, "customer.updated", renderCustomer(customer), customer.test_clock, { ...before });
    return renderCustomer(customer);
  }),
  operation("DELETE", "/v1/customers/:id", z.strictObject({}), (world, _params, id) => {
    const customer = existing(world, id);
    for (const subscription of world.subscriptions.values()) {
      if (subscription.customer === id && isLive(subscription)) endSubscription(world, subscription, "cancellation_requested");
    }
    emit(world, "customer.deleted", renderCustomer(customer), customer.test_clock);
    customer.deleted = true;
    return { id, object: "customer", deleted: true };
  }),
  operation("GET", "/v1/customers/:id/balance_transactions", z.strictObject(paging), (world, params, id) => {
    existing(world, id);
    const found = world.balanceTransactions.newestFirst().filter((transaction) => transaction.customer === id);
    return page(world, found, params, `/v1/customers/${id}/balance_transactions`, renderBalance);
  }),
  operation(
    "POST",
    "/v1/customers/:id/balance_transactions",
    z.strictObject({ amount: integer, currency: text(3), description: clearable().optional(), expand }),
    (world, params, id) => {
      const customer = existing(world, id);
      if (customer.currency && customer.currency !== params.currency)
        throw new Refusal(`The customer's currency is ${customer.currency}.`, { param: "currency" });
      return renderBalance(
        moveBalance(world, customer, {
          amount: params.amount,
          currency: params.currency,
          type: "adjustment",
          description: params.description ?? null,
        }),
      );
    },
  ),
];

function existing(world: World, id: string): Customer {
  const customer = world.customers.get(id);
  if (!customer || customer.deleted) throw missing("customer", id);
  return customer;
}
