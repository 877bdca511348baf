import fc from "fast-check";
import { expect, test } from "vitest";
import { dayOf, hourMs, hourOf, hourStart, hoursBeginningIn, monthStart, parseHour } from "./hour.ts";

const instant = fc.integer({ min: Date.parse("1970-01-01T00:00:00Z"), max: Date.parse("2999-12-31T23:59:59Z") });

test("an instant lies in exactly one hour, which begins at or before it", () => {
  fc.assert(
    fc.property(instant, (at) => {
      const start = hourStart(hourOf(at));
      expect(start <= at && at < start + hourMs && start % hourMs === 0).toBe(true);
    }),
  );
  expect(hourOf(Date.parse("2026-11-23T18:59:59.999Z"))).toBe("2026-11-23T18Z");
  expect(hourOf(Date.parse("2026-11-23T19:00:00.000Z"))).toBe("2026-11-23T19Z");
});

test("an hour reads back as it was written, and nothing else reads as an hour", () => {
  fc.assert(
    fc.property(instant, (at) => {
      expect(parseHour(hourOf(at))).toBe(hourOf(at));
    }),
  );
  for (const text of [
    "2026-02-30T10Z",
    "2026-11-23T24Z",
    "2026-11-23T18",
    "2026-11-23t18z",
    " 2026-11-23T18Z",
    "2026-11-23T18:00Z",
    "",
  ])
    expect(parseHour(text)).toBeUndefined();
});

test("the hours of a span are those that begin in it, in order and without a gap", () => {
  const of = (from: string, to: string) => hoursBeginningIn(Date.parse(from), Date.parse(to));
  expect(of("2026-11-30T22:00:00Z", "2026-12-01T01:00:00Z")).toEqual(["2026-11-30T22Z", "2026-11-30T23Z", "2026-12-01T00Z"]);
  expect(of("2026-11-30T22:00:00.001Z", "2026-11-30T23:00:00.001Z")).toEqual(["2026-11-30T23Z"]);
  expect(of("2026-11-30T22:10:00Z", "2026-11-30T22:50:00Z")).toEqual([]);
  expect(of("2026-11-30T22:00:00Z", "2026-11-30T22:00:00Z")).toEqual([]);
});

test("months are counted in UTC, over the year's end and back", () => {
  const at = Date.parse("2026-12-31T23:59:59.999Z");
  expect(monthStart(at)).toBe(Date.parse("2026-12-01T00:00:00Z"));
  expect(monthStart(at, 1)).toBe(Date.parse("2027-01-01T00:00:00Z"));
  expect(monthStart(at, -12)).toBe(Date.parse("2025-12-01T00:00:00Z"));
  expect(dayOf(at)).toBe("2026-12-31");
});
