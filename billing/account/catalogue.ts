/** What the Stripe account must hold before anybody is billed: one meter, and each plan's two prices. Found by event name and lookup key, never by a fixed id. */
import type Stripe from "stripe";
import { OperatorError, RefusedError } from "../../domain/error.ts";
import type { Plan } from "../../tenants/plan.ts";
import type { StripeClient } from "../../vendors/stripe/client.ts";

/** The meter's event name. An hourly window keeps the newest event of a customer and UTC hour only. */
export const eventName = "billable_hours";

export interface PlanPrices {
  readonly flat: string;
  readonly hour: string;
}

export interface Catalogue {
  readonly meter: string;
  readonly prices: ReadonlyMap<Plan["id"], PlanPrices>;
}

export interface CataloguePart {
  readonly kind: "meter" | "flat" | "hour";
  readonly plan: string | null;
  readonly id: string;
  readonly made: boolean;
}

/** The keys by which a plan's prices are found again. */
export function lookupKeys(plan: Pick<Plan, "id" | "priceVersion">): { readonly flat: string; readonly hour: string } {
  return { flat: `fleet:${plan.id}:flat:${plan.priceVersion}`, hour: `fleet:${plan.id}:hour:${plan.priceVersion}` };
}

/** Reads the catalogue; throws OperatorError naming everything that `fleet billing setup` has yet to make. */
export async function findCatalogue(stripe: StripeClient, plans: readonly Plan[]): Promise<Catalogue> {
  const meter = await findMeter(stripe);
  const prices = new Map<string, PlanPrices>();
  const missing = meter ? [] : [`the meter ${eventName}`];
  for (const plan of plans) {
    const found = await findPrices(stripe, plan);
    if (meter) for (const price of [found.flat, found.hour]) if (price) checkPrice(price, plan, meter.id);
    if (found.flat && found.hour) prices.set(plan.id, { flat: found.flat.id, hour: found.hour.id });
    else missing.push(`the prices of plan ${plan.id}`);
  }
  if (!meter || missing.length)
    throw new OperatorError(`the Stripe account lacks ${missing.join(" and ")}: run \`fleet billing setup\``);
  return { meter: meter.id, prices };
}

/** Makes what is missing and reads everything back; a second call makes nothing. Throws RefusedError where an object contradicts its plan. */
export async function setUpCatalogue(stripe: StripeClient, plans: readonly Plan[]): Promise<CataloguePart[]> {
  const parts: CataloguePart[] = [];
  const meter = await made(parts, "meter", null, await findMeter(stripe), () =>
    stripe.ensure("POST /v1/billing/meters", `meter:${eventName}`, {
      find: () => findMeter(stripe),
      make: (sdk, options) =>
        sdk.billing.meters.create(
          {
            display_name: "Billable hours",
            event_name: eventName,
            default_aggregation: { formula: "sum" },
            // Irreversible, and what makes a repeated post harmless.
            event_time_window: "hour",
            customer_mapping: { type: "by_id", event_payload_key: "stripe_customer_id" },
            value_settings: { event_payload_key: "value" },
          },
          options,
        ),
    }),
  );
  for (const plan of plans) {
    for (const kind of ["flat", "hour"] as const) {
      const find = async () => (await findPrices(stripe, plan))[kind];
      const price = await made(parts, kind, plan.id, await find(), async () => {
        const product = await ensureProduct(stripe, plan, kind);
        return stripe.ensure("POST /v1/prices", `price:${lookupKeys(plan)[kind]}`, {
          find,
          make: (sdk, options) => sdk.prices.create(priceOf(plan, kind, product, meter.id), options),
        });
      });
      checkPrice(price, plan, meter.id);
    }
  }
  return parts;
}

async function made<T extends { id: string }>(
  parts: CataloguePart[],
  kind: CataloguePart["kind"],
  plan: string | null,
  found: T | undefined,
  make: () => Promise<T>,
): Promise<T> {
  const object = found ?? (await make());
  parts.push({ kind, plan, id: object.id, made: found === undefined });
  return object;
}

function priceOf(plan: Plan, kind: "flat" | "hour", product: string, meter: string): Stripe.PriceCreateParams {
  return {
    currency: plan.currency,
    product,
    lookup_key: lookupKeys(plan)[kind],
    unit_amount: kind === "flat" ? plan.flatAmountCents : plan.hourAmountCents,
    recurring: kind === "flat" ? { interval: "month" } : { interval: "month", usage_type: "metered", meter },
    metadata: { fleet_plan: plan.id },
  };
}

async function findMeter(stripe: StripeClient): Promise<Stripe.Billing.Meter | undefined> {
  const meters = await stripe.read("GET /v1/billing/meters", (sdk) =>
    sdk.billing.meters.list({ status: "active", limit: 100 }).autoPagingToArray({ limit: 10_000 }),
  );
  const meter = meters.find((one) => one.event_name === eventName);
  if (meter && (meter.event_time_window !== "hour" || meter.default_aggregation.formula !== "sum")) {
    throw new RefusedError(
      `the account's meter ${meter.id} (${eventName}) is not an hourly sum: posting to it twice would bill twice. Deactivate it in the dashboard, then run \`fleet billing setup\``,
    );
  }
  return meter;
}

async function findPrices(
  stripe: StripeClient,
  plan: Plan,
): Promise<{ flat: Stripe.Price | undefined; hour: Stripe.Price | undefined }> {
  const keys = lookupKeys(plan);
  const { data } = await stripe.read("GET /v1/prices", (sdk) =>
    sdk.prices.list({ lookup_keys: [keys.flat, keys.hour], active: true, limit: 10 }),
  );
  return {
    flat: data.find((price) => price.lookup_key === keys.flat),
    hour: data.find((price) => price.lookup_key === keys.hour),
  };
}

/** What invoice lines are called. */
async function ensureProduct(stripe: StripeClient, plan: Plan, kind: "flat" | "hour"): Promise<string> {
  const id = `fleet-${plan.id}-${kind}`;
  const product = await stripe.ensure("POST /v1/products", `product:${id}`, {
    find: async () => {
      const { data } = await stripe.read("GET /v1/products", (sdk) => sdk.products.list({ ids: [id], limit: 1 }));
      return data[0];
    },
    make: (sdk, options) =>
      sdk.products.create(
        { id, name: kind === "flat" ? `AI-DIY ${plan.name}, monthly` : "Clock hour with activity (UTC)" },
        options,
      ),
  });
  return product.id;
}

function checkPrice(price: Stripe.Price, plan: Plan, meter: string): void {
  const flat = price.lookup_key === lookupKeys(plan).flat;
  const amount = flat ? plan.flatAmountCents : plan.hourAmountCents;
  const wrong =
    price.unit_amount !== amount
      ? `costs ${price.unit_amount} cents, the plan says ${amount}`
      : price.currency !== plan.currency
        ? `is in ${price.currency}, the plan in ${plan.currency}`
        : !flat && price.recurring?.meter !== meter
          ? `hangs on another meter than ${meter}`
          : undefined;
  if (wrong)
    throw new RefusedError(
      `price ${price.id} (${price.lookup_key}) ${wrong}: a plan never changes; write a new plan with a new priceVersion`,
    );
}
