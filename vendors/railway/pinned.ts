/** The pin as a file: pinned.graphql. */
import { readFile, writeFile } from "node:fs/promises";
import { buildSchema, type GraphQLSchema } from "graphql";
import { operations } from "./operations.ts";
import { pinOf, pinText } from "./pin.ts";

const file = new URL("./pinned.graphql", import.meta.url);

/** The schema that our documents were written for, as far as they touch it. */
export async function readPin(): Promise<GraphQLSchema> {
  return buildSchema(await readFile(file, "utf8"), { assumeValid: true });
}

/** Takes this schema as the one to compare with from now on. Throws, and writes nothing, where it would refuse one of our documents. */
export async function writePin(schema: GraphQLSchema, to: URL | string = file): Promise<void> {
  await writeFile(to, pinText(pinOf(schema, operations)));
}
