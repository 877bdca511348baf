/** DNS records: `Z/dns_records` (reference: cloudflare 6.3 item 12). */
import { isIPv4, isIPv6 } from "node:net";
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { page, problems, Refusal, readBody, success } from "./envelope.ts";
import type { DnsRecord, Zone } from "./objects.ts";

const types = ["A", "AAAA", "CNAME", "TXT", "MX", "NS", "SRV", "CAA", "PTR", "HTTPS", "SVCB", "TLSA", "URI"] as const;
const RecordBody = z.looseObject({
  name: z.string().min(1).max(255),
  type: z.enum(types),
  content: z.string().default(""),
  ttl: z.number().int().default(1),
  proxied: z.boolean().default(false),
  comment: z.string().nullish(),
  tags: z.array(z.string()).default([]),
  settings: z.record(z.string(), z.unknown()).optional(),
});

export function dnsRoutes(core: Core, zoneOf: (context: Context) => Zone): Hono {
  const routes = new Hono();
  routes.get("/", (context) => {
    const zone = zoneOf(context);
    const query = context.req.query();
    const found = core.state.dnsRecords.filter((record) => record.zone_id === zone.id && matches(record, query));
    return page(context, found.map(shown), 100, 5_000);
  });
  routes.post("/", async (context) => {
    const zone = zoneOf(context);
    const fields = await document(core, context, zone, undefined);
    const used = core.state.dnsRecords.filter((record) => record.zone_id === zone.id).length;
    if (used >= core.settings.recordQuota) throw new Refusal(400, 81045, "Record quota exceeded.");
    const record: DnsRecord = { ...fields, id: core.hex(16), zone_id: zone.id, created_on: isoSeconds(core.now()) };
    core.state.dnsRecords.push(record);
    return success(shown(record));
  });
  routes.get("/usage", (context) => {
    const zone = zoneOf(context);
    const used = core.state.dnsRecords.filter((record) => record.zone_id === zone.id).length;
    return success({ record_quota: core.settings.recordQuota, record_usage: used });
  });
  routes.get("/:id", (context) => success(shown(find(core, context, zoneOf(context)))));
  for (const method of ["put", "patch"] as const) {
    routes[method]("/:id", async (context) => {
      const zone = zoneOf(context);
      const before = find(core, context, zone);
      const fields = await document(core, context, zone, before);
      const after: DnsRecord = { ...fields, id: before.id, zone_id: zone.id, created_on: before.created_on };
      core.state.dnsRecords[core.state.dnsRecords.indexOf(before)] = after;
      return success(shown(after));
    });
  }
  routes.delete("/:id", (context) => {
    const record = find(core, context, zoneOf(context));
    core.state.dnsRecords = core.state.dnsRecords.filter((other) => other !== record);
    return success({ id: record.id });
  });
  return routes;
}

function shown(record: DnsRecord): Record<string, unknown> {
  const { zone_id: _, ...rest } = record;
  return rest;
}

function find(core: Core, context: Context, zone: Zone): DnsRecord {
  const id = context.req.param("id");
  const record = core.state.dnsRecords.find((candidate) => candidate.id === id && candidate.zone_id === zone.id);
  if (!record) throw new Refusal(404, 81044, "Record does not exist.");
  return record;
}

/** The record that a body asks for, checked against the zone's other records. PATCH keeps what it does not name, PUT does not. */
async function document(core: Core, context: Context, zone: Zone, before: DnsRecord | undefined) {
  const given = await readBody(context, z.looseObject({}));
  const parsed = RecordBody.safeParse(context.req.method === "PATCH" && before ? { ...shown(before), ...given } : given);
  if (!parsed.success) throw new Refusal(400, 9020, `Invalid DNS record: ${problems(parsed.error)}`);
  const { id: _, created_on: __, ...body } = parsed.data;
  const relative = body.name === "@" || (body.name !== zone.name && !body.name.endsWith(`.${zone.name}`));
  const name = (body.name === "@" ? zone.name : relative ? `${body.name}.${zone.name}` : body.name).toLowerCase();
  const proxiable = body.type === "A" || body.type === "AAAA" || body.type === "CNAME";
  if (proxiable && body.content === "") throw new Refusal(400, 9021, `Content for ${body.type} record is missing.`);
  if (body.type === "A" && !isIPv4(body.content))
    throw new Refusal(400, 9005, "Content for A record must be a valid IPv4 address.");
  if (body.type === "AAAA" && !isIPv6(body.content))
    throw new Refusal(400, 9006, "Content for AAAA record must be a valid IPv6 address.");
  if (body.proxied && !proxiable) throw new Refusal(400, 9004, "This record type cannot be proxied.");
  if (body.tags.length > core.settings.tagQuota)
    throw new Refusal(400, 9300, `DNS record has ${body.tags.length} tags, exceeding the quota of ${core.settings.tagQuota}.`);
  if (body.ttl !== 1 && (body.ttl < 60 || body.ttl > 86_400))
    throw new Refusal(400, 9021, "Invalid TTL. Must be between 60 and 86,400 seconds, or 1 for Automatic.");
  if (body.proxied && body.ttl !== 1 && core.settings.proxiedTtl === "refuse")
    throw new Refusal(400, 9021, "TTL must be 1 (automatic) while the record is proxied.");
  refuseDuplicate(core, zone, before, { ...body, name });
  const now = isoSeconds(core.now());
  return {
    ...body,
    name,
    ttl: body.proxied ? 1 : body.ttl,
    settings: body.settings ?? (body.type === "CNAME" ? { flatten_cname: false } : {}),
    comment: body.comment ?? null,
    proxiable,
    meta: {},
    modified_on: now,
    ...(body.comment && { comment_modified_on: body.comment === before?.comment ? before.comment_modified_on : now }),
  };
}

function refuseDuplicate(
  core: Core,
  zone: Zone,
  before: DnsRecord | undefined,
  wanted: { name: string; type: string; content: string },
) {
  const same = core.state.dnsRecords.filter(
    (record) => record !== before && record.zone_id === zone.id && record.name === wanted.name,
  );
  const address = ["A", "AAAA", "CNAME"];
  const hosts = same.filter((record) => address.includes(record.type));
  const collides =
    wanted.type === "CNAME" ? hosts.length > 0 : address.includes(wanted.type) && hosts.some(({ type }) => type === "CNAME");
  if (collides) throw new Refusal(400, 81053, "An A, AAAA, or CNAME record with that host already exists.");
  if (same.some((record) => record.type === wanted.type && record.content === wanted.content))
    throw new Refusal(400, 81057, "The record already exists.");
}

function matches(record: DnsRecord, query: Readonly<Record<string, string>>): boolean {
  const text: Record<string, string> = { name: record.name, content: record.content, comment: record.comment ?? "" };
  return Object.entries(query).every(([key, wanted]) => {
    const [field = "", operator = "exact"] = key.split(".");
    if (field === "type") return record.type === wanted;
    if (field === "proxied") return String(record.proxied) === wanted;
    if (field === "search") return Object.values(text).some((value) => value.includes(wanted));
    const value = text[field];
    if (value === undefined) return true;
    const one = value.toLowerCase();
    const other = wanted.toLowerCase();
    switch (operator) {
      case "contains":
        return one.includes(other);
      case "startswith":
        return one.startsWith(other);
      case "endswith":
        return one.endsWith(other);
      case "present":
        return value !== "";
      case "absent":
        return value === "";
      default:
        return one === other;
    }
  });
}
