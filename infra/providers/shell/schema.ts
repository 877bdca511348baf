/** The package schema that `pulumi package get-schema`, `package gen-sdk` and the documentation read, generated from the zod definitions. */
import { z } from "zod";
import type { Properties, ProviderFunction, Resource } from "./resource.ts";

export interface PackageDescription {
  readonly name: string;
  readonly version: string;
  /** As people write it: `Railway`; the name if absent. */
  readonly displayName?: string;
  /** One or two sentences for a registry's page. */
  readonly description?: string;
  readonly resources: readonly Resource<Properties, Properties, never>[];
  readonly functions?: readonly ProviderFunction<Properties, never>[];
  readonly configSchema?: z.ZodType;
  /** Names in `configSchema` that are secret. */
  readonly configSecrets?: readonly string[];
}

/** Pulumi's package schema as plain data. Nested objects and choices become named types after their place: `railway:index:VolumeAlerts`.
 *  Throws on definitions that JSON Schema cannot say (transforms). */
export function packageSchema(description: PackageDescription): Properties {
  const { name, version, displayName = name, configSchema, configSecrets } = description;
  const types: Properties = {};
  const config = configSchema
    ? members(z.toJSONSchema(configSchema), { token: `${name}:index:Config`, types, secrets: configSecrets })
    : { properties: {}, required: [] };
  return {
    name,
    displayName,
    version,
    ...(description.description !== undefined && { description: description.description }),
    keywords: ["pulumi", name, "kind/native", "category/cloud"],
    language: { nodejs: { respectSchemaVersion: true } },
    meta: { moduleFormat: "(.*)" },
    config: { variables: config.properties },
    provider: {
      description: `How ${displayName} is reached.`,
      inputProperties: config.properties,
      ...listed("requiredInputs", config.required),
    },
    types,
    resources: Object.fromEntries(description.resources.map((resource) => [resource.token, resourceSpec(resource, types)])),
    functions: Object.fromEntries((description.functions ?? []).map((fn) => [fn.token, functionSpec(fn, types)])),
  };
}

interface Names {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: readonly string[];
}

const namesOf = new WeakMap<object, Names>();

/** Names of all outputs of a resource that are not inputs: what is unknown in the preview of a create. */
export function outputNames(resource: Resource<Properties, Properties, never>): readonly string[] {
  return names(resource).outputs;
}

/** Names of all inputs of a resource. */
export function inputNames(resource: Resource<Properties, Properties, never>): ReadonlySet<string> {
  return names(resource).inputs;
}

/** Asked for with every preview, so the definitions are read once. */
function names(resource: Resource<Properties, Properties, never>): Names {
  const known = namesOf.get(resource);
  if (known) return known;
  const inputs = new Set(Object.keys(z.toJSONSchema(resource.inputs).properties ?? {}));
  const made = resource.outputs ? Object.keys(z.toJSONSchema(resource.outputs).properties ?? {}) : [];
  const outputs = [...new Set([...made, ...(resource.stable ?? [])])].filter((name) => !inputs.has(name));
  namesOf.set(resource, { inputs, outputs });
  return { inputs, outputs };
}

function resourceSpec(resource: Resource<Properties, Properties, never>, types: Properties): Properties {
  const { token, secrets, replaceOnChange } = resource;
  const inputs = members(z.toJSONSchema(resource.inputs), { token, types, secrets, replaces: replaceOnChange });
  const outputs = resource.outputs ? members(z.toJSONSchema(resource.outputs), { token, types, secrets }) : inputs;
  return {
    description: `${resource.description}\n\n${rules(resource)}`,
    inputProperties: inputs.properties,
    ...listed("requiredInputs", inputs.required),
    properties: { ...inputs.properties, ...onlyNew(outputs.properties, inputs.properties) },
    ...listed("required", [...new Set([...inputs.required, ...outputs.required])]),
  };
}

/** The documented rules of changes and imports. */
function rules({ replaceOnChange, refuseChange, leftAlone, importId }: Resource<Properties, Properties, never>): string {
  const names = (list: readonly string[] | undefined) => (list ?? []).map((name) => `\`${name}\``).join(", ");
  return [
    replaceOnChange?.length ? `A change of ${names(replaceOnChange)} replaces the object.` : "It is never replaced.",
    refuseChange?.length ? `A change of ${names(refuseChange)} is refused: it would need a new object.` : "",
    leftAlone?.length ? `Left as they are at the vendor when absent: ${names(leftAlone)}.` : "",
    importId === undefined ? "" : `Import id: \`${importId}\``,
  ]
    .filter((line) => line !== "")
    .join("\n\n");
}

function functionSpec(fn: ProviderFunction<Properties, never>, types: Properties): Properties {
  const inputs = members(z.toJSONSchema(fn.inputs), { token: `${fn.token}Args`, types });
  const outputs = fn.outputs ? members(z.toJSONSchema(fn.outputs), { token: `${fn.token}Result`, types }) : undefined;
  return {
    description: fn.description,
    inputs: objectSpec(inputs),
    ...(outputs && { outputs: objectSpec(outputs) }),
  };
}

function objectSpec({ properties, required }: Members): Properties {
  return { type: "object", properties, ...listed("required", required) };
}

/** The engine leaves empty lists out when it prints a schema. */
function listed(name: string, names: readonly string[]): Properties {
  return names.length > 0 ? { [name]: names } : {};
}

function onlyNew(all: Properties, known: Properties): Properties {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !(name in known)));
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

interface Members {
  readonly properties: Properties;
  readonly required: readonly string[];
}

interface Owner {
  readonly token: string;
  /** Named types are added here. */
  readonly types: Properties;
  readonly secrets?: readonly string[];
  readonly replaces?: readonly string[];
}

function members(schema: JsonSchema, { token, types, secrets = [], replaces = [] }: Owner): Members {
  const entries = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const property =
      typeof value === "boolean" ? anything : typeSpec(value, `${token}${name[0]?.toUpperCase()}${name.slice(1)}`, types);
    const description = typeof value === "boolean" ? undefined : value.description;
    const marks = {
      ...(secrets.includes(name) && { secret: true }),
      ...(replaces.includes(name) && { willReplaceOnChanges: true }),
    };
    return [name, { ...property, ...(description && { description }), ...marks }];
  });
  return { properties: Object.fromEntries(entries), required: schema.required ?? [] };
}

const anything = { $ref: "pulumi.json#/Any" };

function typeSpec(schema: JsonSchema, token: string, types: Properties): Properties {
  const type = Array.isArray(schema.type) ? undefined : schema.type;
  switch (type) {
    case "string": {
      if (!schema.enum) return { type };
      types[token] = { type, enum: schema.enum.map((value) => ({ name: String(value), value })) };
      return { $ref: `#/types/${token}` };
    }
    case "boolean":
    case "integer":
    case "number":
      return { type };
    case "array": {
      const items = schema.items;
      return { type: "array", items: isSchema(items) ? typeSpec(items, token, types) : anything };
    }
    case "object": {
      if (schema.properties) {
        types[token] = objectSpec(members(schema, { token, types }));
        return { $ref: `#/types/${token}` };
      }
      const values = schema.additionalProperties;
      return { type: "object", additionalProperties: isSchema(values) ? typeSpec(values, `${token}Value`, types) : anything };
    }
    default:
      return nullable(schema, token, types) ?? anything;
  }
}

/** Pulumi's schema has no null: what may be null is not required there. */
function nullable(schema: JsonSchema, token: string, types: Properties): Properties | undefined {
  const [only, ...others] = (schema.anyOf ?? []).filter((option) => !(isSchema(option) && option.type === "null"));
  return others.length === 0 && isSchema(only) ? typeSpec(only, token, types) : undefined;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
