/** Railway's refusals. Everything that happens while executing carries INTERNAL_SERVER_ERROR, authorization included. */
import { GraphQLError } from "graphql";

export type Code = "BAD_USER_INPUT" | "INTERNAL_SERVER_ERROR";

export function refusal(message: string, code: Code = "INTERNAL_SERVER_ERROR"): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/** One answer for what is absent, deleted or out of the token's scope: they cannot be told apart. */
export function notAuthorized(): GraphQLError {
  return refusal("Not Authorized");
}

export function badInput(message: string): GraphQLError {
  return refusal(message, "BAD_USER_INPUT");
}
