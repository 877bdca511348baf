/** The reference part of a provider's README, made from its package schema. */
import type { Properties } from "./resource.ts";

/** Puts the reference of each resource and function between its `<!-- reference <token> -->` and `<!-- end -->`. Throws when a marked token is unknown. */
export function fillReferences(readme: string, schema: Properties): string {
  return readme.replace(
    /(<!-- reference (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_all, begin: string, token: string, end: string) => {
      return `${begin}\n${reference(token, schema)}\n\n${end}`;
    },
  );
}

/** Tokens that a README shows, in its order. */
export function referencesIn(readme: string): string[] {
  return [...readme.matchAll(/<!-- reference (\S+) -->/g)].map(([, token = ""]) => token);
}

function reference(token: string, schema: Properties): string {
  const types = object(schema.types);
  const resource = object(object(schema.resources)[token]);
  const fn = object(object(schema.functions)[token]);
  if (fn.description !== undefined) {
    const [inputs, outputs] = [object(fn.inputs), object(fn.outputs)];
    return [
      text(fn.description),
      table("Argument", object(inputs.properties), list(inputs.required), types),
      table("Result", object(outputs.properties), list(outputs.required), types),
    ].join("\n\n");
  }
  if (resource.description === undefined) throw new Error(`the schema has no ${token}`);
  const inputs = object(resource.inputProperties);
  const outputs = Object.fromEntries(Object.entries(object(resource.properties)).filter(([name]) => !(name in inputs)));
  return [
    text(resource.description),
    table("Argument", inputs, list(resource.requiredInputs), types),
    ...(Object.keys(outputs).length > 0 ? [table("Output", outputs, list(resource.required), types)] : []),
  ].join("\n\n");
}

function table(kind: string, properties: Properties, required: readonly unknown[], types: Properties): string {
  const rows = Object.entries(properties).map(([name, spec]) => {
    const { description, secret, willReplaceOnChanges } = object(spec);
    const notes = [secret === true ? "Secret." : "", willReplaceOnChanges === true ? "A change replaces." : ""];
    const words = [text(description), ...notes]
      .filter((note) => note !== "")
      .join(" ")
      .replaceAll("|", "\\|");
    return `| \`${name}\`${required.includes(name) ? "" : "?"} | ${typeName(spec, types)} | ${words} |`;
  });
  return [`| ${kind} | Type | |`, "| --- | --- | --- |", ...rows].join("\n");
}

function typeName(spec: unknown, types: Properties): string {
  const { $ref, type, items, additionalProperties } = object(spec);
  if (typeof $ref === "string") {
    const named = object(types[$ref.replace("#/types/", "")]);
    if (Array.isArray(named.enum)) return named.enum.map((choice) => `\`${text(object(choice).value)}\``).join(", ");
    const inner = Object.entries(object(named.properties)).map(([name, value]) => `${name}: ${typeName(value, types)}`);
    return inner.length > 0 ? `{ ${inner.join(", ")} }` : "any";
  }
  if (type === "array") return `list of ${typeName(items, types)}`;
  if (type === "object") return `map of ${typeName(additionalProperties, types)}`;
  return text(type);
}

function object(value: unknown): Properties {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
