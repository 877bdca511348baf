/** PURE. The deletion budget: a run may delete only what the change names, that is, what belongs to tenants that were offboarding and whose files are gone, and
 *  what a tenant's own file no longer asks for. A volume neither shrinks nor moves. Everything else is refused, before anything is changed (DESIGN 4). */
import type { Problem } from "../domain/error.ts";
import type { Tenant } from "../tenants/resolve.ts";
import { states } from "../tenants/schema.ts";
import { planFleet } from "./plan.ts";
import { dataTypes, isVendors } from "./resource-types.ts";
import type { Settings } from "./settings.ts";

/** A resource of the stack's state, as `pulumi stack export` gives it. */
export interface StateResource {
  readonly type: string;
  /** Logical name: the last part of the URN. */
  readonly name: string;
  readonly protect: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the next run would replace whatever the program says, or has replaced by half: then this is the old one, and it goes. */
  readonly replacing?: { readonly half: boolean; readonly urn: string };
}

export interface StackState {
  readonly resources: readonly StateResource[];
  /** The last outputs' tenants, of whatever version, by uid. */
  readonly former: ReadonlyMap<string, Former>;
}

/** A tenant of the last outputs. */
export interface Former {
  readonly slug?: string | undefined;
  readonly state?: string | undefined;
  readonly railway?: { readonly volumeId?: string | undefined } | undefined;
}

export interface Wanted {
  readonly settings: Settings;
  readonly tenants: readonly Tenant[];
  /** Slugs that may go with everything although they were not offboarding, and what else of them is deleted; `account` for what the account shares. */
  readonly allowed: readonly string[];
  /** Slugs whose volume is gone and that may go on with an empty one. */
  readonly allowedEmpty?: readonly string[];
}

/** The name that stands for what the whole Cloudflare account shares. */
export const accountName = "account";

const ownerIn = /^(tn_[a-z0-9]{10})-(.+)$/;

/** Everything that the run would delete, replace, shrink, move or make anew without its data, and is not allowed to; empty where it may go on. */
export function overBudget(state: StackState, wanted: Wanted): Problem[] {
  const there = state.resources.filter((one) => isVendors(one.type) && one.replacing?.half !== true);
  const owners = Map.groupBy(there, ownerOf);
  const tenants = new Map<string, Tenant>(wanted.tenants.map((tenant) => [tenant.uid, tenant]));
  const within = [...owners].flatMap(([owner, resources]) => {
    const tenant = tenants.get(owner);
    if (owner === accountName) return unexplained(accountName, accountName, resources, accountNames(wanted), wanted);
    if (!tenant) return leaving(owner, resources, state, wanted);
    return [
      ...volumes(tenant, resources),
      ...unexplained(tenant.slug, owner, resources, everyName(tenant, wanted.settings), wanted),
    ];
  });
  return [
    ...within,
    ...wanted.tenants.flatMap((tenant) => [...replaced(tenant, state, wanted), ...emptied(tenant, state, wanted)]),
  ];
}

/** What `pulumi state taint` marked, and what a replacement that was stopped left to be deleted: the program knows of neither. */
function replaced({ uid, slug, file }: Tenant, { resources }: StackState, { settings, allowed }: Wanted): Problem[] {
  if (!settings.protect && allowed.includes(slug)) return [];
  return resources.flatMap((one): Problem[] => {
    const { type, replacing } = one;
    const what = dataTypes[type];
    if (!replacing || what === undefined || ownerOf(one) !== uid) return [];
    const message = replacing.half
      ? `the ${what} was replaced by half, and the old one with the data would be deleted now. Look in Railway which of the two holds the data, then take the old one out of the state: pulumi state delete '${replacing.urn}'`
      : `the ${what} is marked to be replaced, and its data would be gone. Take the mark off: pulumi state untaint '${replacing.urn}'`;
    return [{ file, message }];
  });
}

/** A volume that somebody deleted and a refresh has forgotten: the run would make an empty one, as if the tenant were new. */
function emptied({ uid, slug, file }: Tenant, { resources, former }: StackState, { allowedEmpty = [] }: Wanted): Problem[] {
  const volumeId = former.get(uid)?.railway?.volumeId ?? "";
  if (volumeId === "" || allowedEmpty.includes(slug)) return [];
  if (resources.some((one) => dataTypes[one.type] === "volume" && ownerOf(one) === uid)) return [];
  return [
    {
      file,
      message: `volume ${volumeId} is gone, and this would make an empty one. For 48 hours after a deletion Railway's e-mail "volume deleted" holds a link that brings it back: use that first. Then, or if it may begin empty, run this with --allow-empty ${slug}: it takes what lies at the mount path, and makes a new volume only if nothing does`,
    },
  ];
}

function ownerOf({ name }: StateResource): string {
  return ownerIn.exec(name)?.[1] ?? accountName;
}

/** A tenant whose file is gone. */
function leaving(uid: string, resources: readonly StateResource[], state: StackState, { settings, allowed }: Wanted): Problem[] {
  const former = state.former.get(uid);
  const slug = former?.slug ?? slugOf(resources, settings.stack) ?? uid;
  const file = `tenants/${settings.stack}/${slug}.yaml`;
  const kept = resources.filter(({ protect }) => protect);
  if (former?.state === "offboarding" && kept.length > 0)
    return [
      {
        file,
        message: `is gone, but ${listOf(kept, uid)} of ${slug} is still protected: its last up did not come to its end. Restore the file with state: offboarding, run up for it, then remove it`,
      },
    ];
  if (former?.state === "offboarding" || (!settings.protect && allowed.includes(slug))) return [];
  // Its removal began, or it never had data: outputs name a tenant no more once an up without its file has run, however that ended.
  const data = resources.filter(({ type }) => type in dataTypes);
  const lifted = data.every(({ protect, inputs }) => settings.protect && !protect && inputs.allowDelete === true);
  if (former === undefined && lifted) return [];
  const wayOut = settings.protect ? "" : `, or, if all its data may go, run this with --allow-delete ${slug}`;
  return [
    {
      file,
      message: `is gone, and the tenant was not offboarding: this would delete ${listOf(resources, uid)}. Restore the file (wrong branch or folder?), set state: offboarding and run up, then remove it${wayOut}`,
    },
  ];
}

/** What goes although no file explains it: another version of this program made it, or the settings no longer know it. Data is never in it, and no flag lets
 *  data of a tenant that stays go. */
function unexplained(
  slug: string,
  owner: string,
  resources: readonly StateResource[],
  known: ReadonlySet<string>,
  { settings, allowed }: Wanted,
): Problem[] {
  const gone = resources.filter(({ name }) => !known.has(name));
  const data = gone.filter(({ type }) => type in dataTypes);
  if (gone.length === 0 || (allowed.includes(slug) && data.length === 0)) return [];
  const place = slug === accountName ? `Pulumi.${settings.stack}.yaml` : `tenants/${settings.stack}/${slug}.yaml`;
  const message = `does not explain why ${listOf(gone, owner)} would be deleted: was it made by another version of fleet, or is this the wrong branch?`;
  return [{ file: place, message: data.length > 0 ? message : `${message} If it may go, run this with --allow-delete ${slug}` }];
}

function volumes({ file, app }: Tenant, resources: readonly StateResource[]): Problem[] {
  return resources.flatMap(({ type, inputs: { sizeGB, region } }): Problem[] => {
    if (dataTypes[type] !== "volume") return [];
    const smaller = typeof sizeGB === "number" && app.volumeGB < sizeGB;
    const moved = typeof region === "string" && region !== app.region;
    return [
      ...(smaller
        ? [
            {
              file,
              message: `app.volumeGB: a volume cannot shrink: it has ${sizeGB} GB; write ${sizeGB} or more, not ${app.volumeGB}`,
            },
          ]
        : []),
      ...(moved
        ? [
            {
              file,
              message: `app.region: a volume cannot move from ${region} to ${app.region} without losing its data; write ${region}`,
            },
          ]
        : []),
    ];
  });
}

/** What this tenant can have in any state: of that, its file decides. Public paths are the file's too. */
function everyName(tenant: Tenant, settings: Settings): ReadonlySet<string> {
  const everyState = states.map((state) => ({ ...tenant, state, opened: true as const }));
  const names = planFleet(settings, everyState).tenants.flatMap(({ resources }) => resources.map(({ name }) => name));
  return new Names(names, `${tenant.uid}-public-`);
}

function accountNames({ settings }: Wanted): ReadonlySet<string> {
  const { ownsAccount, loginMethods } = settings;
  // Log-in methods come and go with the settings that name them; all of them at once is the account changing hands.
  const every = {
    google: { clientId: "-" },
    googleWorkspace: { clientId: "-", appsDomain: "-" },
    github: { clientId: "-" },
    oneTimePin: {},
  };
  if (!ownsAccount || Object.keys(loginMethods).length === 0) return new Set();
  return new Set(planFleet({ ...settings, loginMethods: every }, []).account.map(({ name }) => name));
}

/** Names, and all that begin with a prefix. */
class Names extends Set<string> {
  readonly #prefix: string;
  constructor(names: readonly string[], prefix: string) {
    super();
    this.#prefix = prefix;
    for (const name of names) this.add(name);
  }
  override has(name: string): boolean {
    return super.has(name) || name.startsWith(this.#prefix);
  }
}

/** The project's name at Railway is `<stack>-<slug>`: a tenant whose first run failed is in no outputs. */
function slugOf(resources: readonly StateResource[], stack: string): string | undefined {
  const name = resources.find(({ type }) => dataTypes[type] === "project")?.inputs.name;
  return typeof name === "string" && name.startsWith(`${stack}-`) ? name.slice(stack.length + 1) : undefined;
}

function listOf(resources: readonly StateResource[], owner: string): string {
  const data = resources.flatMap(({ type }) => dataTypes[type] ?? []);
  const names = [
    ...data,
    ...resources.filter(({ type }) => !(type in dataTypes)).map(({ name }) => name.replace(`${owner}-`, "")),
  ];
  const shown = names.slice(0, 4).join(", ");
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}
