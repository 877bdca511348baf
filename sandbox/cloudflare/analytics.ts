/** `POST /graphql`: the two groups that repair and cross-check the log of log-ins, and what may be asked of them (reference: cloudflare 4.1, 4.2). */
import { buildSchema, execute, parse, validate } from "graphql";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";

const schema = buildSchema(`
  scalar Time
  type Query { viewer: Viewer! }
  type Viewer { accounts(filter: AccountFilter, limit: Int): [Account!]! zones(filter: ZoneFilter, limit: Int): [Zone!]! }
  input AccountFilter { accountTag: String accountTag_in: [String!] }
  input ZoneFilter { zoneTag: String zoneTag_in: [String!] }
  type Account {
    settings: AccountSettings!
    cf1AccessLogins1hGroups(filter: LoginFilter, limit: Int!, orderBy: [String!]): [LoginGroup!]!
  }
  type AccountSettings { cf1AccessLogins1hGroups: NodeSettings! }
  type Zone {
    settings: ZoneSettings!
    httpRequestsAdaptiveGroups(filter: RequestFilter, limit: Int!, orderBy: [String!]): [RequestGroup!]!
  }
  type ZoneSettings { httpRequestsAdaptiveGroups: NodeSettings! }
  "notOlderThan and maxDuration in seconds."
  type NodeSettings { enabled: Boolean! notOlderThan: Int! maxDuration: Int! maxPageSize: Int! maxNumberOfFields: Int! availableFields: [String!]! }
  input LoginFilter { datetimeHour_geq: Time datetimeHour_gt: Time datetimeHour_leq: Time datetimeHour_lt: Time datetime_geq: Time datetime_lt: Time appName: String allowed: Int }
  type LoginGroup { sum: LoginSum! dimensions: LoginDimensions! }
  type LoginSum { logins: Int! }
  type LoginDimensions { appName: String! appType: String! allowed: Int! idp: String! loginType: String! country: String! datetimeHour: Time! }
  input RequestFilter { datetime_geq: Time datetime_gt: Time datetime_leq: Time datetime_lt: Time clientRequestHTTPHost: String requestSource: String }
  type RequestGroup { count: Int! dimensions: RequestDimensions! }
  type RequestDimensions { clientRequestHTTPHost: String! datetimeHour: Time! edgeResponseStatus: Int! requestSource: String! }
`);

const day = 86_400;
const hour = 3_600_000;
const logins = {
  enabled: true,
  notOlderThan: 62 * day,
  maxDuration: 31 * day,
  maxPageSize: 10_000,
  maxNumberOfFields: 30,
  availableFields: [
    "sum.logins",
    ...["appName", "appType", "allowed", "idp", "loginType", "country", "datetimeHour"].map((name) => `dimensions.${name}`),
  ],
};
const requests = {
  ...logins,
  notOlderThan: 31 * day,
  maxDuration: 30 * day,
  availableFields: [
    "count",
    ...["clientRequestHTTPHost", "datetimeHour", "edgeResponseStatus", "requestSource"].map((name) => `dimensions.${name}`),
  ],
};

const Body = z.looseObject({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

/** Answers one GraphQL request; errors stand in the answer, in the vendor's shape. */
export async function answerGraphql(core: Core, raw: unknown): Promise<Response> {
  const body = Body.safeParse(raw);
  if (!body.success) return graphqlError("could not parse the request: no query");
  try {
    const document = parse(body.data.query);
    const [wrong] = validate(schema, document);
    if (wrong) return graphqlError(wrong.message);
    const result = await execute({
      schema,
      document,
      rootValue: { viewer: viewer(core) },
      variableValues: body.data.variables,
      operationName: body.data.operationName,
    });
    const errors = result.errors?.map((error) => ({ message: error.message, path: error.path ?? null })) ?? null;
    return Response.json({ data: errors ? null : result.data, errors });
  } catch (error) {
    return graphqlError(error instanceof Error ? error.message : String(error));
  }
}

export function graphqlError(message: string): Response {
  return Response.json({ data: null, errors: [{ message, path: null }] });
}

interface Tags {
  readonly accountTag?: string;
  readonly accountTag_in?: readonly string[];
  readonly zoneTag?: string;
  readonly zoneTag_in?: readonly string[];
}
type Filter = Readonly<Record<string, string | number | undefined>>;

function viewer(core: Core) {
  return {
    accounts: ({ filter }: { filter?: Tags }) =>
      core.state.accounts
        .filter(({ id }) => asked(id, filter?.accountTag, filter?.accountTag_in))
        .map(() => ({
          settings: { cf1AccessLogins1hGroups: logins },
          cf1AccessLogins1hGroups: ({ filter: wanted, limit }: { filter?: Filter; limit: number }) =>
            loginGroups(core, wanted ?? {}).slice(0, limit),
        })),
    zones: ({ filter }: { filter?: Tags }) =>
      core.state.zones
        .filter(({ id }) => asked(id, filter?.zoneTag, filter?.zoneTag_in))
        .map((zone) => ({
          settings: { httpRequestsAdaptiveGroups: requests },
          httpRequestsAdaptiveGroups: ({ filter: wanted, limit }: { filter?: Filter; limit: number }) =>
            requestGroups(core, zone.id, wanted ?? {}).slice(0, limit),
        })),
  };
}

function asked(id: string, one: string | undefined, several: readonly string[] | undefined): boolean {
  return (one === undefined || one === id) && (several === undefined || several.includes(id));
}

function loginGroups(core: Core, filter: Filter) {
  const seen = seenBetween(core, filter, ["datetimeHour", "datetime"], logins);
  const groups = new Map<string, { sum: { logins: number }; dimensions: Record<string, unknown> }>();
  for (const row of core.state.accessRequests) {
    const at = Date.parse(row.created_at);
    const datetimeHour = Math.floor(at / hour) * hour;
    const dimensions = {
      appName: String(row.app_name ?? ""),
      appType: String(row.app_type ?? ""),
      allowed: row.allowed ? 1 : 0,
      idp: row.connection,
      loginType: "identity",
      country: String(row.country ?? ""),
      datetimeHour: isoSeconds(datetimeHour),
    };
    if (row.action !== "login" || !seen(datetimeHour, at)) continue;
    if (filter.appName !== undefined && dimensions.appName !== filter.appName) continue;
    if (filter.allowed !== undefined && dimensions.allowed !== filter.allowed) continue;
    const key = JSON.stringify(dimensions);
    const group = groups.get(key) ?? { sum: { logins: 0 }, dimensions };
    group.sum.logins += 1;
    groups.set(key, group);
  }
  return [...groups.values()];
}

function requestGroups(core: Core, zoneId: string, filter: Filter) {
  const seen = seenBetween(core, filter, ["datetime"], requests);
  const groups = new Map<string, { count: number; dimensions: Record<string, unknown> }>();
  for (const row of core.state.httpRequests) {
    const at = Date.parse(row.datetimeFiveMinutes);
    if (row.zone_id !== zoneId || !seen(at, at)) continue;
    if (filter.clientRequestHTTPHost !== undefined && row.clientRequestHTTPHost !== filter.clientRequestHTTPHost) continue;
    if (filter.requestSource !== undefined && row.requestSource !== filter.requestSource) continue;
    const { clientRequestHTTPHost, edgeResponseStatus, requestSource } = row;
    const datetimeHour = isoSeconds(Math.floor(at / hour) * hour);
    const dimensions = { clientRequestHTTPHost, datetimeHour, edgeResponseStatus, requestSource };
    const key = JSON.stringify(dimensions);
    const group = groups.get(key) ?? { count: 0, dimensions };
    group.count += row.count;
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Whether an event is inside the asked range and known yet; refuses ranges beyond the plan's reach. */
function seenBetween(
  core: Core,
  filter: Filter,
  fields: readonly string[],
  reach: { notOlderThan: number; maxDuration: number },
): (atMs: number, happenedMs: number) => boolean {
  const now = core.now();
  const bounds = (suffix: string) =>
    fields.flatMap((field) => {
      const value = filter[`${field}_${suffix}`];
      return value === undefined ? [] : [Date.parse(String(value))];
    });
  const from = Math.max(...bounds("geq"), ...bounds("gt").map((ms) => ms + 1), now - reach.notOlderThan * 1_000);
  const to = Math.min(...bounds("leq"), ...bounds("lt").map((ms) => ms - 1), now);
  if (Math.min(...bounds("geq"), ...bounds("gt")) < now - reach.notOlderThan * 1_000)
    throw new Error(`cannot request data older than ${reach.notOlderThan}s`);
  if (to - from > reach.maxDuration * 1_000)
    throw new Error(`query time range is too large. Time range can't be wider than ${reach.maxDuration}s`);
  const known = now - core.settings.analyticsDelaySeconds * 1_000;
  return (atMs, happenedMs) => atMs >= from && atMs <= to && happenedMs <= known;
}
