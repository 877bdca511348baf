import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dayMs, hourMs, hourOf } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { stages } from "../run.ts";
import { beginRun, endRun } from "./closes.ts";
import { acquireLease, type Lease } from "./lease.ts";
import { type Ledger, openLedger } from "./open.ts";
import { intend, markConfirmed, markRejected } from "./posts.ts";
import { readRuns } from "./runs.ts";

const uid = "tn_aaaaaaaaaa" as TenantUid;
const now = Date.parse("2026-11-24T12:00:00Z");
const whole = stages.join(",");
let dir: string;
let ledger: Ledger;
let lease: Lease;
const read = (stack = "test") => readRuns({ dir, stack, say: () => undefined }, now);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fleet-runs-"));
});
afterAll(async () => {
  await lease?.release();
  await ledger?.close();
  await rm(dir, { recursive: true, force: true });
});

test("looking for runs where there is no ledger makes none", async () => {
  expect(await read()).toBeUndefined();
  expect(await readdir(dir)).toEqual([]);
  ledger = await openLedger({ dir, stack: "test", say: () => undefined });
  expect(await read("other")).toBeUndefined();
  const schemas = await ledger.pool.query("select nspname from pg_namespace where nspname = 'fleet_other'");
  expect(schemas.rows).toEqual([]);
  expect(await read()).toEqual({ finished: undefined, begunSince: [], unconfirmedPosts: 0 });
});

test("the newest run counts that had all stages and ended; later ones that did not end are told", async () => {
  lease = await acquireLease(ledger, { holder: "test", say: () => undefined });
  const run = (name: string, command: string, startedAt: number, endedAt?: number, problems = 0) =>
    lease.write(async (tx) => {
      await beginRun(tx, name, command, startedAt);
      if (endedAt !== undefined) await endRun(tx, name, { posts: 0, problems }, endedAt);
    });
  await run("old-killed", whole, now - 9 * hourMs);
  await run("older", whole, now - 8 * hourMs, now - 7 * hourMs);
  await run("whole", whole, now - 5 * hourMs, now - 4 * hourMs, 2);
  await run("plan", "collect,plan", now - 3 * hourMs, now - 2 * hourMs);
  await run("killed", whole, now - 2 * hourMs);
  expect(await read()).toEqual({
    finished: { run: "whole", startedAt: now - 5 * hourMs, endedAt: now - 4 * hourMs, problems: 2 },
    begunSince: [now - 2 * hourMs],
    unconfirmedPosts: 0,
  });
});

test("of each hour's posts only the newest counts, after a day or when it was refused", async () => {
  const at = new Date(now);
  await ledger.db.insertInto("tenants").values({ uid, slug: "a", outputs: "{}", seen_at: at }).execute();
  const post = async (hoursAgo: number, value: 0 | 1, run: string, intendedAt: number) => {
    const hour = hourOf(now - hoursAgo * hourMs);
    await lease.write((tx) => intend(tx, uid, "cus_1", [{ hour, value, eventAt: now }], { run, now: intendedAt }));
    return `bh:${uid}:${hour}:${value}:${run}`;
  };
  const count = async () => (await read())?.unconfirmedPosts;
  await post(40, 1, "r1", now - dayMs - 1);
  await post(41, 1, "r1", now - dayMs);
  expect(await count()).toBe(1);
  const again = await post(40, 0, "r2", now - dayMs + 1);
  expect(await count()).toBe(0);
  await lease.write((tx) => markRejected(tx, again, "no such customer"));
  expect(await count()).toBe(1);
  await lease.write((tx) => markConfirmed(tx, [again], now));
  expect(await count()).toBe(0);
});
