/** The part of Railway's public GraphQL API that the emulator serves, hand-written in schema.graphql beside this file. */
import { readFileSync } from "node:fs";
import { buildSchema, extendSchema, type GraphQLSchema, parse } from "graphql";

/** The SDL as text; the contract test compares it with the published schema. */
export const railwaySdl = readFileSync(new URL("./schema.graphql", import.meta.url), "utf8");

export const railwaySchema: GraphQLSchema = buildSchema(railwaySdl);

/** With what is known to have come after the published one, so far as the emulator can answer it. */
export const laterSchema: GraphQLSchema = extendSchema(railwaySchema, parse("extend enum EnvironmentPatchStatus { FAILED }"));
