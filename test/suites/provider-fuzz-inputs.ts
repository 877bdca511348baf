/** Random inputs for a resource, made from its own zod definition as JSON Schema shows it. */
import fc from "fast-check";
import { z } from "zod";
import type { Properties, Resource } from "../../infra/providers/shell/resource.ts";
import { unknown } from "../../infra/providers/shell/unknown.ts";

export interface Fuzzed {
  /** `right`: by the definition; `unknowns`: the same with values that the engine does not know yet; `broken`: one value replaced; `wild`: anything. */
  readonly kind: "right" | "unknowns" | "broken" | "wild";
  readonly news: Properties;
  readonly olds: Properties;
  readonly state: Properties;
  readonly ignoreChanges: readonly string[];
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Every kind of input, for one resource. */
export function fuzzed(resource: Resource<Properties, Properties, never>): fc.Arbitrary<Fuzzed> {
  const schema = z.toJSONSchema(resource.inputs);
  const right = bySchema(schema).map(asProperties);
  const names = Object.keys(schema.properties ?? {});
  const wild = fc.dictionary(fc.oneof(fc.constantFrom(...names), anyKey), anyValue, { maxKeys: 8 });
  const broken = fc
    .tuple(right, fc.oneof(fc.constantFrom(...names), anyKey), anyValue)
    .map(([inputs, name, value]) => ({ ...inputs, [name]: value }));
  const unknowns = fc
    .tuple(right, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }))
    .map(([inputs, picks]) => withUnknowns(inputs, picks));
  const news = fc.oneof(
    fc.record({ kind: fc.constant("right" as const), news: right }),
    fc.record({ kind: fc.constant("unknowns" as const), news: unknowns }),
    fc.record({ kind: fc.constant("broken" as const), news: broken }),
    fc.record({ kind: fc.constant("wild" as const), news: wild }),
  );
  const rest = fc.record({
    olds: fc.oneof(fc.constant({}), right, wild),
    state: fc.oneof(right, wild),
    ignoreChanges: fc.array(fc.oneof(fc.constantFrom(...names), fc.string()), { maxLength: 2 }),
  });
  // The olds of a change are often nearly the same.
  return fc
    .tuple(news, rest, fc.boolean())
    .map(([now, others, same]) => ({ ...now, ...others, ...(same && { olds: now.news }) }));
}

/** Not `__proto__`: the protocol's library drops it on the way. */
const anyKey = fc
  .oneof(fc.string(), fc.constantFrom("constructor", "toString", "a.b", "a[0]", "", "id", "urn"))
  .filter((key) => key !== "__proto__");
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constant(unknown),
  fc.constantFrom<unknown>("", " ", "\u0000", "😀", "ﬁ", -1, 0, 1e308, null, [], {}),
);

function bySchema(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.filter(isSchema).map(bySchema));
  switch (schema.type) {
    case "string":
      return schema.pattern ? fc.stringMatching(new RegExp(schema.pattern, "u"), { maxLength: 12 }) : text(schema);
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: whole(schema.minimum, schema.exclusiveMinimum), max: Math.min(schema.maximum ?? 1_000, 1_000) });
    case "number":
      return fc.integer({ min: whole(schema.minimum, schema.exclusiveMinimum), max: 500 });
    case "null":
      return fc.constant(null);
    case "array":
      return isSchema(schema.items) ? fc.array(bySchema(schema.items), { maxLength: 3 }) : fc.array(fc.jsonValue());
    case "object":
      return object(schema);
    default:
      return fc.jsonValue();
  }
}

function object(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.properties) {
    const parts = Object.entries(schema.properties).flatMap(([name, value]) =>
      isSchema(value) ? [[name, bySchema(value)] as const] : [],
    );
    const requiredKeys = schema.required ?? [];
    return fc.record(Object.fromEntries(parts), {
      requiredKeys: parts.map(([name]) => name).filter((name) => requiredKeys.includes(name)),
    });
  }
  const values = isSchema(schema.additionalProperties) ? bySchema(schema.additionalProperties) : fc.jsonValue();
  const names = isSchema(schema.propertyNames) ? bySchema(schema.propertyNames).map(String) : fc.string();
  return fc.dictionary(names, values, { maxKeys: 4, noNullPrototype: true });
}

function text({ minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  return fc
    .string({ unit: "grapheme", minLength, maxLength: Math.max(minLength, Math.min(maxLength, minLength + 12)) })
    .filter((made) => made.length <= maxLength);
}

function whole(minimum: number | undefined, exclusive: number | boolean | undefined): number {
  return Math.max(0, minimum ?? 0, typeof exclusive === "number" ? exclusive + 1 : 0);
}

/** Replaces values anywhere in it, at least one. */
function withUnknowns(inputs: Properties, picks: readonly number[]): Properties {
  const copy = structuredClone(inputs);
  const places: { readonly owner: Properties; readonly name: string }[] = [];
  const collect = (owner: Properties) => {
    for (const [name, value] of Object.entries(owner)) {
      places.push({ owner, name });
      if (typeof value === "object" && value !== null && !Array.isArray(value)) collect(value as Properties);
    }
  };
  collect(copy);
  for (const pick of picks) {
    const place = places[pick % places.length];
    if (place) place.owner[place.name] = unknown;
  }
  return copy;
}

function asProperties(value: unknown): Properties {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
