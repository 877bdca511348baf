import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hourMs } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import type { FleetOutput, TenantOutput } from "../../infra/outputs.ts";
import { loadEvidence, loadStates } from "../ledger/evidence.ts";
import { acquireLease, type Lease } from "../ledger/lease.ts";
import { type Ledger, openLedger } from "../ledger/open.ts";
import { evidenceOf } from "../rules/evidence.ts";
import { changesOf } from "./changes.ts";
import { collectStates } from "./states.ts";

const t = Date.parse("2026-11-23T10:00:00Z");
let dir: string;
let ledger: Ledger;
let lease: Lease;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fleet-states-"));
  ledger = await openLedger({ dir, stack: "test", say: () => undefined });
  lease = await acquireLease(ledger, { holder: "r", say: () => undefined });
});
afterAll(async () => {
  await lease.release();
  await ledger.close();
  await rm(dir, { recursive: true, force: true });
});

const fleet = (tenants: Record<string, TenantOutput["state"]>): FleetOutput => ({
  schemaVersion: 1,
  stack: "test",
  zone: "example.test",
  tenants: Object.fromEntries(Object.entries(tenants).map(([uid, state]) => [uid, outputOf(uid, state)])),
});
const outputOf = (uid: string, state: TenantOutput["state"]): TenantOutput => ({
  slug: uid.replace("_", "-"),
  name: uid,
  state,
  plan: "standard-2026-01",
  url: "https://a.example.test",
  customer: null,
  exempt: null,
  adopt: null,
  railway: { projectId: "p", environmentId: "e", appServiceId: "a", tunnelServiceId: null, volumeId: "v" },
  cloudflare: { accountId: "c", accessApplicationId: null, audience: null, tunnelId: null },
  openrouter: { keyHash: "k" },
});
const offOf = async (uid: string) =>
  evidenceOf(await loadEvidence(ledger, uid as TenantUid, t - hourMs, t + 10 * hourMs)).off.map(({ from, to }) => [
    (from - t) / hourMs,
    (to - t) / hourMs,
  ]);

test("no time lies between two sights of the same state, and the time of a change stays open for Railway to tell", async () => {
  const see = (hours: number, state: TenantOutput["state"]) =>
    collectStates(ledger, lease, fleet({ tn_aaaaaaaaaa: state }), t + hours * hourMs);
  await see(0, "active");
  await see(1, "suspended");
  await see(2, "retained");
  await see(3, "active");
  await see(4, "active");
  expect(await offOf("tn_aaaaaaaaaa")).toEqual([[1, 2]]);
  const uid = "tn_aaaaaaaaaa" as TenantUid;
  const gaps = changesOf(await loadStates(ledger, uid, t, t + 4 * hourMs), []);
  expect(gaps.map(({ state, from, to }) => [state, (from - t) / hourMs, (to - t) / hourMs])).toEqual([
    ["retained", 2, 3],
    ["active", 3, 3],
  ]);
});

test("a tenant that left between two runs of the same instant has left", async () => {
  const now = t + 5 * hourMs;
  await collectStates(ledger, lease, fleet({ tn_aaaaaaaaaa: "active", tn_bbbbbbbbbb: "active" }), now);
  const after = await collectStates(ledger, lease, fleet({ tn_aaaaaaaaaa: "active" }), now);
  expect(after.map((tenant) => [tenant.uid, tenant.leftAt])).toEqual([
    ["tn_aaaaaaaaaa", undefined],
    ["tn_bbbbbbbbbb", now],
  ]);
  await collectStates(ledger, lease, fleet({ tn_aaaaaaaaaa: "active" }), now + hourMs);
  expect(await offOf("tn_bbbbbbbbbb")).toEqual([[5, 6]]);
});
