/** PURE. Two sides of a stack, its people and perhaps a preview → the stack's part of the report. */
import type { Prices } from "../../billing/costs/prices.ts";
import type { Problem } from "../../domain/error.ts";
import { compareShared, compareTenants, describeNew } from "./compare.ts";
import { fileGuards, isRefusal, policyFindings, previewGuards } from "./guards.ts";
import { hide } from "./hide.ts";
import { comparePeople, describePeople, type Person } from "./people.ts";
import type { Preview, PreviewedResource } from "./preview.ts";
import { type Price, priceOf, seatCostCents } from "./price.ts";
import { type Change, PrReport, type ResourceChange, type StackReport, type TenantReport } from "./report.ts";
import type { Side, SideTenant } from "./side.ts";

/** A tenant's members, by uid. */
export type PeopleOf = ReadonlyMap<string, readonly Person[]>;

export interface StackInput {
  readonly base: Side;
  readonly head: Side;
  readonly people: { readonly base: PeopleOf; readonly head: PeopleOf };
  /** Undefined: made from the files alone, and why. */
  readonly preview: Preview | undefined;
  readonly why: string | null;
  /** FLEET_ALLOW_DELETE, as a list. */
  readonly allowed: readonly string[];
  readonly activeHours: number;
  readonly prices: Prices;
}

/** Whether a tenant's entry, or what its plan and the settings make of it, is another one than before. */
export function differs(before: SideTenant | undefined, after: SideTenant | undefined): boolean {
  return JSON.stringify(comparable(before)) !== JSON.stringify(comparable(after));
}

export function reportStack(input: StackInput): StackReport {
  const { base, head, preview, prices, activeHours, allowed } = input;
  const [before, after] = [byUid(base), byUid(head)];
  const uids = [...new Set([...before.keys(), ...after.keys()])];
  const slugs = new Map(uids.map((uid) => [uid, (after.get(uid) ?? before.get(uid))?.tenant.slug]));
  const tenants = uids.flatMap((uid) => reportTenant(uid, before.get(uid), after.get(uid), input) ?? []);
  const total = (side: Side) => side.tenants.map((tenant) => priceOf(tenant, activeHours, prices));
  const [pricesBefore, pricesAfter] = [total(base), total(head)];
  const seats = { before: sum(pricesBefore, "seats"), after: sum(pricesAfter, "seats") };
  return {
    ...{ stack: head.stack, source: preview ? "preview" : "files", why: input.why },
    ...{ tenantsBefore: base.tenants.length, tenantsAfter: head.tenants.length },
    tenants: tenants.sort((left, right) => (left.slug < right.slug ? -1 : 1)),
    shared: compareShared(base, head),
    sharedResources: preview ? unowned(preview, new Set(uids)).map(withoutUid) : null,
    guards: [...fileGuards(base, head, allowed), ...(preview ? previewGuards(base, head, preview, allowed) : [])],
    policies: preview ? policyFindings(preview, (uid) => slugs.get(uid)) : null,
    errors: preview ? preview.errors.filter((message) => !isRefusal(message)) : [],
    flatCents: { before: sum(pricesBefore, "flatCents"), after: sum(pricesAfter, "flatCents") },
    revenueCents: { before: sum(pricesBefore, "revenueCents"), after: sum(pricesAfter, "revenueCents") },
    costCents: { before: sum(pricesBefore, "costCents"), after: sum(pricesAfter, "costCents") },
    seats: {
      ...seats,
      free: prices.cloudflare.freeSeats,
      costCents: { before: seatCostCents(seats.before, prices), after: seatCostCents(seats.after, prices) },
    },
  };
}

/** The whole report; everything in it is made safe to be shown (no address, no secret, no control character). */
export function reportOf(
  facts: Pick<PrReport, "base" | "assumptions"> & {
    readonly problems: readonly Problem[];
    readonly stacks: readonly StackReport[];
  },
): PrReport {
  const problems = facts.problems.map(({ file = null, line = null, column = null, message }) => ({
    file,
    line,
    column,
    message,
  }));
  const { base, assumptions, stacks } = facts;
  const outcome = outcomeOf(problems.length, stacks);
  return PrReport.parse(hide({ schemaVersion: 1, outcome, base, assumptions, problems, stacks }));
}

function outcomeOf(problems: number, stacks: readonly StackReport[]): PrReport["outcome"] {
  const some = (holds: (stack: StackReport) => boolean) => stacks.some(holds);
  if (problems > 0) return "invalid";
  if (some(({ guards, policies }) => [...guards, ...(policies ?? [])].some(({ verdict }) => verdict === "refused")))
    return "refused";
  if (some(({ errors }) => errors.length > 0)) return "failed";
  const changed = ({ tenants, shared, sharedResources }: StackReport) =>
    tenants.length + shared.length + (sharedResources?.length ?? 0) > 0;
  return some(changed) ? "changes" : "unchanged";
}

function reportTenant(
  uid: string,
  before: SideTenant | undefined,
  after: SideTenant | undefined,
  { people: { base, head }, preview, head: side, activeHours, prices }: StackInput,
): TenantReport | undefined {
  const shown = after ?? before;
  if (shown === undefined) return undefined;
  const own = preview?.resources.filter((resource) => resource.uid === uid);
  const touched = differs(before, after);
  if (!touched && (own === undefined || own.length === 0)) return undefined;
  const people = comparePeople(base.get(uid) ?? [], head.get(uid) ?? []);
  const price = (tenant: SideTenant | undefined): Price =>
    tenant ? priceOf(tenant, activeHours, prices) : { flatCents: 0, revenueCents: 0, costCents: 0, seats: 0 };
  const [old, now] = [price(before), price(after)];
  const changes = !before ? describeNew(shown, side.settings) : after ? compareBoth(before, after, describePeople(people)) : [];
  const { slug, name, file } = shown.tenant;
  return {
    ...{ uid, slug, name, file, changes, people },
    change: !before ? "created" : !after ? "removed" : changes.length > 0 ? "changed" : "resources",
    resources: own?.map(withoutUid) ?? null,
    flatCents: { before: old.flatCents, after: now.flatCents },
    revenueCents: { before: old.revenueCents, after: now.revenueCents },
    costCents: { before: old.costCents, after: now.costCents },
  };
}

function compareBoth(before: SideTenant, after: SideTenant, people: string | undefined): Change[] {
  const changes = compareTenants(before, after);
  const field = "access.members";
  if (people !== undefined) return [{ field, text: `members: ${people}` }, ...changes];
  const texts = [before, after].map(({ tenant }) => JSON.stringify(tenant.access.members));
  return texts[0] === texts[1]
    ? changes
    : [{ field, text: "members: sealed anew or in another order, the same people" }, ...changes];
}

function comparable(side: SideTenant | undefined): unknown {
  if (side === undefined) return undefined;
  const { plan, file, ...tenant } = side.tenant;
  // A plan's own changes are told once, for the whole stack.
  return { ...tenant, plan: plan.id, state: side.state, adopt: side.adopt };
}

function byUid({ tenants }: Side): ReadonlyMap<string, SideTenant> {
  return new Map(tenants.map((tenant) => [tenant.tenant.uid, tenant]));
}

/** Of the account, and of tenants that neither side knows. */
function unowned(preview: Preview, known: ReadonlySet<string>): readonly PreviewedResource[] {
  return preview.resources.filter(({ uid }) => uid === null || !known.has(uid));
}

function withoutUid({ op, what, holdsData, properties }: PreviewedResource): ResourceChange {
  return { op, what, holdsData, properties: [...properties] };
}

function sum(prices: readonly Price[], of: keyof Price): number {
  return prices.reduce((total, price) => total + price[of], 0);
}
