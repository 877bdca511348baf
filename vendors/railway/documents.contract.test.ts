import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema, type GraphQLSchema, Kind, parse, validate } from "graphql";
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
    expect(all.length).toBeGreaterThan(20);
    for (const { name, document } of all)
      expect({ name, errors: validate(published(), parse(document)).map(String) }).toEqual({ name, errors: [] });
  });
});

test("every document has exactly one operation, named as the constant says", async () => {
  for (const { name, document } of await operations()) {
    const definitions = parse(document).definitions;
    expect(definitions.map((definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value)).toEqual([
      name,
    ]);
  }
});

test("no document selects a field that can fail the whole query of a detached or orphaned object", async () => {
  for (const { document } of await operations()) expect(document).not.toMatch(/\bservice \{/);
});
