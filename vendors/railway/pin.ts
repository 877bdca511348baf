/** PURE. What our documents touch of Railway's schema: a small schema of its own. That of the published one is kept beside this file (pinned.graphql),
 *  because the API has no versions: only what was there when the documents were written tells what changed since. */
import {
  buildASTSchema,
  type DefinitionNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  lexicographicSortSchema,
  parse,
  printSchema,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Document } from "./operations.ts";

/** Fields by object type: what is looked at. */
export type Fields = ReadonlyMap<string, ReadonlySet<string>>;

/** The part of the schema that the documents touch: the fields that they select, with all arguments, and whole every input type and enum behind these.
 *  Throws where the schema would refuse a document. */
export function pinOf(schema: GraphQLSchema, documents: readonly Document[]): GraphQLSchema {
  const refused = documents.flatMap((document) => refusals(schema, document));
  if (refused.length > 0) throw new Error(`the schema refuses documents:\n${refused.join("\n")}`);
  return only(schema, selected(schema, documents));
}

/** Why the schema would refuse a document; empty if it accepts it. */
export function refusals(schema: GraphQLSchema, { name, document }: Document): string[] {
  return validate(schema, parse(document)).map(({ message }) => `${name}: ${message}`);
}

/** The schema without all other fields of object types, and without the types that then nothing refers to. A type or field that it does not have is left out. */
export function only(schema: GraphQLSchema, fields: Fields): GraphQLSchema {
  const all = new Map<string, DefinitionNode>();
  for (const definition of parse(printSchema(lexicographicSortSchema(schema))).definitions)
    if ("name" in definition && definition.name && definition.kind !== Kind.DIRECTIVE_DEFINITION)
      all.set(definition.name.value, trimmed(definition, fields));
  const kept = new Set<string>();
  const queue = [...fields.keys()];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const definition = all.get(name);
    if (!definition || kept.has(name)) continue;
    kept.add(name);
    queue.push(...typesIn(definition));
  }
  const definitions = [...all].filter(([name]) => kept.has(name)).map(([, definition]) => definition);
  // A live schema may be one that graphql-js would not call valid; that is no matter of ours.
  return buildASTSchema({ kind: Kind.DOCUMENT, definitions }, { assumeValid: true });
}

/** Every field of every object type of a schema that `pinOf` made. */
export function fieldsOf(schema: GraphQLSchema): Fields {
  const fields = new Map<string, Set<string>>();
  for (const type of Object.values(schema.getTypeMap()))
    if (!type.name.startsWith("__") && (isObjectType(type) || isInterfaceType(type)))
      fields.set(type.name, new Set(Object.keys(type.getFields())));
  return fields;
}

/** As pinned.graphql has it. */
export function pinText(schema: GraphQLSchema): string {
  return `${head}${printSchema(schema)}\n`;
}

const head = `# What our documents touch of Railway's public API, without its descriptions: what a watch compares the live one with.
# Made from the published schema by schema.contract.test.ts (vitest -u), or from the live one by that watch.
`;

function selected(schema: GraphQLSchema, documents: readonly Document[]): Fields {
  const fields = new Map<string, Set<string>>();
  const types = new TypeInfo(schema);
  const look = () => {
    const [parent, field] = [types.getParentType(), types.getFieldDef()];
    if (!parent || !field || field.name.startsWith("__")) return;
    const known = fields.get(parent.name) ?? new Set();
    fields.set(parent.name, known.add(field.name));
    const named = getNamedType(field.type);
    if ((isObjectType(named) || isInterfaceType(named)) && !fields.has(named.name)) fields.set(named.name, new Set());
  };
  for (const { document } of documents) visit(parse(document), visitWithTypeInfo(types, { Field: look }));
  return fields;
}

function trimmed(definition: DefinitionNode, fields: Fields): DefinitionNode {
  const bare: DefinitionNode = visit(definition, {
    enter: (node) => ("description" in node && node.description ? { ...node, description: undefined } : undefined),
  });
  switch (bare.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const wanted = fields.get(bare.name.value);
      const isWanted = (field: FieldDefinitionNode) => wanted?.has(field.name.value) === true;
      const interfaces = bare.interfaces?.filter(({ name }) => fields.has(name.value));
      return { ...bare, interfaces, fields: bare.fields?.filter(isWanted) };
    }
    case Kind.UNION_TYPE_DEFINITION:
      return { ...bare, types: bare.types?.filter(({ name }) => fields.has(name.value)) };
    default:
      return bare;
  }
}

function typesIn(definition: DefinitionNode): string[] {
  const names: string[] = [];
  visit(definition, { NamedType: ({ name }) => void names.push(name.value) });
  return names;
}
