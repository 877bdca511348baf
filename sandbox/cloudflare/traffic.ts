/** Requests that passed the edge, counted in buckets of five minutes for the GraphQL analytics. */
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";

const bucket = 300_000;

export function countRequest(core: Core, zoneId: string, hostname: string, status: number, atMs: number): void {
  const datetimeFiveMinutes = isoSeconds(Math.floor(atMs / bucket) * bucket);
  const held = core.state.httpRequests.findLast(
    (row) =>
      row.clientRequestHTTPHost === hostname &&
      row.datetimeFiveMinutes === datetimeFiveMinutes &&
      row.edgeResponseStatus === status &&
      row.zone_id === zoneId,
  );
  if (held) held.count += 1;
  else
    core.state.httpRequests.push({
      zone_id: zoneId,
      clientRequestHTTPHost: hostname,
      datetimeFiveMinutes,
      edgeResponseStatus: status,
      requestSource: "eyeball",
      count: 1,
    });
}
