import * as z from "zod";
import { emit } from "./events.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, flag, integer, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { existingProduct, Product } from "./products.ts";
import { missing, missingParam, Refusal } from "./refusal.ts";
import { searchOperation } from "./search.ts";
import type { World } from "./world.ts";

const Recurring = z.object({
  interval: z.enum(["day", "week", "month", "year"]),
  interval_count: z.number().int().positive().default(1),
  meter: z.string().nullable().default(null),
  usage_type: z.enum(["licensed", "metered"]).default("licensed"),
});

/** A price per unit in whole cents. Its amount never changes. */
export const Price = z.object({
  id: z.string(),
  created: z.number(),
  active: z.boolean().default(true),
  currency: z.string().default("usd"),
  product: z.string(),
  unit_amount: z.number().int(),
  lookup_key: z.string().nullable().default(null),
  nickname: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.string()).default({}),
  recurring: Recurring.nullable().default(null),
  tax_behavior: z.enum(["exclusive", "inclusive", "unspecified"]).default("unspecified"),
});
export type Price = z.infer<typeof Price>;

/** The price as Stripe answers it. */
export function renderPrice(price: Price): object {
  return {
    ...price,
    object: "price",
    billing_scheme: "per_unit",
    custom_unit_amount: null,
    livemode: false,
    recurring: price.recurring && { ...price.recurring, trial_period_days: null },
    tiers_mode: null,
    transform_quantity: null,
    type: price.recurring ? "recurring" : "one_time",
    unit_amount_decimal: String(price.unit_amount),
  };
}

/** The older shape of the same thing, still part of every subscription item. */
export function renderPlan(price: Price): object {
  return {
    id: price.id,
    object: "plan",
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: String(price.unit_amount),
    billing_scheme: "per_unit",
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? "month",
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: price.recurring?.meter ?? null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: price.recurring?.usage_type ?? "licensed",
  };
}

/** Billed by usage, in arrears. */
export function isMetered(price: Price): boolean {
  return price.recurring?.usage_type === "metered";
}

/** The price named in a body; 400 `resource_missing` otherwise. */
export function priceOf(world: World, id: string, param = "price"): Price {
  const price = world.prices.get(id);
  if (!price) throw missing("price", id, param, 400);
  return price;
}

const shared = {
  active: flag.optional(),
  lookup_key: clearable(200).optional(),
  transfer_lookup_key: flag.optional(),
  metadata: metadata.optional(),
  nickname: clearable().optional(),
  expand,
};
const createParams = z.strictObject({
  ...shared,
  currency: text(3),
  product: text().optional(),
  product_data: z.strictObject({ name: text(250), metadata: metadata.optional() }).optional(),
  unit_amount: integer.optional(),
  unit_amount_decimal: text().optional(),
  billing_scheme: z.enum(["per_unit"]).optional(),
  tax_behavior: z.enum(["exclusive", "inclusive", "unspecified"]).optional(),
  recurring: z
    .strictObject({
      interval: z.enum(["day", "week", "month", "year"]),
      interval_count: integer.optional(),
      meter: text().optional(),
      usage_type: z.enum(["licensed", "metered"]).optional(),
    })
    .optional(),
});

const listParams = z.strictObject({
  ...paging,
  active: flag.optional(),
  created: timeRange,
  currency: text().optional(),
  product: text().optional(),
  type: z.enum(["one_time", "recurring"]).optional(),
  lookup_keys: z.array(text()).max(10).optional(),
  recurring: z
    .strictObject({
      interval: z.enum(["day", "week", "month", "year"]).optional(),
      meter: text().optional(),
      usage_type: z.enum(["licensed", "metered"]).optional(),
    })
    .optional(),
});

/** The calls of this kind that are served. */
export const priceOperations: readonly Operation[] = [
  operation("POST", "/v1/prices", createParams, (world, params) => {
    refuseUnusable(world, params);
    const amount = unitAmount(params.unit_amount, params.unit_amount_decimal);
    const product = params.product
      ? existingProduct(world, params.product, "product")
      : world.products.add(
          Product.parse({
            id: world.id("prod_"),
            name: params.product_data?.name,
            metadata: mergeMetadata({}, params.product_data?.metadata),
            created: world.now(),
            updated: world.now(),
          }),
        );
    if (params.lookup_key) takeLookupKey(world, params.lookup_key, params.transfer_lookup_key ?? false);
    const price = world.prices.add(
      Price.parse({
        ...params,
        id: world.id("price_"),
        created: world.now(),
        product: product.id,
        unit_amount: amount,
        metadata: mergeMetadata({}, params.metadata),
        recurring: params.recurring ?? null,
      }),
    );
    emit(world, "price.created", renderPrice(price));
    return renderPrice(price);
  }),
  operation("GET", "/v1/prices", listParams, (world, params) => {
    const found = world.prices
      .newestFirst()
      .filter(
        (price) =>
          (params.active === undefined || price.active === params.active) &&
          within(price.created, params.created) &&
          (!params.currency || price.currency === params.currency) &&
          (!params.product || price.product === params.product) &&
          (!params.type || (price.recurring ? "recurring" : "one_time") === params.type) &&
          (!params.lookup_keys || (price.lookup_key !== null && params.lookup_keys.includes(price.lookup_key))) &&
          Object.entries(params.recurring ?? {}).every(
            ([key, value]) => price.recurring && Reflect.get(price.recurring, key) === value,
          ),
      );
    return page(world, found, params, "/v1/prices", renderPrice);
  }),
  searchOperation("/v1/prices/search", (world) =>
    world.prices.newestFirst().map((price) => ({ id: price.id, created: price.created, body: renderPrice(price) })),
  ),
  operation("GET", "/v1/prices/:id", z.strictObject({ expand }), (world, _params, id) => renderPrice(existingPrice(world, id))),
  operation("POST", "/v1/prices/:id", z.strictObject(shared), (world, params, id) => {
    const price = existingPrice(world, id);
    if (params.lookup_key && params.lookup_key !== price.lookup_key)
      takeLookupKey(world, params.lookup_key, params.transfer_lookup_key ?? false);
    if (params.lookup_key !== undefined) price.lookup_key = params.lookup_key;
    if (params.active !== undefined) price.active = params.active;
    if (params.nickname !== undefined) price.nickname = params.nickname;
    price.metadata = mergeMetadata(price.metadata, params.metadata);
    emit(world, "price.updated", renderPrice(price));
    return renderPrice(price);
  }),
];

function existingPrice(world: World, id: string): Price {
  const price = world.prices.get(id);
  if (!price) throw missing("price", id);
  return price;
}

function refuseUnusable(world: World, params: z.infer<typeof createParams>): void {
  if (!params.product && !params.product_data) throw missingParam("product");
  const recurring = params.recurring;
  if (recurring?.usage_type === "metered") {
    if (!recurring.meter)
      throw new Refusal("Prices with usage_type metered must be backed by a meter.", {
        param: "recurring[meter]",
        code: "parameter_missing",
      });
    const meter = world.meters.get(recurring.meter);
    if (!meter) throw missing("billing meter", recurring.meter, "recurring[meter]", 400);
    if (meter.status === "inactive")
      throw new Refusal(`The meter ${meter.id} is inactive and cannot be attached to a price.`, { param: "recurring[meter]" });
  } else if (recurring?.meter)
    throw new Refusal("A meter can only be set on a price with usage_type metered.", { param: "recurring[meter]" });
}

function unitAmount(amount: number | undefined, decimal: string | undefined): number {
  if (amount === undefined && decimal === undefined) throw missingParam("unit_amount");
  const cents = amount ?? Number(decimal);
  if (!Number.isInteger(cents) || cents < 0)
    throw new Refusal(`Invalid unit amount: ${decimal ?? amount}; this sandbox bills whole, non-negative cents only.`, {
      param: "unit_amount",
    });
  return cents;
}

function takeLookupKey(world: World, key: string, transfer: boolean): void {
  const holder = world.prices.all().find((price) => price.lookup_key === key);
  if (!holder) return;
  if (!transfer)
    throw new Refusal(
      `A price (\`${holder.id}\`) already uses that lookup key. To transfer the lookup key, pass transfer_lookup_key.`,
      { param: "lookup_key" },
    );
  holder.lookup_key = null;
}
