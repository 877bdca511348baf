import { expect, test } from "vitest";
import { dayMs, hourMs, minuteMs } from "../../domain/hour.ts";
import { usd } from "../../domain/money.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import { existsSince, useOf } from "./use.ts";

const month = { from: Date.parse("2026-11-01T00:00:00Z"), to: Date.parse("2026-12-01T00:00:00Z") };
const day = month.to - dayMs;
const existed = { from: day, to: month.to };
const options = { awakeAboveGB: 0.01, hasTunnel: true };
const seconds = (at: number) => at / 1000;
const railway = (from: number, to: number): LedgerLine => ({ source: "railway", from, to, appSamples: [], tunnelSamples: [] });

test("a tenant of one day has the use of one day, and nothing that lies in another month", () => {
  const lines: LedgerLine[] = [
    {
      source: "railway",
      from: day,
      to: month.to + hourMs,
      // Two minutes awake at 0.4 GB in November, the first measured twice; one in December.
      appSamples: [day, day + 30_000, day + minuteMs, month.to].map((at) => [seconds(at), 0.4]),
      tunnelSamples: [day, month.to - minuteMs, month.to].map((at) => [seconds(at), 0.05]),
    },
    {
      source: "model",
      from: day,
      to: month.to + hourMs,
      minutes: [],
      spent: [
        [month.to - hourMs, 12_300],
        [month.to, 99],
      ],
    },
  ];
  expect(useOf(lines, month, existed, options)).toEqual({
    minutes: 1_440,
    app: { memoryGBMinutes: 0.8, awakeMinutes: 2, vCPUMinutes: undefined },
    tunnel: { memoryGBMinutes: 0.1, vCPUMinutes: undefined, unmeasuredMinutes: 0 },
    model: usd("0.0123"),
  });
});

test("only minutes of which nothing is known are counted as the tunnel's by an estimate: not suspended ones, not measured ones", () => {
  const unmeasured = (lines: LedgerLine[], hasTunnel = true) =>
    useOf(lines, month, existed, { ...options, hasTunnel }).tunnel?.unmeasuredMinutes;
  expect(unmeasured([])).toBe(1_440);
  expect(unmeasured([railway(day - hourMs, day + hourMs)])).toBe(1_380);
  const suspended: LedgerLine = { source: "state", state: "suspended", from: day + 30 * minuteMs, to: day + 2 * hourMs };
  expect(unmeasured([railway(day, day + hourMs), suspended])).toBe(1_320);
  expect(unmeasured([], false)).toBe(0);
});

test("a tenant exists from its first deployment on, and one that is older than its deployments known from its record on", () => {
  const deploy = (from: number): LedgerLine => ({ source: "ours", kind: "deploy", from, to: from });
  expect(existsSince([railway(day, day + hourMs), deploy(day + 10 * minuteMs)])).toBe(day + 10 * minuteMs);
  expect(existsSince([railway(day, day + hourMs), deploy(day + 5 * hourMs)])).toBe(day);
  expect(existsSince([{ source: "access", from: day, to: day, logins: [] }])).toBeUndefined();
});
