import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dayMs, hourMs, hourOf } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { evidenceOf } from "../rules/evidence.ts";
import { addEvidence, loadEvidence, loadPeople } from "./evidence.ts";
import { acquireLease } from "./lease.ts";
import { type Ledger, openLedger } from "./open.ts";
import type { LedgerLine } from "./pack.ts";

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

test("a window's evidence says when a record began, also where the earliest day holds only a fact of a later line", async () => {
  const day = Date.parse("2026-10-02T00:00:00Z");
  const save = (line: LedgerLine) => ledger.db.transaction().execute((tx) => addEvidence(tx, uid, [line], 0));
  // The log-in lies on the day before its own line, the earliest line is another one of the line's day.
  await save({ source: "access", from: day + 10 * hourMs, to: day + 11 * hourMs, logins: [day - hourMs], who: ["a"] });
  await save({ source: "access", from: day + 5 * hourMs + 1, to: day + 6 * hourMs, logins: [] });
  await save({ source: "model", from: day + 7 * hourMs, to: day + 7 * hourMs, minutes: [] });
  const loaded = await loadEvidence(ledger, uid, day + 2 * dayMs, day + 3 * dayMs);
  const { access, model, gateway } = evidenceOf(loaded);
  expect([access.began, model.began, gateway.began]).toEqual([day + 5 * hourMs + 1, day + 7 * hourMs, undefined]);
  expect([access.record, access.logins]).toEqual([[], []]);
  const whole = evidenceOf(await loadEvidence(ledger, uid, day - dayMs, day + 3 * dayMs));
  expect([whole.access.began, whole.access.logins]).toEqual([day + 5 * hourMs + 1, [day - hourMs]]);
});

test("what a key spent on several days comes back on its days", async () => {
  const day = Date.parse("2026-10-12T00:00:00Z");
  const spent = [day - hourMs, day + hourMs, day + dayMs].map((at) => [at, 7] as const);
  // The last day is outside the line: its answer was not settled yet.
  const line: LedgerLine = { source: "model", from: day - hourMs, to: day + 2 * hourMs, minutes: [day + hourMs], spent };
  await ledger.db.transaction().execute((tx) => addEvidence(tx, uid, [line], 0));
  const loaded = await loadEvidence(ledger, uid, day - dayMs, day + 2 * dayMs);
  expect(loaded.flatMap((one) => one.spent ?? [])).toEqual(spent);
  expect(evidenceOf(loaded).model).toMatchObject({ record: [{ from: line.from, to: line.to }], minutes: [day + hourMs] });
});

test("a person is known from the first log-in on, and counted once", async () => {
  const day = Date.parse("2026-10-22T00:00:00Z");
  const save = (logins: number[], who: string[]) =>
    ledger.db
      .transaction()
      .execute((tx) => addEvidence(tx, uid, [{ source: "access", from: day, to: day + 2 * dayMs, logins, who }], 0));
  await save([day + dayMs, day + 5], ["ada", "bob"]);
  await save([day + 3], ["ada"]);
  const people = await loadPeople(ledger, uid);
  expect([people.get("ada"), people.get("bob")]).toEqual([day + 3, day + 5]);
});
