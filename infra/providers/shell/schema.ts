/** The package schema that `pulumi package get-schema`, `package gen-sdk` and the documentation read, generated from the zod definitions. */
import { z } from "zod";
import type { Properties, ProviderFunction, Resource } from "./resource.ts";

export interface PackageDescription {
  readonly name: string;
  readonly version: string;
  readonly resources: readonly Resource<Properties, Properties, never>[];
  readonly functions?: readonly ProviderFunction<Properties, never>[];
  readonly configSchema?: z.ZodType;
  /** Names in `configSchema` that are secret. */
  readonly configSecrets?: readonly string[];
}

/** Pulumi's package schema as plain data. Nested objects become named types after their place: `railway:index:VolumeAlerts`. */
export function packageSchema(description: PackageDescription): Properties {
  const types: Properties = {};
  const config = description.configSchema
    ? members(z.toJSONSchema(description.configSchema), `${description.name}:index:Config`, types, description.configSecrets)
    : { properties: {}, required: [] };
  const resources = description.resources.map((resource) => {
    const inputs = members(z.toJSONSchema(resource.inputs), resource.token, types, resource.secrets);
    const outputs = resource.outputs
      ? members(z.toJSONSchema(resource.outputs), resource.token, types, resource.secrets)
      : inputs;
    const body = {
      description: resource.description,
      inputProperties: inputs.properties,
      requiredInputs: inputs.required,
      properties: { ...inputs.properties, ...outputs.properties },
      required: [...new Set([...inputs.required, ...outputs.required])],
    };
    return [resource.token, body];
  });
  const functions = (description.functions ?? []).map((fn) => {
    const inputs = members(z.toJSONSchema(fn.inputs), `${fn.token}Args`, types);
    const outputs = fn.outputs ? members(z.toJSONSchema(fn.outputs), `${fn.token}Result`, types) : undefined;
    const body = {
      description: fn.description,
      inputs: { type: "object", ...inputs },
      outputs: outputs && { type: "object", ...outputs },
    };
    return [fn.token, body];
  });
  return {
    name: description.name,
    version: description.version,
    config: { variables: config.properties },
    provider: { inputProperties: config.properties },
    types,
    resources: Object.fromEntries(resources),
    functions: Object.fromEntries(functions),
  };
}

/** Names of all outputs of a resource that are not inputs: what is unknown in the preview of a create. */
export function outputNames(resource: Resource<Properties, Properties, never>): readonly string[] {
  const inputs = z.toJSONSchema(resource.inputs).properties ?? {};
  const outputs = resource.outputs ? Object.keys(z.toJSONSchema(resource.outputs).properties ?? {}) : [];
  return [...new Set([...outputs, ...(resource.stable ?? [])])].filter((name) => !(name in inputs));
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

interface Members {
  readonly properties: Properties;
  readonly required: readonly string[];
}

function members(schema: JsonSchema, token: string, types: Properties, secrets: readonly string[] = []): Members {
  const entries = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const property =
      typeof value === "boolean" ? anything : typeSpec(value, `${token}${name[0]?.toUpperCase()}${name.slice(1)}`, types);
    const description = typeof value === "boolean" ? undefined : value.description;
    return [name, { ...property, ...(description && { description }), ...(secrets.includes(name) && { secret: true }) }];
  });
  return { properties: Object.fromEntries(entries), required: schema.required ?? [] };
}

const anything = { $ref: "pulumi.json#/Any" };

function typeSpec(schema: JsonSchema, token: string, types: Properties): Properties {
  const type = Array.isArray(schema.type) ? undefined : schema.type;
  switch (type) {
    case "string":
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
        types[token] = { type: "object", ...members(schema, token, types) };
        return { $ref: `#/types/${token}` };
      }
      const values = schema.additionalProperties;
      return { type: "object", additionalProperties: isSchema(values) ? typeSpec(values, `${token}Value`, types) : anything };
    }
    default:
      return anything;
  }
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
