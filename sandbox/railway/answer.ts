/** One HTTP request to `/graphql/v2`: walls, token, parsing, validation, execution, and Railway's way to say what went wrong. */
import { type DocumentNode, executeSync, GraphQLError, Kind, parse, validate } from "graphql";
import type { Ask, Field } from "./access.ts";
import { notAuthorized } from "./errors.ts";
import { mutationFields, queryFields } from "./fields.ts";
import type { TokenRow } from "./model.ts";
import { admit, edgeAdmits } from "./rates.ts";
import { laterSchema, railwaySchema } from "./schema.ts";
import type { Store } from "./store.ts";

interface Body {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | undefined;
}

type Checked = { document: DocumentNode } | { errors: readonly GraphQLError[]; code: string };

const checkedQueries = new Map<string, Checked>();
const queriesKept = 500;

export async function answer(store: Store, request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (url.pathname !== "/graphql/v2") return new Response("Not Found", { status: 404 });
  if (url.search === "" && !edgeAdmits(store)) return edgeRefusal();
  if (request.method !== "POST")
    return failure(store, 405, [{ message: "GraphQL only supports POST requests." }], { Allow: "POST" });
  const token = tokenOf(store, request.headers);
  const admission = token && admit(store, token);
  const headers = admission?.headers ?? {};
  if (admission?.retryAfterSeconds !== undefined)
    return failure(store, 429, [{ message: "Rate limit exceeded. Please try again later." }], headers);
  const body = readBody(await request.text());
  if (!body)
    return failure(
      store,
      400,
      [{ message: "POST body missing, invalid Content-Type, or JSON object has no keys.", code: "BAD_REQUEST" }],
      headers,
    );
  const checked = check(body.query);
  if ("errors" in checked)
    return failure(
      store,
      400,
      checked.errors.map((error) => shape(error, checked.code)),
      headers,
    );
  return run(store, body, checked.document, token, headers);
}

/** The name by which calls are recorded: the operation's own, else its first field. */
export function operationName(text: string): string {
  const body = readBody(text);
  if (!body) return "unreadable";
  if (body.operationName) return body.operationName;
  const checked = check(body.query);
  if ("errors" in checked) return /\b(?:query|mutation)\s+([A-Za-z_]\w*)/.exec(body.query)?.[1] ?? "invalid";
  for (const definition of checked.document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const first = definition.selectionSet.selections[0];
    return definition.name?.value ?? (first?.kind === Kind.FIELD ? first.name.value : "anonymous");
  }
  return "anonymous";
}

/** An ordered fault: HTTP 200 with this error, as after a failed execution. */
export function faultAnswer(store: Store, message: string): Response {
  return failure(store, 200, [{ message, code: "INTERNAL_SERVER_ERROR" }], {}, true);
}

function run(
  store: Store,
  body: Body,
  document: DocumentNode,
  token: TokenRow | undefined,
  headers: Record<string, string>,
): Response {
  const operation = document.definitions.find(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION && (!body.operationName || definition.name?.value === body.operationName),
  );
  const writes = operation?.kind === Kind.OPERATION_DEFINITION && operation.operation === "mutation";
  const ask: Ask = { store, token, writes };
  const result = executeSync({
    schema: store.settings.failedPatch === "failed" ? laterSchema : railwaySchema,
    document,
    rootValue: rootOf(ask),
    contextValue: ask,
    variableValues: body.variables,
    operationName: body.operationName ?? null,
  });
  // Anything but a refusal on purpose is a fault of the emulator itself and must be seen as one.
  for (const { originalError } of result.errors ?? [])
    if (originalError && !(originalError instanceof GraphQLError)) throw originalError;
  if (result.data === undefined)
    return failure(
      store,
      400,
      (result.errors ?? []).map((error) => shape(error, "BAD_USER_INPUT")),
      headers,
    );
  if (!result.errors) return Response.json({ data: result.data }, { headers });
  return Response.json(
    {
      errors: result.errors.map((error) => traced(store, said(store, shape(error, "INTERNAL_SERVER_ERROR")))),
      data: result.data,
    },
    { headers },
  );
}

/** The root fields; without a token only introspection answers. `falseInsteadOfTrue` is used up here. */
function rootOf(ask: Ask): Record<string, Field> {
  const fields: Record<string, Field> = ask.writes ? mutationFields : queryFields;
  if (!ask.token) return Object.fromEntries(Object.keys(fields).map((name) => [name, refuse]));
  const { falseInsteadOfTrue } = ask.store.settings;
  if (!ask.writes || falseInsteadOfTrue.length === 0) return fields;
  const once =
    (name: string): Field =>
    () => {
      falseInsteadOfTrue.splice(falseInsteadOfTrue.indexOf(name), 1);
      return false;
    };
  return {
    ...fields,
    ...Object.fromEntries(falseInsteadOfTrue.filter((name) => name in fields).map((name) => [name, once(name)])),
  };
}

function refuse(): never {
  throw notAuthorized();
}

function check(query: string): Checked {
  const known = checkedQueries.get(query);
  if (known) return known;
  if (checkedQueries.size >= queriesKept) checkedQueries.clear();
  const checked = checkAnew(query);
  checkedQueries.set(query, checked);
  return checked;
}

function checkAnew(query: string): Checked {
  try {
    const document = parse(query);
    const errors = validate(railwaySchema, document);
    return errors.length > 0 ? { errors, code: "GRAPHQL_VALIDATION_FAILED" } : { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error], code: "GRAPHQL_PARSE_FAILED" };
    throw error;
  }
}

function readBody(text: string): Body | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || !("query" in parsed) || typeof parsed.query !== "string") return undefined;
  const variables =
    "variables" in parsed && typeof parsed.variables === "object" && parsed.variables !== null ? parsed.variables : {};
  const operation = "operationName" in parsed && typeof parsed.operationName === "string" ? parsed.operationName : undefined;
  return { query: parsed.query, variables: { ...variables }, operationName: operation };
}

function tokenOf(store: Store, headers: Headers): TokenRow | undefined {
  const project = headers.get("Project-Access-Token");
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.get("Authorization") ?? "")?.[1];
  for (const row of store.tables.tokens.values())
    if (row.kind === "project" ? row.token === project : row.token === bearer) return row;
  return undefined;
}

interface Shaped {
  readonly message: string;
  readonly code?: string;
  readonly [key: string]: unknown;
}

function shape(error: GraphQLError, code: string): Shaped {
  const { locations, path, extensions } = error;
  return {
    message: error.message,
    ...(locations ? { locations } : {}),
    ...(path ? { path } : {}),
    code: typeof extensions.code === "string" ? extensions.code : code,
  };
}

function said(store: Store, error: Shaped): Shaped {
  return error.message === notAuthorized().message ? { ...error, message: store.settings.absentIsSaid } : error;
}

function traced(store: Store, { code, ...error }: Shaped) {
  let traceId = "";
  while (traceId.length < 18) traceId += Math.floor(store.context.random() * 10);
  return { ...error, extensions: { code: code ?? "INTERNAL_SERVER_ERROR" }, traceId };
}

function failure(
  store: Store,
  status: number,
  errors: readonly Shaped[],
  headers: Record<string, string>,
  withData = false,
): Response {
  return Response.json(
    { errors: errors.map((error) => traced(store, error)), ...(withData ? { data: null } : {}) },
    { status, headers },
  );
}

function edgeRefusal(): Response {
  const html =
    "<!doctype html><html><head><title>Access denied | backboard.railway.com used Cloudflare to restrict access</title></head>" +
    "<body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>";
  return new Response(html, { status: 429, headers: { "Content-Type": "text/html; charset=UTF-8" } });
}
