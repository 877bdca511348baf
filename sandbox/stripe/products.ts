import * as z from "zod";
import { emit } from "./events.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, flag, mergeMetadata, metadata, paging, text, timeRange } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import { searchOperation } from "./search.ts";
import type { World } from "./world.ts";

/** What is sold. */
export const Product = z.object({
  id: z.string(),
  created: z.number(),
  updated: z.number(),
  name: z.string(),
  active: z.boolean().default(true),
  description: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.string()).default({}),
  default_price: z.string().nullable().default(null),
  statement_descriptor: z.string().nullable().default(null),
  unit_label: z.string().nullable().default(null),
  url: z.string().nullable().default(null),
});
export type Product = z.infer<typeof Product>;

/** The product as Stripe answers it. */
export function renderProduct(product: Product): object {
  return {
    ...product,
    object: "product",
    images: [],
    livemode: false,
    marketing_features: [],
    package_dimensions: null,
    shippable: null,
    tax_code: null,
    tax_details: null,
    type: "service",
  };
}

const shared = {
  active: flag.optional(),
  description: clearable().optional(),
  metadata: metadata.optional(),
  statement_descriptor: clearable(22).optional(),
  unit_label: clearable(12).optional(),
  url: clearable().optional(),
  expand,
};

/** The calls of this kind that are served. */
export const productOperations: readonly Operation[] = [
  operation("POST", "/v1/products", z.strictObject({ ...shared, name: text(250), id: text().optional() }), (world, params) => {
    if (params.id && world.products.get(params.id))
      throw new Refusal(`Product already exists: ${params.id}`, { code: "resource_already_exists", param: "id" });
    const product = world.products.add(
      Product.parse({
        ...params,
        metadata: mergeMetadata({}, params.metadata),
        id: params.id ?? world.id("prod_"),
        created: world.now(),
        updated: world.now(),
      }),
    );
    emit(world, "product.created", renderProduct(product));
    return renderProduct(product);
  }),
  operation(
    "GET",
    "/v1/products",
    z.strictObject({ ...paging, active: flag.optional(), created: timeRange, ids: z.array(text()).optional() }),
    (world, params) => {
      const found = world.products
        .newestFirst()
        .filter(
          (product) =>
            (params.active === undefined || product.active === params.active) &&
            within(product.created, params.created) &&
            (!params.ids || params.ids.includes(product.id)),
        );
      return page(world, found, params, "/v1/products", renderProduct);
    },
  ),
  searchOperation("/v1/products/search", (world) =>
    world.products.newestFirst().map((product) => ({ id: product.id, created: product.created, body: renderProduct(product) })),
  ),
  operation("GET", "/v1/products/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderProduct(existingProduct(world, id)),
  ),
  operation(
    "POST",
    "/v1/products/:id",
    z.strictObject({ ...shared, name: text(250).optional(), default_price: clearable().optional() }),
    (world, params, id) => {
      const product = existingProduct(world, id);
      const { metadata: changes, expand: _expand, ...fields } = params;
      if (fields.default_price && world.prices.get(fields.default_price)?.product !== id)
        throw missing("price", fields.default_price, "default_price", 400);
      Object.assign(product, fields, { metadata: mergeMetadata(product.metadata, changes), updated: world.now() });
      emit(world, "product.updated", renderProduct(product));
      return renderProduct(product);
    },
  ),
  operation("DELETE", "/v1/products/:id", z.strictObject({}), (world, _params, id) => {
    const product = existingProduct(world, id);
    if (world.prices.all().some((price) => price.product === id))
      throw new Refusal("This product cannot be deleted because it has one or more user-created prices.", {});
    world.products.remove(id);
    emit(world, "product.deleted", renderProduct(product));
    return { id, object: "product", deleted: true };
  }),
];

/** The product; 404 (or, inside a body, 400) otherwise. */
export function existingProduct(world: World, id: string, param = "id"): Product {
  const product = world.products.get(id);
  if (!product) throw missing("product", id, param, param === "id" ? 404 : 400);
  return product;
}
