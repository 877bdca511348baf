/** Collects evidence into the ledger: only what is missing and can still be had. A source that fails leaves its span unknown for the next run. */
import type { Clock } from "../../domain/clock.ts";
import { dayMs, hourMs } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { addEvidence, loadRecord, loadStates } from "../ledger/evidence.ts";
import type { Lease } from "../ledger/lease.ts";
import type { Ledger } from "../ledger/open.ts";
import type { LedgerLine, Source } from "../ledger/pack.ts";
import type { LedgerTenant } from "../ledger/tenants.ts";
import { reachMs } from "../meter/diff.ts";
import type { Interval } from "../rules/interval.ts";
import { changesOf } from "./changes.ts";
import { firstDeployment, oursOf } from "./deployments.ts";
import * as access from "./logins.ts";
import * as memory from "./memory.ts";
import { missingSpans } from "./missing.ts";
import * as model from "./model.ts";
import type { Vendors } from "./ports.ts";

export interface Collecting {
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly vendors: Vendors;
  readonly clock: Clock;
  readonly stack: string;
  readonly tenants: readonly LedgerTenant[];
  /** One tenant's or one vendor's failure does not stop the others. */
  readonly problem: (uid: TenantUid | undefined, error: unknown) => void;
}

/** Railway deletes a removed project for good after two days. */
const leftReadableMs = 2 * dayMs;

interface Window {
  readonly tenant: LedgerTenant;
  /** Nothing was used before: its first deployment, or as far as billing reaches back. */
  readonly from: number;
}

export async function collect(collecting: Collecting): Promise<void> {
  const windows: Window[] = [];
  for (const tenant of collecting.tenants) {
    try {
      windows.push(await collectTenant(collecting, tenant));
    } catch (error) {
      collecting.problem(tenant.uid, error);
      windows.push({ tenant, from: await knownSince(collecting, tenant.uid) });
    }
  }
  await collectLogins(collecting, windows).catch((error: unknown) => collecting.problem(undefined, error));
  await collectModelUse(collecting, windows).catch((error: unknown) => collecting.problem(undefined, error));
}

/** While Railway does not answer, the other sources go on from where the tenant's evidence begins. */
async function knownSince(collecting: Collecting, uid: TenantUid): Promise<number> {
  const now = await collecting.clock.now();
  const record = await loadRecord(collecting.ledger, uid, "railway", now - reachMs, now);
  return record[0]?.from ?? now;
}

/** Deployments and memory: what is asked tenant by tenant. */
async function collectTenant(collecting: Collecting, tenant: LedgerTenant): Promise<Window> {
  const { vendors, clock } = collecting;
  const now = await clock.now();
  if (tenant.leftAt !== undefined && !(await leftUnread(collecting, tenant, tenant.leftAt, now)))
    return { tenant, from: tenant.leftAt };
  const { projectId, environmentId, appServiceId, tunnelServiceId } = tenant.outputs.railway;
  const deployments = await vendors.railway.deployments(scopeOf(tenant));
  const earliest = now - reachMs;
  const known = await loadRecord(collecting.ledger, tenant.uid, "ours", earliest, now);
  const ours = oursOf(deployments, known, now).filter((line) => line.to >= earliest);
  const states = await loadStates(collecting.ledger, tenant.uid, earliest, now);
  await save(collecting, tenant.uid, [...ours, ...changesOf(states, deployments)], now);
  const from = Math.max(Math.floor((firstDeployment(deployments) ?? now) / hourMs) * hourMs, earliest);
  const settledTo = now - memory.settleMs;
  for (const span of await missing(collecting, tenant.uid, "railway", Math.max(from, now - memory.retentionMs), now)) {
    const line = await memory.collectMemory(
      vendors.railway,
      { projectId, environmentId, appServiceId, tunnelServiceId },
      span,
      settledTo,
    );
    if (line) await save(collecting, tenant.uid, [line], now);
  }
  return { tenant, from };
}

/** Of the application's deployments. Of who left, and who keeps nothing but the volume, the service is deleted; the past is still to be read. */
export function scopeOf({ outputs, leftAt }: Pick<LedgerTenant, "outputs" | "leftAt">) {
  const { projectId, environmentId, appServiceId } = outputs.railway;
  const includeDeleted = leftAt !== undefined || outputs.state === "retained";
  return { projectId, environmentId, serviceId: appServiceId, includeDeleted };
}

/** From its leaving on a tenant's time is off, and its objects are going. What was not off before is read for as long as Railway may still have it. */
async function leftUnread(collecting: Collecting, { uid, outputs }: LedgerTenant, leftAt: number, now: number): Promise<boolean> {
  if (leftAt >= now - hourMs) return true;
  if (outputs.state !== "active" || leftAt < now - leftReadableMs) return false;
  const lastHour = Math.floor(leftAt / hourMs) * hourMs - hourMs;
  return (await missing(collecting, uid, "railway", lastHour, leftAt)).length > 0;
}

async function collectLogins(collecting: Collecting, windows: readonly Window[]): Promise<void> {
  const salt = await collecting.ledger.db.selectFrom("salt").select("value").executeTakeFirstOrThrow();
  const now = await collecting.clock.now();
  const accounts = new Map<string, { window: Window; applicationId: string }[]>();
  for (const window of windows) {
    const { accountId, accessApplicationId } = window.tenant.outputs.cloudflare;
    if (accessApplicationId === null) continue;
    accounts.set(accountId, [...(accounts.get(accountId) ?? []), { window, applicationId: accessApplicationId }]);
  }
  for (const [accountId, members] of accounts) {
    const wanted = await firstMissing(
      collecting,
      "access",
      members.map((member) => member.window),
      now,
      access.retentionMs,
    );
    if (wanted === undefined) continue;
    const rows = await collecting.vendors.access.accessRequests({ accountId, sinceMs: wanted, untilMs: now });
    const span: Interval = { from: wanted, to: Math.max(wanted, now - access.settleMs) };
    for (const { window, applicationId } of members) {
      const { uid } = window.tenant;
      await save(collecting, uid, [access.loginsOf(rows, { uid, applicationId }, span, salt.value)], now);
    }
  }
}

async function collectModelUse(collecting: Collecting, windows: readonly Window[]): Promise<void> {
  const now = await collecting.clock.now();
  const wanted = await firstMissing(collecting, "model", windows, now, model.retentionMs);
  if (wanted === undefined) return;
  const hours = await model.askHours(collecting.vendors.model, { from: wanted, to: now });
  for (const span of missingSpans([], wanted, now)) {
    const answer = await model.askMinutes(collecting.vendors.model, collecting.stack, hours, span, now - model.settleMs);
    for (const { tenant } of windows) {
      await save(collecting, tenant.uid, [model.modelUseOf(answer, collecting.stack, tenant.uid, span)], now);
    }
  }
}

/** Where the earliest gap of any tenant begins that the vendor can still fill. */
async function firstMissing(
  collecting: Collecting,
  source: Source,
  windows: readonly Window[],
  now: number,
  retentionMs: number,
): Promise<number | undefined> {
  let first: number | undefined;
  for (const { tenant, from } of windows) {
    const [gap] = await missing(collecting, tenant.uid, source, Math.max(from, now - retentionMs), now);
    if (gap && (first === undefined || gap.from < first)) first = gap.from;
  }
  return first;
}

async function missing(collecting: Collecting, uid: TenantUid, source: Source, from: number, to: number): Promise<Interval[]> {
  return missingSpans(await loadRecord(collecting.ledger, uid, source, from, to), from, to);
}

async function save(collecting: Collecting, uid: TenantUid, lines: readonly LedgerLine[], now: number): Promise<void> {
  if (lines.length) await collecting.lease.write((tx) => addEvidence(tx, uid, lines, now));
}
