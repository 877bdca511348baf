/** Variables of a service. */
import { z } from "zod";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { assertDone } from "./truth.ts";

export interface VariablePlace {
  readonly projectId: string;
  readonly environmentId: string;
  readonly serviceId: string;
}

export const variableCollectionUpsert: Operation<{ variableCollectionUpsert: boolean }> = {
  name: "variableCollectionUpsert",
  document:
    "mutation variableCollectionUpsert($input: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $input) }",
  answer: z.object({ variableCollectionUpsert: z.boolean() }),
  retry: "idempotent",
};
const Variables = z.record(z.string(), z.string());
export const variableList: Operation<{ variables: z.infer<typeof Variables> }> = {
  name: "variables",
  document:
    "query variables($projectId: String!, $environmentId: String!, $serviceId: String!) { variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId, unrendered: true) }",
  answer: z.object({ variables: Variables }),
  retry: "read",
};

export function variableCalls(connection: RailwayConnection) {
  return {
    /** Sets these and leaves all others; deploys nothing. */
    async setVariables(place: VariablePlace, variables: Readonly<Record<string, string>>, options?: CallOptions): Promise<void> {
      const input = { ...place, variables, replace: false, skipDeploys: true };
      const answer = await connection.run(variableCollectionUpsert, { input }, options);
      assertDone("variableCollectionUpsert", answer.variableCollectionUpsert);
    },
    /** As written, references not rendered: else `${{…}}` would always look changed. Sealed ones never come. */
    async variables(place: VariablePlace, options?: CallOptions): Promise<Record<string, string>> {
      return (await connection.run(variableList, { ...place }, options)).variables;
    },
  };
}
