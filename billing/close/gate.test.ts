import { expect, test } from "vitest";
import { type HourZ, hourMs, hourOf, hoursBeginningIn } from "../../domain/hour.ts";
import type { Wanted } from "../meter/diff.ts";
import { gate, type MonthView, mismatch } from "./gate.ts";

const from = Date.parse("2026-11-01T00:00:00Z");
const to = Date.parse("2026-12-01T00:00:00Z");
const hour = (index: number): HourZ => hourOf(from + index * hourMs);

function month(changes: {
  wanted?: [number, Wanted][];
  held?: [number, number][];
  now?: number;
  subscribedAt?: number;
}): MonthView {
  const wanted = new Map<HourZ, Wanted>(hoursBeginningIn(from, to).map((one) => [one, 0]));
  for (const [index, value] of changes.wanted ?? []) wanted.set(hour(index), value);
  const held = new Map((changes.held ?? []).map(([index, value]) => [hour(index), value]));
  return { from, to, now: changes.now ?? to + 2 * hourMs, subscribedAt: changes.subscribedAt ?? from, wanted, held };
}

test("a month closes when every hour is sealed, known and held by Stripe", () => {
  expect(gate(month({ wanted: [[5, 1]], held: [[5, 1]] }))).toMatchObject({ open: true, hours: 1, note: undefined });
});

test("a month does not close while its last hour is unsealed", () => {
  expect(gate(month({ now: to + 14 * 60_000 }))).toMatchObject({ open: false, unsealed: 1 });
  expect(gate(month({ now: to + 15 * 60_000 }))).toMatchObject({ open: true });
});

test("a month does not close while a summary differs, in either direction", () => {
  expect(gate(month({ wanted: [[5, 1]] }))).toMatchObject({ open: false, unconfirmed: [hour(5)], tooMuch: false });
  expect(gate(month({ held: [[5, 1]] }))).toMatchObject({ open: false, unconfirmed: [hour(5)], tooMuch: true });
  expect(gate(month({ wanted: [[5, 1]], now: to + 100 * hourMs }))).toMatchObject({ open: false });
});

test("an unknown hour keeps the month open for 60 hours, is then left out, said so, and counts as what Stripe holds", () => {
  const wanted: [number, Wanted][] = [
    [5, "unknown"],
    [6, 1],
  ];
  expect(gate(month({ wanted, held: [[6, 1]], now: to + 60 * hourMs - 1 }))).toMatchObject({ open: false });
  const closed = gate(month({ wanted, held: [[6, 1]], now: to + 60 * hourMs }));
  expect(closed).toMatchObject({ open: true, hours: 1, unknown: [hour(5)] });
  expect(closed.note).toContain(hour(5));
});

test("hours before the first full hour of the subscription are not billed and need not be known", () => {
  const subscribedAt = from + 6 * hourMs + 1;
  expect(
    gate(
      month({
        wanted: [
          [3, "unknown"],
          [6, 1],
        ],
        subscribedAt,
      }),
    ),
  ).toMatchObject({ open: true, hours: 0 });
});

test("an invoice that bills other hours or another price than the ledger is a mismatch", () => {
  expect(mismatch({ meteredQuantity: 3, meteredCents: 300 }, 3, 100)).toBeUndefined();
  expect(mismatch({ meteredQuantity: 4, meteredCents: 400 }, 3, 100)).toContain("bills 4 hours, the ledger has 3");
  expect(mismatch({ meteredQuantity: 3, meteredCents: 150 }, 3, 100)).toContain("150 cents");
});
