import fc from "fast-check";
import { expect, test } from "vitest";
import { add, formatMoney, subtract, times, toCents, usd, usdFromCents } from "./money.ts";

const cents = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });

test("cents survive the way to millionths and back, and sums are exact", () => {
  fc.assert(
    fc.property(cents, (amount) => {
      expect(toCents(usdFromCents(amount))).toBe(amount);
    }),
  );
  fc.assert(
    fc.property(cents, cents, (one, other) => {
      const sum = add(usdFromCents(one), usdFromCents(other));
      expect(toCents(sum)).toBe(one + other);
      expect(subtract(sum, usdFromCents(other))).toEqual(usdFromCents(one));
    }),
  );
});

test("half a cent goes away from zero, on both sides", () => {
  expect(["0.005", "0.004999", "-0.005", "-0.004999"].map((text) => toCents(usd(text)))).toEqual([1, 0, -1, 0]);
});

test("a price a minute times a month is exact where a float would not be", () => {
  expect(times(usd("0.000231"), 43_200).amountMicros).toBe(9_979_200n);
  expect(add(usd("0.1"), usd("0.2"))).toEqual(usd("0.3"));
});

test("what is no amount is refused", () => {
  for (const text of ["", "1.", ".5", "1e3", "0.0000001", "1,000", "$1", "NaN"]) expect(() => usd(text)).toThrow(RangeError);
  for (const amount of [0.5, Number.NaN, 2 ** 53]) expect(() => usdFromCents(amount)).toThrow(RangeError);
});

test("money is written as people write it", () => {
  expect([500, -42, 0, 123_456].map((amount) => formatMoney(usdFromCents(amount)))).toEqual([
    "$5.00",
    "-$0.42",
    "$0.00",
    "$1234.56",
  ]);
});
