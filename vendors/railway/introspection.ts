/** Railway's live schema: introspection answers without a token. */
import { buildClientSchema, type GraphQLSchema, getIntrospectionQuery, type IntrospectionQuery } from "graphql";
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { VendorError } from "../../domain/error.ts";
import { request } from "../http/request.ts";
import { defaultApiUrl, withSource } from "./graphql.ts";

export interface SchemaSource {
  /** `https://backboard.railway.com/graphql/v2` if absent. */
  readonly apiUrl?: string;
  readonly clock: Clock;
  readonly log?: (message: string) => void;
}

/** Rejects with TransportError when nothing usable comes, and with VendorError when what comes is no schema. */
export async function liveSchema({ apiUrl = defaultApiUrl, clock, log }: SchemaSource): Promise<GraphQLSchema> {
  const answer = await request({
    clock,
    vendor: "railway",
    operation,
    url: withSource(apiUrl),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query, operationName: operation }),
    deadlineMs,
    retry: "read",
    log,
  });
  const refuse = (vendorMessage: string) =>
    new VendorError({ vendor: "railway", operation, status: answer.status, vendorMessage, retryable: false });
  const body = Body.safeParse(parsed(answer.text));
  if (!body.success) throw refuse(`no answer of GraphQL: ${answer.text.slice(0, 200)}`);
  const [error] = body.data.errors ?? [];
  if (error) throw refuse(error.message);
  if (!isIntrospection(body.data.data)) throw refuse("no schema in the answer");
  return buildClientSchema(body.data.data, { assumeValid: true });
}

const operation = "IntrospectionQuery";
// What is deprecated of arguments and input fields is hidden unless asked for, and would look as if it were gone.
const query = getIntrospectionQuery({ descriptions: false, inputValueDeprecation: true });
/** The answer has megabytes. */
const deadlineMs = 60_000;

const Body = z.object({ data: z.unknown(), errors: z.array(z.object({ message: z.string() })).optional() });
const Introspection = z.object({
  __schema: z.object({ queryType: z.object({ name: z.string() }), types: z.array(z.unknown()).min(1) }),
});

/** As far as it matters here; `buildClientSchema` judges the rest. */
function isIntrospection(data: unknown): data is IntrospectionQuery {
  return Introspection.safeParse(data).success;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
