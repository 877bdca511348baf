/** Finds what a killed run may have made at Cloudflare: the official plugin writes an object's id down only after the answer, and never adopts. */
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError, registerSecret, VendorError } from "../../domain/error.ts";
import { request } from "../http/request.ts";

/** What a create was sent, with the plugin's own names. */
export const MadeInputs = z.looseObject({
  name: z.string(),
  accountId: z.string().optional(),
  zoneId: z.string().optional(),
  type: z.string().optional(),
  comment: z.string().optional(),
});
export type MadeInputs = z.infer<typeof MadeInputs>;

interface Kind {
  /** Path of the list; undefined where the inputs do not tell it. */
  readonly list: (inputs: MadeInputs) => string | undefined;
  /** The id that the plugin's import wants. */
  readonly importId: (inputs: MadeInputs, id: string) => string;
  /** Beyond an equal name. */
  readonly same?: (inputs: MadeInputs, found: Found) => boolean;
}

const Found = z.looseObject({
  id: z.string(),
  name: z.string(),
  type: z.string().optional(),
  comment: z.string().nullish(),
  deleted_at: z.string().nullish(),
});
type Found = z.infer<typeof Found>;
const List = z.looseObject({ success: z.literal(true), result: z.array(Found).nullable() });

const account = (rest: string) => (inputs: MadeInputs) => inputs.accountId && `/accounts/${inputs.accountId}/${rest}`;
const inAccount = ({ accountId }: MadeInputs, id: string) => `${accountId}/${id}`;
const inAccounts = ({ accountId }: MadeInputs, id: string) => `accounts/${accountId}/${id}`;

/** By Pulumi type. Settings of a zone and a tunnel's configuration are PUT or PATCH: made twice is made once, so they are not here. */
const kinds: Readonly<Record<string, Kind>> = {
  "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": {
    list: account("cfd_tunnel"),
    importId: inAccount,
    same: (_, found) => !found.deleted_at,
  },
  "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy": { list: account("access/policies"), importId: inAccount },
  "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": {
    list: account("access/apps"),
    importId: inAccounts,
  },
  "cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider": {
    list: account("access/identity_providers"),
    importId: inAccounts,
    same: ({ type }, found) => type === found.type,
  },
  "cloudflare:index/dnsRecord:DnsRecord": {
    list: ({ zoneId }) => zoneId && `/zones/${zoneId}/dns_records`,
    importId: ({ zoneId }, id) => `${zoneId}/${id}`,
    same: ({ type, comment }, found) => type === found.type && (comment ?? "") === (found.comment ?? ""),
  },
};

const perPage = 50;
const mostPages = 1000;

/** Import id of the living object that a create with these inputs made; undefined where there is none, and for kinds that are never made twice.
 *  Names carry the stack's marker, so an equal name is our own object; two of them are an error that names both. */
export async function findMade(
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly clock: Clock;
  },
  type: string,
  inputs: MadeInputs,
): Promise<string | undefined> {
  const kind = kinds[type];
  const path = kind?.list(inputs);
  if (!kind || !path) return undefined;
  const found = (await listAll(options, path)).filter((one) => one.name === inputs.name && (kind.same?.(inputs, one) ?? true));
  const [only, second] = found;
  if (second)
    throw new OperatorError(
      `Cloudflare has ${found.length} objects named "${inputs.name}" under ${path} (${found.map(({ id }) => id).join(", ")}); delete all but one there, then run this again (docs/runbooks/two-of-a-kind.md)`,
    );
  return only && kind.importId(inputs, only.id);
}

async function listAll({ env, clock }: Parameters<typeof findMade>[0], path: string): Promise<Found[]> {
  const token = env.CLOUDFLARE_API_TOKEN;
  if (!token) throw new OperatorError("CLOUDFLARE_API_TOKEN is not set: without it nobody can look what a killed run made");
  registerSecret(token);
  const base = (env.CLOUDFLARE_BASE_URL ?? "https://api.cloudflare.com/client/v4").replace(/\/+$/, "");
  const all: Found[] = [];
  const seen = new Set<string>();
  for (let page = 1; page <= mostPages; page++) {
    const operation = `GET ${path.replaceAll(/[0-9a-f]{25,}/g, ":id")}`;
    const { status, text } = await request({
      ...{ clock, vendor: "cloudflare", operation, method: "GET", retry: "read", deadlineMs: 30_000 },
      url: `${base}${path}?${new URLSearchParams({ page: String(page), per_page: String(perPage) })}`,
      headers: { authorization: `Bearer ${token}` },
    });
    const parsed = List.safeParse(jsonOf(text));
    if (!parsed.success)
      throw new VendorError({
        ...{ vendor: "cloudflare", operation, status, retryable: false, vendorMessage: text.slice(0, 200) },
      });
    const fresh = (parsed.data.result ?? []).filter(({ id }) => !seen.has(id));
    // Some lists know no pages and answer everything each time.
    if (fresh.length === 0) return all;
    for (const one of fresh) seen.add(one.id);
    all.push(...fresh);
  }
  return all;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
