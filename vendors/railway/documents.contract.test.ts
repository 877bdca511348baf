import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildSchema,
  type GraphQLSchema,
  getNullableType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from "graphql";
import { describe, expect, test } from "vitest";

const schemaFile = join(import.meta.dirname, "../../../shared/specs/railway/schema.graphql");
const here = import.meta.dirname;
const files = readdirSync(here).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));

interface Named {
  readonly name: string;
  readonly document: string;
}

async function operations(): Promise<Named[]> {
  const found: Named[] = [];
  for (const file of files) {
    const exported: Record<string, unknown> = await import(join(here, file));
    for (const value of Object.values(exported)) if (isOperation(value)) found.push(value);
  }
  return found;
}

function isOperation(value: unknown): value is Named {
  return typeof value === "object" && value !== null && "document" in value && "name" in value;
}

if (!existsSync(schemaFile)) process.stderr.write(`SKIPPED: ${schemaFile} is absent, Railway's documents are not validated\n`);

describe.skipIf(!existsSync(schemaFile))("Railway's published schema", () => {
  let schema: GraphQLSchema | undefined;
  const published = () => {
    schema ??= buildSchema(readFileSync(schemaFile, "utf8"), { assumeValid: true });
    return schema;
  };

  test("accepts every document we send", async () => {
    const all = await operations();
    expect(all.length).toBeGreaterThan(25);
    for (const { name, document } of all)
      expect({ name, errors: validate(published(), parse(document)).map(String) }).toEqual({ name, errors: [] });
  });

  test("has no field of ours that is deprecated", async () => {
    for (const { name, document } of await operations()) {
      const found = fieldsOf(published(), document).filter(({ deprecated }) => deprecated);
      expect({ name, found }).toEqual({ name, found: [] });
    }
  });

  /** Such a field is another object that must exist: of a detached volume or an orphaned deployment it nulls the answer up to the root. */
  test("has no field of ours that can fail the whole query of a detached or orphaned object", async () => {
    for (const { name, document } of await operations()) {
      const found = fieldsOf(published(), document).filter(({ mustExist }) => mustExist);
      expect({ name, found }).toEqual({ name, found: [] });
    }
    const trap = "query x($id: String!) { volumeInstance(id: $id) { id service { id } } }";
    expect(fieldsOf(published(), trap).filter(({ mustExist }) => mustExist)).toMatchObject([{ field: "VolumeInstance.service" }]);
  });
});

/** Every selected field with what makes it dangerous. A root field is what was asked for, and a list holds what there is. */
function fieldsOf(schema: GraphQLSchema, document: string) {
  const fields: { field: string; deprecated: boolean; mustExist: boolean }[] = [];
  const types = new TypeInfo(schema);
  const look = () => {
    const [definition, parent, type] = [types.getFieldDef(), types.getParentType(), types.getType()];
    if (!definition || !parent || !type) return;
    const isRoot = parent === schema.getQueryType() || parent === schema.getMutationType();
    const named = getNullableType(type);
    // What is no Node of its own (tags, pages) comes with its owner.
    const isNode = isObjectType(named) && named.getInterfaces().some(({ name }) => name === "Node");
    const mustExist = !isRoot && !parent.name.endsWith("Edge") && isNonNullType(type) && isNode;
    fields.push({ field: `${parent.name}.${definition.name}`, deprecated: definition.deprecationReason != null, mustExist });
  };
  visit(parse(document), visitWithTypeInfo(types, { Field: look }));
  return fields;
}

test("every document has exactly one operation, named as the constant says", async () => {
  for (const { name, document } of await operations()) {
    const definitions = parse(document).definitions;
    expect(definitions.map((definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value)).toEqual([
      name,
    ]);
  }
});
