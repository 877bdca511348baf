import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hourOf } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { acquireLease } from "./lease.ts";
import { type Ledger, openLedger } from "./open.ts";

let dir: string;
let ledger: Ledger;
const quiet = () => undefined;
const open = (stack = "test") => openLedger({ dir, stack, say: quiet });
const uid = "tn_aaaaaaaaaa" as TenantUid;
const at = new Date("2026-11-30T00:00:00Z");

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fleet-ledger-"));
  ledger = await open();
  await ledger.db.insertInto("tenants").values({ uid, slug: "a", outputs: "{}", seen_at: at }).execute();
});
afterAll(async () => {
  await ledger.close();
  await rm(dir, { recursive: true, force: true });
});

test("several processes opening an empty ledger at once all succeed", async () => {
  const opened = await Promise.all(["one", "one", "one", "two"].map((stack) => open(stack)));
  for (const one of opened) expect(await one.db.selectFrom("lease").select("token").execute()).toEqual([{ token: 0 }]);
  await Promise.all(opened.map((one) => one.close()));
});

test("a stack's ledger holds nothing of another stack's", async () => {
  const other = await open("other");
  expect(await other.db.selectFrom("tenants").selectAll().execute()).toEqual([]);
  await other.close();
});

test("verdicts and what a post says can never be changed or deleted", async () => {
  const hour = hourOf(at.getTime());
  const verdict = {
    verdict: "active",
    because: ["railwayUptime"],
    uptime_only: true,
    contradiction: false,
    rule: "r",
    run: "r1",
  } as const;
  await ledger.db
    .insertInto("verdicts")
    .values({ ...verdict, because: ["railwayUptime"], uid, hour, revision: 0, judged_at: at })
    .execute();
  await expect(ledger.db.updateTable("verdicts").set({ verdict: "idle" }).execute()).rejects.toThrow("append-only");
  await expect(ledger.db.deleteFrom("verdicts").execute()).rejects.toThrow("append-only");
  await expect(sql`truncate verdicts`.execute(ledger.db)).rejects.toThrow("append-only");
  await ledger.db
    .insertInto("posts")
    .values({
      identifier: "i",
      uid,
      hour,
      value: 1,
      customer: "cus_1",
      event_at: at,
      run: "r1",
      state: "intent",
      intended_at: at,
    })
    .execute();
  await expect(ledger.db.updateTable("posts").set({ value: 0 }).execute()).rejects.toThrow("never changes");
  await expect(ledger.db.deleteFrom("posts").execute()).rejects.toThrow("append-only");
  await ledger.db.updateTable("posts").set({ state: "accepted" }).execute();
  expect(await ledger.db.selectFrom("posts").select("state").execute()).toEqual([{ state: "accepted" }]);
});

test("a second run waits for the first, and a run that was overtaken writes nothing more", async () => {
  const first = await acquireLease(ledger, { holder: "first", say: quiet });
  let said = "";
  let held = false;
  const second = acquireLease(ledger, {
    holder: "second",
    say: (message) => {
      said = message;
    },
  }).then((lease) => {
    held = true;
    return lease;
  });
  await first.write((tx) => tx.updateTable("tenants").set({ slug: "b" }).execute());
  expect(held).toBe(false);
  await first.release();
  const lease = await second;
  expect(said).toContain("waiting");
  await expect(first.write((tx) => tx.updateTable("tenants").set({ slug: "c" }).execute())).rejects.toThrow("taken over");
  expect(await ledger.db.selectFrom("tenants").select("slug").execute()).toEqual([{ slug: "b" }]);
  await lease.release();
});
