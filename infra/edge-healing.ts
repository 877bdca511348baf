/** PURE. What Cloudflare has of ours is compared with what the state holds and what the program wants: the official plugin creates without looking and tries
 *  again by itself, so that a lost answer or a killed run leaves objects that nobody wrote down, or two of a kind (DESIGN 4). */
import { z } from "zod";
import { type CloudflareObject, objectKinds } from "../vendors/cloudflare/objects.ts";
import { thingOf } from "./edge-names.ts";
import type { PlannedResource } from "./planned.ts";

const types = {
  dnsRecord: "cloudflare:index/dnsRecord:DnsRecord",
  application: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
  policy: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
  identityProvider: "cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider",
  tunnel: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
} as const;
type Kind = keyof typeof types;

const kindOfType = new Map<string, Kind>(Object.entries(types).map(([kind, type]) => [type, kind as Kind]));
const kindOfPlanned: Partial<Record<PlannedResource["kind"], Kind>> = {
  "cloudflare:DnsRecord": "dnsRecord",
  "cloudflare:AccessApplication": "application",
  "cloudflare:AccessPolicy": "policy",
  "cloudflare:AccessIdentityProvider": "identityProvider",
  "cloudflare:Tunnel": "tunnel",
};

/** One that the stack's state holds at the place that was looked at. */
export interface HeldObject {
  readonly kind: Kind;
  readonly urn: string;
  readonly id: string;
  /** undefined: its arguments do not say what it is for. */
  readonly key: string | undefined;
  /** A replacement is under way, and it goes. */
  readonly dying: boolean;
  /** Whether others in the state hang on it. */
  readonly needed: boolean;
}

/** One that the program makes. */
export interface WantedObject {
  readonly type: string;
  /** Logical name. */
  readonly logicalName: string;
  readonly key: string;
  /** What it is called at Cloudflare. */
  readonly name: string;
}

export interface Sides {
  readonly stack: string;
  readonly accountId: string;
  readonly zoneId: string;
  readonly found: readonly CloudflareObject[];
  readonly held: readonly HeldObject[];
  readonly wanted: readonly WantedObject[];
}

export interface Healing {
  /** Import ids by `<type> <logical name>`: what the program wants and the state lacks. */
  readonly imports: ReadonlyMap<string, string>;
  /** Held by the state, and no longer at Cloudflare; `wanted`: the program wants it all the same. */
  readonly gone: readonly (HeldObject & { readonly wanted: boolean })[];
  /** Held by the state, and using a twin at Cloudflare: changed by hand. */
  readonly drifted: readonly HeldObject[];
  /** Ours, for something that the state holds another object for, and used by nothing: may be deleted, in this order. */
  readonly twins: readonly CloudflareObject[];
  /** Ours, for something of which another one is taken in: twins as soon as the state holds that one. */
  readonly spare: readonly CloudflareObject[];
  /** Ours, and neither held nor to be decided here. */
  readonly left: readonly { readonly object: CloudflareObject; readonly why: string }[];
}

/** What has to be done so that each thing that the program wants is there once and in the state. Nothing without this stack's marker is ever in the answer. */
export function compareEdge({ stack, accountId, zoneId, found, held, wanted }: Sides): Healing {
  const foundIds = new Set(found.map(({ id }) => id));
  const heldIds = new Set(held.map(({ id }) => id));
  const wantedByKey = new Map(wanted.map((one) => [one.key, one]));
  const imports = new Map<string, string>();
  const taken = new Set<string>();
  const twins = new Set<CloudflareObject>();
  const spare: CloudflareObject[] = [];
  const left: { object: CloudflareObject; why: string }[] = [];
  const drifted = new Set<HeldObject>();

  const ours = found.flatMap((object) => {
    const thing = thingOf(object, stack);
    return thing ? [{ object, thing }] : [];
  });
  for (const [key, group] of Map.groupBy(ours, ({ thing }) => thing.key)) {
    const unknown = group.map(({ object }) => object).filter(({ id }) => !heldIds.has(id));
    const holders = held.filter((one) => one.key === key && !one.dying);
    if (unknown.length === 0) continue;
    if (holders.some(({ id }) => foundIds.has(id))) for (const object of unknown) twins.add(object);
    // Once the state was read again, it holds none of them.
    else if (holders.length > 0) continue;
    else {
      const one = wantedByKey.get(key);
      const [keep, ...rest] = one ? bestFirst(unknown, one, found) : [];
      spare.push(...rest);
      if (one && keep) {
        imports.set(`${one.type} ${one.logicalName}`, importId(keep, { accountId, zoneId }));
        taken.add(keep.id);
      } else
        for (const object of unknown)
          left.push({
            object,
            why: "neither the stack's state nor its files know it: made by a run that did not come to its end, or kept by a tenant that left",
          });
    }
  }

  // Who uses a twin keeps it, and what that one uses too.
  for (let changed = true; changed; ) {
    changed = false;
    for (const twin of twins) {
      const users = found.filter((one) => one.id !== twin.id && !twins.has(one) && one.document.includes(twin.id));
      if (users.length === 0 && !twin.running) continue;
      twins.delete(twin);
      changed = true;
      const own = held.filter(({ id }) => users.some((user) => user.id === id));
      for (const holder of own) drifted.add(holder);
      const others = users.filter(({ id }) => !heldIds.has(id) && !taken.has(id));
      if (twin.running) left.push({ object: twin, why: "a cloudflared still runs it" });
      else if (others.length > 0)
        left.push({ object: twin, why: `it is used by ${others.map((user) => `"${user.name}" (${user.id})`).join(", ")}` });
    }
  }
  return {
    imports,
    gone: held
      .filter(({ dying, id }) => !dying && !foundIds.has(id))
      .map((one) => ({ ...one, wanted: one.key !== undefined && wantedByKey.has(one.key) })),
    drifted: [...drifted],
    twins: [...twins].toSorted((one, other) => objectKinds.indexOf(one.kind) - objectKinds.indexOf(other.kind)),
    spare,
    left,
  };
}

/** What the program wants of the kinds that are looked for. */
export function wantedOf(planned: readonly PlannedResource[], stack: string): WantedObject[] {
  return planned.flatMap((resource) => {
    const kind = kindOfPlanned[resource.kind];
    const named = kind && namedOf(kind, resource.arguments);
    const thing = named && thingOf(named, stack);
    return thing ? [{ type: types[kind], logicalName: resource.name, key: thing.key, name: named.name }] : [];
  });
}

const Exported = z.looseObject({
  deployment: z.looseObject({
    resources: z
      .array(
        z.looseObject({
          urn: z.string(),
          type: z.string(),
          id: z.string().default(""),
          delete: z.boolean().default(false),
          dependencies: z.array(z.string()).default([]),
          inputs: z.record(z.string(), z.unknown()).default({}),
        }),
      )
      .nullish(),
  }),
});

/** What an exported state holds of these kinds at this place; what lies elsewhere cannot be compared. */
export function heldOf(
  exported: string,
  { stack, accountId, zoneId }: Pick<Sides, "stack" | "accountId" | "zoneId">,
): HeldObject[] {
  const resources = Exported.parse(JSON.parse(exported)).deployment.resources ?? [];
  const needed = new Set(resources.flatMap(({ dependencies }) => dependencies));
  return resources.flatMap(({ urn, type, id, delete: dying, inputs }) => {
    const kind = kindOfType.get(type);
    const here = kind === "dnsRecord" ? inputs.zoneId === zoneId : inputs.accountId === accountId;
    if (!kind || !here || id === "") return [];
    const key = thingOf(namedOf(kind, inputs), stack)?.key;
    return [{ kind, urn, id: id.split("/").at(-1) ?? id, key, dying, needed: needed.has(urn) }];
  });
}

function namedOf(kind: Kind, fields: Readonly<Record<string, unknown>>) {
  const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : "");
  return { kind, name: text("name"), type: text("type"), comment: text("comment"), domain: text("domain") };
}

/** As it is called now, then in use, then oldest. */
function bestFirst(
  objects: readonly CloudflareObject[],
  wanted: WantedObject,
  found: readonly CloudflareObject[],
): CloudflareObject[] {
  const rank = (object: CloudflareObject) => {
    const users = found.filter((one) => one.id !== object.id && one.document.includes(object.id)).length;
    return [object.running ? 0 : 1, object.name === wanted.name ? 0 : 1, -users, object.created, object.id] as const;
  };
  return objects.toSorted((one, other) => {
    const [left, right] = [rank(one), rank(other)];
    for (let index = 0; index < left.length; index++) {
      const [a = "", b = ""] = [left[index], right[index]];
      if (a !== b) return a < b ? -1 : 1;
    }
    return 0;
  });
}

/** As the plugin's import wants it. */
function importId({ kind, id }: CloudflareObject, { accountId, zoneId }: Pick<Sides, "accountId" | "zoneId">): string {
  if (kind === "dnsRecord") return `${zoneId}/${id}`;
  return kind === "application" || kind === "identityProvider" ? `accounts/${accountId}/${id}` : `${accountId}/${id}`;
}
