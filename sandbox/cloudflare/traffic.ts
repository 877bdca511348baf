/** Requests that passed the edge, counted in buckets of five minutes for the GraphQL analytics. */
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";

const bucket = 300_000;
type Row = Core["state"]["httpRequests"][number];
/** The rows of a list by what they count, so that a month of traffic need not be searched for each request. */
const indexes = new WeakMap<readonly Row[], Map<string, Row>>();

export function countRequest(core: Core, zoneId: string, hostname: string, status: number, atMs: number): void {
  const datetimeFiveMinutes = isoSeconds(Math.floor(atMs / bucket) * bucket);
  const index = indexOf(core.state.httpRequests);
  const key = keyOf({ zone_id: zoneId, clientRequestHTTPHost: hostname, datetimeFiveMinutes, edgeResponseStatus: status });
  const held = index.get(key);
  if (held) {
    held.count += 1;
    return;
  }
  const row = {
    zone_id: zoneId,
    clientRequestHTTPHost: hostname,
    datetimeFiveMinutes,
    edgeResponseStatus: status,
    requestSource: "eyeball",
    count: 1,
  };
  core.state.httpRequests.push(row);
  index.set(key, row);
}

function indexOf(rows: readonly Row[]): Map<string, Row> {
  const known = indexes.get(rows);
  if (known) return known;
  const made = new Map(rows.map((row) => [keyOf(row), row]));
  indexes.set(rows, made);
  return made;
}

function keyOf(row: Pick<Row, "zone_id" | "clientRequestHTTPHost" | "datetimeFiveMinutes" | "edgeResponseStatus">): string {
  return `${row.zone_id} ${row.clientRequestHTTPHost} ${row.datetimeFiveMinutes} ${row.edgeResponseStatus}`;
}
