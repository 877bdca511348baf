/** What an account and a zone hold of the kinds that can be there twice, and the removal of one. The official Pulumi plugin never looks before it creates. */
import { z } from "zod";
import type { HttpAnswer } from "../http/request.ts";
import { type Call, isEnvelope, jsonOf, refusal, resultOf, type Send } from "./wire.ts";

/** In the order in which they can go: nothing refers to a later one's. Settings of a zone and a tunnel's configuration are PUT or PATCH: made twice is made
 *  once, so they are not here. Groups are, because their rules use the others. */
export const objectKinds = ["dnsRecord", "group", "application", "policy", "identityProvider", "tunnel"] as const;
export type ObjectKind = (typeof objectKinds)[number];

export interface CloudflareObject {
  readonly kind: ObjectKind;
  readonly id: string;
  /** A record's is its hostname. */
  readonly name: string;
  /** Of records, applications and identity providers; else empty. */
  readonly type: string;
  /** Of records; else empty. */
  readonly comment: string;
  /** Hostname and path that an application stands before; else empty. */
  readonly domain: string;
  /** RFC 3339; empty where the vendor does not say. */
  readonly created: string;
  /** Whether a cloudflared runs the tunnel. */
  readonly running: boolean;
  /** How many applications use the policy, also those that no list shows. */
  readonly appCount: number;
  /** All of it, as JSON: whose id stands in here is used by it. */
  readonly document: string;
}

/** Where to look. */
export interface Place {
  readonly accountId: string;
  readonly zoneId: string;
}

const Found = z.looseObject({
  id: z.string(),
  // Some kinds of applications have none.
  name: z.string().nullish(),
  type: z.string().nullish(),
  comment: z.string().nullish(),
  domain: z.string().nullish(),
  created_at: z.string().nullish(),
  created_on: z.string().nullish(),
  deleted_at: z.string().nullish(),
  connections: z.array(z.unknown()).nullish(),
  app_count: z.number().nullish(),
});
const Page = z.looseObject({
  success: z.literal(true),
  result: z.array(Found).nullable(),
  result_info: z.looseObject({ total_count: z.number().nullish() }).nullish(),
});

/** What the published definition names as greatest, else as usual: a larger page might be refused. */
const pageSizes: Record<ObjectKind, number> = {
  ...{ dnsRecord: 1000, group: 1000, application: 1000, policy: 100, identityProvider: 200, tunnel: 1000 },
};
const mostPages = 1000;

/** Everything of these kinds at the place, page by page, all lists at once; of the zone's records only those whose comment begins so, of tunnels the
 *  living. Only reads. Throws VendorError where a list cannot be had whole. */
export async function listObjects(
  send: Send,
  place: Place & { readonly comment: string },
  call?: Call,
): Promise<readonly CloudflareObject[]> {
  const filters: Partial<Record<ObjectKind, Record<string, string>>> = {
    dnsRecord: { "comment.startswith": place.comment },
    tunnel: { is_deleted: "false" },
  };
  const lists = await Promise.all(objectKinds.map((kind) => list(send, kind, place, filters[kind] ?? {}, call)));
  return lists.flat();
}

/** The living object with this id as it is now; undefined where there is none. */
export async function readObject(
  send: Send,
  place: Place,
  { kind, id }: Pick<CloudflareObject, "kind" | "id">,
  call?: Call,
): Promise<CloudflareObject | undefined> {
  const operation = `${operationOf[kind]}/:id`;
  const answer = await send("GET", `${pathOf(kind, place)}/${id}`, operation, "read", call);
  if (isGone(answer)) return undefined;
  const parsed = Found.safeParse(resultOf(answer, `GET ${operation}`));
  if (!parsed.success) throw refusal(`GET ${operation}`, answer, `an unknown shape: ${z.prettifyError(parsed.error)}`);
  return parsed.data.deleted_at ? undefined : objectOf(kind, parsed.data);
}

/** Deletes one object; one that is gone already is deleted. Throws VendorError on a refusal. */
export async function deleteObject(
  send: Send,
  place: Place,
  { kind, id }: Pick<CloudflareObject, "kind" | "id">,
  call?: Call,
): Promise<void> {
  const operation = `${operationOf[kind]}/:id`;
  const answer = await send("DELETE", `${pathOf(kind, place)}/${id}`, operation, "idempotent", call);
  if (!isGone(answer)) resultOf(answer, `DELETE ${operation}`);
}

const operationOf: Record<ObjectKind, string> = {
  dnsRecord: "/zones/:id/dns_records",
  group: "/accounts/:id/access/groups",
  application: "/accounts/:id/access/apps",
  policy: "/accounts/:id/access/policies",
  identityProvider: "/accounts/:id/access/identity_providers",
  tunnel: "/accounts/:id/cfd_tunnel",
};

function pathOf(kind: ObjectKind, { accountId, zoneId }: Place): string {
  return operationOf[kind].replace(":id", kind === "dnsRecord" ? zoneId : accountId);
}

/** Only Cloudflare itself can say that something is gone. */
function isGone({ status, text }: HttpAnswer): boolean {
  return status === 404 && isEnvelope(text);
}

async function list(
  send: Send,
  kind: ObjectKind,
  place: Place,
  filter: Readonly<Record<string, string>>,
  call: Call | undefined,
): Promise<CloudflareObject[]> {
  const operation = `GET ${operationOf[kind]}`;
  const all = new Map<string, z.infer<typeof Found>>();
  for (let page = 1; page <= mostPages; page++) {
    const query = new URLSearchParams({ ...filter, page: String(page), per_page: String(pageSizes[kind]) });
    const answer = await send("GET", `${pathOf(kind, place)}?${query}`, operationOf[kind], "read", call);
    resultOf(answer, operation);
    const parsed = Page.safeParse(jsonOf(answer.text));
    if (!parsed.success) throw refusal(operation, answer, `a list in an unknown shape: ${z.prettifyError(parsed.error)}`);
    const rows = parsed.data.result ?? [];
    const before = all.size;
    for (const one of rows) all.set(one.id, one);
    // A page may be shorter than what was asked for, and a count may be missing, 0 or this page's own: then only a page with nothing new is the end.
    const count = parsed.data.result_info?.total_count ?? 0;
    if (all.size === before && rows.length === before && count > before)
      throw refusal(operation, answer, `page ${page} is page 1 again, and only ${before} of ${count} came`);
    if (all.size === before || (count > 0 && all.size >= count && rows.length < pageSizes[kind]))
      return [...all.values()].filter((one) => !one.deleted_at).map((one) => objectOf(kind, one));
  }
  throw refusal(operation, { status: 200, headers: new Headers(), text: "" }, `more than ${mostPages} pages`);
}

function objectOf(kind: ObjectKind, found: z.infer<typeof Found>): CloudflareObject {
  const { id, name, type, comment, domain, created_at, created_on, connections, app_count: appCount } = found;
  return {
    ...{ kind, id, name: name ?? "", type: type ?? "", comment: comment ?? "", domain: domain ?? "" },
    ...{
      created: created_at ?? created_on ?? "",
      running: (connections ?? []).length > 0,
      appCount: appCount ?? 0,
      document: JSON.stringify(found),
    },
  };
}
