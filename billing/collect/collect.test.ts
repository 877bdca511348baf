import { expect, test } from "vitest";
import { dayMs, hourMs, minuteMs } from "../../domain/hour.ts";
import { oursOf } from "./deployments.ts";
import { loginsOf } from "./logins.ts";
import { collectMemory } from "./memory.ts";
import { missingSpans } from "./missing.ts";
import { askModel, modelUseOf } from "./model.ts";
import type { MemorySeries, RailwayPort } from "./ports.ts";

const t = Date.parse("2026-11-23T10:00:00Z");
const day = Date.parse("2026-11-23T00:00:00Z");
const iso = (at: number) => new Date(at).toISOString();

test("only what the record lacks is fetched, cut at UTC days", () => {
  const record = [{ from: day, to: day + 30 * hourMs }];
  expect(missingSpans(record, day, day + 2 * dayMs)).toEqual([{ from: day + 30 * hourMs, to: day + 2 * dayMs }]);
  expect(missingSpans(record, day - hourMs, day + dayMs)).toEqual([{ from: day - hourMs, to: day }]);
  expect(missingSpans([], day + 23 * hourMs, day + 25 * hourMs)).toHaveLength(2);
  expect(missingSpans(record, day, day + 30 * hourMs)).toEqual([]);
});

const railway = (series: readonly MemorySeries[]): RailwayPort => ({ metrics: async () => series, deployments: async () => [] });
const place = { projectId: "p", environmentId: "e", appServiceId: "a", tunnelServiceId: null };
const span = { from: t, to: t + hourMs };

test("averages over more than 90 seconds are no samples: the span stays unknown", async () => {
  const coarse = [0, 240, 480].map((seconds): [number, number] => [t / 1000 + seconds, 0.4]);
  expect(await collectMemory(railway([{ samples: coarse }]), place, span, t + hourMs)).toBeUndefined();
  const withSleep = [0, 60, 1800].map((seconds): [number, number] => [t / 1000 + seconds, 0.4]);
  expect(await collectMemory(railway([{ samples: withSleep }]), place, span, t + hourMs)).toMatchObject({
    to: t + hourMs,
    appSamples: withSleep,
  });
});

test("the record of memory ends where samples may still arrive, newer ones are facts all the same", async () => {
  const sample: [number, number] = [t / 1000 + 3000, 0.4];
  const line = await collectMemory(railway([{ samples: [sample] }]), place, span, t + 40 * minuteMs);
  expect(line).toMatchObject({ from: t, to: t + 40 * minuteMs, appSamples: [sample] });
});

test("a deployment is ours from its creation until it is up, and keeps the time at which it was seen coming up", () => {
  const up = { id: "d", status: "SUCCESS", createdAt: iso(t), statusUpdatedAt: iso(t + 90_000) };
  const [line] = oursOf([up], [], t + hourMs);
  expect(line).toEqual({ source: "ours", kind: "deploy", from: t, to: t + 90_000 });
  const asleep = { ...up, status: "SLEEPING", statusUpdatedAt: iso(t + 50 * minuteMs) };
  expect(oursOf([asleep], [{ from: t, to: t + 90_000 }], t + hourMs)).toEqual([]);
  expect(oursOf([asleep], [], t + hourMs)).toMatchObject([{ from: t, to: t + 15 * minuteMs }]);
  expect(oursOf([{ ...up, status: "DEPLOYING" }], [], t + minuteMs)).toMatchObject([{ from: t, to: t + minuteMs }]);
});

test("a crash loop is an incident until the next deployment", () => {
  const crashed = { id: "d", status: "CRASHED", createdAt: iso(t), statusUpdatedAt: iso(t + 10 * minuteMs) };
  const next = { id: "e", status: "SUCCESS", createdAt: iso(t + hourMs), statusUpdatedAt: iso(t + hourMs + minuteMs) };
  expect(oursOf([next, crashed], [], t + 2 * hourMs)).toMatchObject([
    { kind: "incident", from: t, to: t + hourMs },
    { kind: "deploy", from: t + hourMs, to: t + hourMs + minuteMs },
  ]);
});

test("a log-in is kept without its address, and refused ones and log-outs are none", () => {
  const row = { atMs: t, applicationId: "app", allowed: true, action: "login", email: "ada@acme.example" };
  const rows = [row, { ...row, allowed: false }, { ...row, action: "logout" }, { ...row, applicationId: "other" }];
  const line = loginsOf(rows, { uid: "tn_aaaaaaaaaa" as never, applicationId: "app" }, span, "salt");
  expect(line).toMatchObject({ source: "access", ...span, logins: [t] });
  expect(line.who?.[0]).toMatch(/^[0-9a-f]{12}$/);
  expect(JSON.stringify(line)).not.toContain("ada");
  expect(loginsOf(rows, { uid: "tn_aaaaaaaaaa" as never, applicationId: "app" }, span, "other").who).not.toEqual(line.who);
});

test("a cut answer about model use extends no record, and a cached one only to when it was made", async () => {
  const port = (complete: boolean, cachedAtMs: number | null) => ({
    analytics: async () => ({ rows: [{ atMs: t, keyName: "fleet:prod:tn_aaaaaaaaaa", requestCount: 2 }], complete, cachedAtMs }),
  });
  const uid = "tn_aaaaaaaaaa" as never;
  const settled = t + hourMs;
  const cut = modelUseOf(await askModel(port(false, null), span, settled), "prod", uid, span);
  expect(cut).toMatchObject({ from: t, to: t, minutes: [t] });
  const cached = modelUseOf(await askModel(port(true, t + 35 * minuteMs), span, settled), "prod", uid, span);
  expect(cached).toMatchObject({ to: t + 20 * minuteMs });
  expect(modelUseOf(await askModel(port(true, null), span, settled), "test", uid, span)).toMatchObject({
    minutes: [],
    to: t + hourMs,
  });
});
