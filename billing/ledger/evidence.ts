/** Evidence in the ledger: one row a tenant, source and UTC day. */
import { sql } from "kysely";
import { dayMs, dayOf } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";
import { byDay, type StateLine } from "../rules/evidence.ts";
import { type Union, unionOf } from "../rules/interval.ts";
import type { Write } from "./lease.ts";
import type { Ledger } from "./open.ts";
import { dayStart, type LedgerLine, PackedDay, packDay, type Source, unpackDay } from "./pack.ts";

/** Adds what a collector found to what is already known of those days; facts add up, nothing is lost. */
export async function addEvidence(tx: Write, uid: TenantUid, lines: readonly LedgerLine[], capturedAt: number): Promise<void> {
  const rows = new Map<string, { day: string; source: Source; lines: LedgerLine[] }>();
  for (const line of lines) {
    for (const [day, pieces] of withLedgerFacts(line)) {
      const key = `${day} ${line.source}`;
      const row = rows.get(key) ?? { day, source: line.source, lines: [] };
      row.lines.push(...pieces);
      rows.set(key, row);
    }
  }
  for (const { day, source, lines: found } of rows.values()) {
    const before = await tx
      .selectFrom("evidence")
      .select("facts")
      .where("uid", "=", uid)
      .where("source", "=", source)
      .where("day", "=", day)
      .executeTakeFirst();
    const facts = JSON.stringify(packDay(day, source, found, before && PackedDay.parse(before.facts)));
    const captured_at = new Date(capturedAt);
    await tx
      .insertInto("evidence")
      .values({ uid, source, day, facts, captured_at })
      .onConflict((conflict) => conflict.columns(["uid", "source", "day"]).doUpdateSet({ facts, captured_at }))
      .execute();
  }
}

/** All lines of the days that `[from, to)` touches, and where a source began earlier an empty line that says when. */
export async function loadEvidence(ledger: Pick<Ledger, "db">, uid: TenantUid, from: number, to: number): Promise<LedgerLine[]> {
  const rows = await ledger.db
    .selectFrom("evidence")
    .select(["day", "source", "facts"])
    .where("uid", "=", uid)
    .where("day", ">=", dayOf(from))
    .where("day", "<=", dayOf(to))
    .orderBy("day")
    .execute();
  const lines = rows.flatMap((row) => unpackDay(row.day, PackedDay.parse(row.facts)));
  return [...(await beginnings(ledger, uid, from)), ...lines];
}

/** What is known of the tenant's states on the days that `[from, to)` touches. */
export async function loadStates(ledger: Pick<Ledger, "db">, uid: TenantUid, from: number, to: number): Promise<StateLine[]> {
  const rows = await ledger.db
    .selectFrom("evidence")
    .select(["day", "facts"])
    .where("uid", "=", uid)
    .where("source", "=", "state")
    .where("day", ">=", dayOf(from))
    .where("day", "<=", dayOf(to))
    .execute();
  return rows.flatMap((row) => unpackDay(row.day, PackedDay.parse(row.facts)).filter((line) => line.source === "state"));
}

/** Where the source's record is complete, of the days that `[from, to)` touches. */
export async function loadRecord(
  ledger: Pick<Ledger, "db">,
  uid: TenantUid,
  source: Source,
  from: number,
  to: number,
): Promise<Union> {
  const rows = await ledger.db
    .selectFrom("evidence")
    .select(["day", "facts"])
    .where("uid", "=", uid)
    .where("source", "=", source)
    .where("day", ">=", dayOf(from))
    .where("day", "<=", dayOf(to))
    .execute();
  const spans = rows.flatMap((row) => {
    const packed = PackedDay.parse(row.facts);
    const start = dayStart(row.day);
    if ("record" in packed) return packed.record.map(([begin, end]) => ({ from: start + begin, to: start + end }));
    return packed.intervals.map(([, begin, end]) => ({ from: start + begin, to: start + end }));
  });
  return unionOf(spans);
}

/** The lines of the earliest day of each source. */
export async function loadFirsts(ledger: Pick<Ledger, "db">, uid: TenantUid): Promise<LedgerLine[]> {
  const firsts = await ledger.db
    .selectFrom("evidence")
    .select(["day", "facts"])
    .distinctOn("source")
    .where("uid", "=", uid)
    .orderBy("source")
    .orderBy("day")
    .execute();
  return firsts.flatMap((row) => unpackDay(row.day, PackedDay.parse(row.facts)));
}

/** When each person was first seen logging in, in order of time: a hash of who it was, and the instant. */
export async function loadPeople(ledger: Pick<Ledger, "db">, uid: TenantUid): Promise<ReadonlyMap<string, number>> {
  const rows = await ledger.db
    .selectFrom("evidence")
    .select(["day", "facts"])
    .where("uid", "=", uid)
    .where("source", "=", "access")
    .orderBy("day")
    .execute();
  const people = new Map<string, number>();
  for (const row of rows) {
    const packed = PackedDay.parse(row.facts);
    if (packed.source !== "access") continue;
    for (const [at, who] of packed.logins) if (!people.has(who)) people.set(who, dayStart(row.day) + at);
  }
  return people;
}

/** A window of days does not show when a record began: whether a tenant "has" a source in an hour depends on it. The earliest day need not
 *  hold the earliest beginning: a fact outside its own line's interval is kept on its day by an empty line that begins later. Every line
 *  is cut so that the day in which it begins has a row, and a row's first span is its earliest. */
async function beginnings(ledger: Pick<Ledger, "db">, uid: TenantUid, before: number): Promise<LedgerLine[]> {
  const firsts = await ledger.db
    .selectFrom("evidence")
    .select([
      "source",
      sql<string | null>`min((day::date - date '1970-01-01') * ${dayMs}::numeric + (facts->'record'->0->>0)::numeric)`.as(
        "began",
      ),
    ])
    .where("uid", "=", uid)
    .where("source", "in", ["gateway", "access", "model"])
    .where("day", "<", dayOf(before))
    .groupBy("source")
    .execute();
  return firsts.flatMap(({ source, began }): LedgerLine[] => {
    if (began === null) return [];
    const span = { from: Number(began), to: Number(began) };
    if (source === "gateway") return [{ source, ...span, requests: [], sprintEvents: [] }];
    if (source === "access") return [{ source, ...span, logins: [] }];
    return source === "model" ? [{ source, ...span, minutes: [] }] : [];
  });
}

/** `byDay` cuts lines without knowing of what only the ledger keeps beside them. */
function withLedgerFacts(line: LedgerLine): Map<string, LedgerLine[]> {
  return line.source === "model" ? byDayWithSpent(line) : byDayWithWho(line);
}

function byDayWithSpent({ spent = [], ...line }: LedgerLine): Map<string, LedgerLine[]> {
  const days = new Map<string, LedgerLine[]>(byDay(line));
  for (const [day, hours] of Map.groupBy(spent, ([at]) => dayOf(at))) {
    const [first, ...rest] = days.get(day) ?? [];
    // An empty line that begins with the original moves no record.
    const holder: LedgerLine = first ?? { source: "model", from: line.from, to: line.from, minutes: [] };
    days.set(day, [{ ...holder, spent: hours }, ...rest]);
  }
  return days;
}

function byDayWithWho(line: LedgerLine): Map<string, LedgerLine[]> {
  const { who } = line;
  if (line.source !== "access" || who === undefined) return byDay(line);
  const hashes = new Map(line.logins.map((at, index) => [at, who[index] ?? ""]));
  const days = new Map<string, LedgerLine[]>();
  for (const [day, pieces] of byDay(line)) {
    days.set(
      day,
      pieces.map((piece) =>
        piece.source === "access" ? { ...piece, who: piece.logins.map((at) => hashes.get(at) ?? "") } : piece,
      ),
    );
  }
  return days;
}
