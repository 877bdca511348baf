import { Customer } from "./customers.ts";
import { acceptedAtOnce, type ReceivedEvent } from "./meter-events.ts";
import { isMetered } from "./prices.ts";
import type { World } from "./world.ts";

type Fields = Record<string, unknown>;

/** How each list of `state()` becomes objects; in this order, because later ones name earlier ones. */
const readers: Readonly<Record<string, (world: World, given: Fields) => void>> = {
  testClocks: (world, given) => {
    const now = world.now();
    const clock = world.testClocks.add(world.testClocks.parse({ created: now, deletes_after: now + 30 * 86_400, ...given }));
    world.schedule("deleteClock", clock.id, clock.deletes_after);
  },
  meters: (world, given) => {
    world.meters.add(
      world.meters.parse({ created: world.now(), updated: world.now(), display_name: given.event_name, ...given }),
    );
  },
  products: (world, given) => {
    world.products.add(world.products.parse({ created: world.now(), updated: world.now(), ...given }));
  },
  prices: (world, given) => {
    world.prices.add(world.prices.parse({ created: world.now(), ...given }));
  },
  customers: (world, given) => {
    const id = String(given.id);
    const customer = world.customers.parse({ created: world.now(), invoice_prefix: id.slice(4, 12).toUpperCase(), ...given });
    world.customers.add(Customer.parse(customer));
  },
  paymentMethods: (world, given) => {
    const card = fieldsOf(given.card);
    const declines = card.last4 === "0341" ? { behaviour: "declines" } : {};
    world.paymentMethods.add(world.paymentMethods.parse({ created: world.now(), ...card, ...declines, ...given }));
  },
  subscriptions: seedSubscription,
  invoices: seedInvoice,
  meterEvents: (world, given) => {
    const { created, ...event } = given;
    acceptedAtOnce(world, meterEventOf(event), typeof created === "number" ? created : world.now());
  },
};

/** Adds objects with given ids, in the shapes of `state()`. What is left out has Stripe's default. Throws an Error that names every list or object that is wrong; the right ones have been added then, and the caller goes back. */
export function seed(world: World, objects: Fields): void {
  const problems = Object.keys(objects)
    .filter((name) => !readers[name])
    .map((name) => `${name}: unknown; can be seeded: ${Object.keys(readers).join(", ")}`);
  for (const [name, read] of Object.entries(readers)) {
    const list = objects[name] ?? [];
    if (!Array.isArray(list)) {
      problems.push(`${name}: must be a list`);
      continue;
    }
    list.forEach((given: unknown, index) => {
      try {
        read(world, fieldsOf(given));
      } catch (error) {
        problems.push(`${name}[${index}]: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  }
  if (problems.length > 0) throw new Error(`stripe seed: ${problems.join("; ")}`);
}

function seedSubscription(world: World, given: Fields): void {
  const now = world.now();
  const listed = fieldsOf(given.items).data ?? given.items;
  const items = (Array.isArray(listed) ? listed : []).map((item: unknown) => {
    const fields = fieldsOf(item);
    const price = typeof fields.price === "string" ? fields.price : fieldsOf(fields.price).id;
    return { created: now, usage_from: fields.current_period_start, ...fields, price };
  });
  const subscription = world.subscriptions.parse({
    created: now,
    start_date: given.created ?? now,
    billing_cycle_anchor: given.billing_cycle_anchor ?? fieldsOf(items[0]).current_period_start,
    ...given,
    items,
  });
  world.customer(subscription.customer);
  for (const item of subscription.items) {
    const price = world.prices.get(item.price);
    if (!price) throw new Error(`items: no such price ${item.price}; seed it too`);
    if (!isMetered(price)) item.quantity ??= 1;
  }
  world.subscriptions.add(subscription);
  for (const end of new Set(subscription.items.map((item) => item.current_period_end)))
    world.schedule("periodEnd", subscription.id, end, subscription.test_clock);
  if (subscription.cancel_at !== null)
    world.schedule("cancelAt", subscription.id, subscription.cancel_at, subscription.test_clock);
}

function seedInvoice(world: World, given: Fields): void {
  const now = world.now();
  const parent = fieldsOf(fieldsOf(given.parent).subscription_details);
  const transitions = fieldsOf(given.status_transitions);
  const data = fieldsOf(given.lines).data ?? given.lines;
  const invoice = world.invoices.parse({
    created: now,
    period_start: now,
    period_end: now,
    subscription: parent.subscription ?? null,
    amount_due: given.total ?? 0,
    subtotal: given.total ?? 0,
    ...transitions,
    ...given,
    lines: (Array.isArray(data) ? data : []).map((line: unknown) => lineOf(world, String(given.customer), fieldsOf(line))),
  });
  world.customer(invoice.customer);
  world.invoices.add(invoice);
  const clock = invoice.test_clock;
  if (invoice.status === "draft" && invoice.automatically_finalizes_at !== null)
    world.schedule("finalize", invoice.id, invoice.automatically_finalizes_at, clock);
  if (invoice.status === "open" && invoice.next_payment_attempt !== null)
    world.schedule("collect", invoice.id, invoice.next_payment_attempt, clock);
  if (invoice.status === "open" && invoice.due_date !== null) world.schedule("overdue", invoice.id, invoice.due_date, clock);
}

/** A line in Stripe's shape; a metered one counts its usage again when its draft is finalized. */
function lineOf(world: World, customer: string, given: Fields): Fields {
  const details = fieldsOf(fieldsOf(given.parent).subscription_item_details);
  const priceId = fieldsOf(fieldsOf(given.pricing).price_details).price;
  const price = typeof priceId === "string" ? world.prices.get(priceId) : undefined;
  const period = fieldsOf(given.period);
  const subscription = details.subscription ?? null;
  return {
    description: null,
    quantity: given.quantity_decimal ?? (given.quantity === undefined || given.quantity === null ? null : String(given.quantity)),
    id: given.id ?? world.id("il_"),
    amount: given.amount,
    period,
    price: priceId ?? null,
    unit_amount: price?.unit_amount ?? null,
    subscription,
    subscription_item: details.subscription_item ?? null,
    proration: details.proration ?? false,
    usage:
      price && isMetered(price)
        ? {
            meter: price.recurring?.meter ?? "",
            customer,
            subscription,
            from: period.start,
            to: period.end,
            priceFrom: null,
            priceTo: null,
          }
        : null,
  };
}

function meterEventOf(given: Fields): ReceivedEvent {
  const { event_name: name, identifier, timestamp, payload } = given;
  if (typeof name !== "string" || typeof timestamp !== "number")
    throw new Error("event_name and timestamp (epoch seconds) are needed");
  const entries = Object.entries(fieldsOf(payload)).map(([key, value]): [string, string] => [key, String(value)]);
  return {
    event_name: name,
    timestamp,
    payload: Object.fromEntries(entries),
    ...(typeof identifier === "string" ? { identifier } : {}),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}
