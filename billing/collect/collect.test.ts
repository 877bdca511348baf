import { describe, expect, test } from "vitest";
import { dayMs, hourMs, minuteMs } from "../../domain/hour.ts";
import { usdFromCents } from "../../domain/money.ts";
import type { TenantOutput } from "../../infra/outputs.ts";
import { changesOf } from "./changes.ts";
import { scopeOf } from "./collect.ts";
import { oursOf } from "./deployments.ts";
import { loginsOf } from "./logins.ts";
import { collectMemory } from "./memory.ts";
import { missingSpans } from "./missing.ts";
import { askHours, askMinutes, modelUseOf } from "./model.ts";
import type { DeploymentRecord, MemorySeries, ModelPort, ModelUses, RailwayPort } from "./ports.ts";

const t = Date.parse("2026-11-23T10:00:00Z");
const day = Date.parse("2026-11-23T00:00:00Z");
const iso = (at: number) => new Date(at).toISOString();
const deployment = (status: string, made: number, changed: number, deploymentStopped = false): DeploymentRecord => ({
  ...{ id: `d${made}`, status, createdAt: iso(made), deploymentStopped },
  ...{ updatedAt: iso(changed), statusUpdatedAt: iso(deploymentStopped ? made + minuteMs : changed) },
});

test("only what the record lacks is fetched, cut at UTC days", () => {
  const record = [{ from: day, to: day + 30 * hourMs }];
  expect(missingSpans(record, day, day + 2 * dayMs)).toEqual([{ from: day + 30 * hourMs, to: day + 2 * dayMs }]);
  expect(missingSpans(record, day - hourMs, day + dayMs)).toEqual([{ from: day - hourMs, to: day }]);
  expect(missingSpans([], day + 23 * hourMs, day + 25 * hourMs)).toHaveLength(2);
  expect(missingSpans(record, day, day + 30 * hourMs)).toEqual([]);
});

test("the past of a service that is deleted is asked for: of a tenant that left, and of one that keeps only its volume", () => {
  const railway = { projectId: "p", environmentId: "e", appServiceId: "a", tunnelServiceId: null, volumeId: "v" };
  const asked = (state: TenantOutput["state"], leftAt?: number) =>
    scopeOf({ outputs: { state, railway } as TenantOutput, leftAt }).includeDeleted;
  expect([asked("active"), asked("suspended"), asked("offboarding")]).toEqual([false, false, false]);
  expect([asked("retained"), asked("active", t)]).toEqual([true, true]);
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

test("the end of one wake and the start of another are no averages where the tunnel shows the resolution", async () => {
  const app = [0, 3540].map((seconds): [number, number] => [t / 1000 + seconds, 0.4]);
  const tunnel = (spacing: number) => app.flatMap(([at]) => [0, 1, 2].map((n): [number, number] => [at + n * spacing, 0.05]));
  const collected = (spacing: number) => {
    const port: RailwayPort = {
      metrics: async ({ serviceId }) => [{ samples: serviceId === "a" ? app : tunnel(spacing) }],
      deployments: async () => [],
    };
    return collectMemory(port, { ...place, tunnelServiceId: "t" }, span, t + hourMs);
  };
  expect(await collected(60)).toMatchObject({ to: t + hourMs, appSamples: app });
  expect(await collected(240)).toBeUndefined();
});

test("the record of memory ends where samples may still arrive, newer ones are facts all the same", async () => {
  const sample: [number, number] = [t / 1000 + 3000, 0.4];
  const line = await collectMemory(railway([{ samples: [sample] }]), place, span, t + 40 * minuteMs);
  expect(line).toMatchObject({ from: t, to: t + 40 * minuteMs, appSamples: [sample] });
});

test("a deployment is ours from its creation until it is up, and keeps the time at which it was seen coming up", () => {
  const up = deployment("SUCCESS", t, t + 90_000);
  const [line] = oursOf([up], [], t + hourMs);
  expect(line).toEqual({ source: "ours", kind: "deploy", from: t, to: t + 90_000 });
  const asleep = { ...up, status: "SLEEPING", statusUpdatedAt: iso(t + 50 * minuteMs) };
  expect(oursOf([asleep], [{ from: t, to: t + 90_000 }], t + hourMs)).toEqual([]);
  expect(oursOf([asleep], [], t + hourMs)).toMatchObject([{ from: t, to: t + 15 * minuteMs }]);
  expect(oursOf([{ ...up, status: "DEPLOYING" }], [], t + minuteMs)).toMatchObject([{ from: t, to: t + minuteMs }]);
});

describe("the instant of a change of state between two runs", () => {
  const seen = (state: TenantOutput["state"], from: number, to = from) => ({ source: "state" as const, state, from, to });
  const [first, last] = [t + 10 * minuteMs, t + 70 * minuteMs];
  const stopped = deployment("SUCCESS", t - dayMs, t + 30 * minuteMs, true);
  const closed = [seen("active", t - hourMs, first), seen("suspended", last)];
  const opened = [seen("suspended", t - hourMs, first), seen("active", last)];

  test("closed: when the newest deployment was stopped, or removed with its service", () => {
    const half = [seen("active", first, t + 30 * minuteMs), seen("suspended", t + 30 * minuteMs, last)];
    expect(changesOf(closed, [stopped])).toEqual(half);
    expect(changesOf(closed, [deployment("REMOVED", t - dayMs, t + 30 * minuteMs)])).toEqual(half);
    expect(changesOf([...closed, ...half, seen("suspended", last, last + hourMs)], [stopped])).toEqual([]);
  });

  test("closed: unknown while the newest deployment runs, or was stopped at a time when a run saw the tenant open", () => {
    expect(changesOf(closed, [stopped, deployment("SUCCESS", first, first)])).toEqual([]);
    expect(changesOf(closed, [deployment("SUCCESS", t - dayMs, t - minuteMs, true)])).toEqual([]);
    expect(changesOf(closed, [])).toEqual([]);
  });

  test("opened: when it was deployed anew, days before the next run too; without a deployment not before it was seen", () => {
    const days = [seen("retained", t - hourMs, t), seen("active", t + 3 * dayMs)];
    const anew = deployment("SUCCESS", t + hourMs, t + hourMs + minuteMs);
    expect(changesOf(days, [stopped, anew, deployment("SUCCESS", t + dayMs, t + dayMs)])).toEqual([
      seen("retained", t, t + hourMs),
      seen("active", t + hourMs, t + 3 * dayMs),
    ]);
    expect(changesOf(opened, [stopped])).toEqual([seen("suspended", first, last), seen("active", last)]);
  });

  test("time that only passed between two sights of the same, or of two closed states, is no change", () => {
    expect(changesOf([seen("active", t, first), seen("active", last)], [stopped])).toEqual([]);
    expect(changesOf([seen("suspended", t, first), seen("offboarding", last)], [stopped])).toEqual([]);
  });
});

test("a crash loop is an incident until the next deployment", () => {
  const crashed = deployment("CRASHED", t, t + 10 * minuteMs);
  const next = deployment("SUCCESS", t + hourMs, t + hourMs + minuteMs);
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

describe("model use", () => {
  const uid = "tn_aaaaaaaaaa" as never;
  const keyName = "fleet:prod:tn_aaaaaaaaaa";
  type Query = Parameters<ModelPort["analytics"]>[0];
  /** A vendor that refuses what the real one refuses, with one call in each of the given minutes, a cent each. */
  function vendor(minutes: readonly number[], minuteAnswer: Partial<ModelUses> = {}) {
    const asked: Query[] = [];
    const port: ModelPort = {
      async analytics(query) {
        asked.push(query);
        const step = query.granularity === "hour" ? hourMs : minuteMs;
        if (step === minuteMs && query.toMs - query.fromMs > 3 * hourMs) throw new Error("the window is too wide");
        const within = minutes.filter((at) => at >= query.fromMs && at < query.toMs);
        const groups = Map.groupBy(within, (at) => Math.floor(at / step) * step);
        const rows = [...groups].map(([atMs, { length }]) => ({
          atMs,
          keyName,
          requestCount: length,
          usage: usdFromCents(length),
        }));
        return { rows, complete: true, cachedAtMs: null, ...(step === minuteMs && minuteAnswer) };
      },
    };
    return { port, asked };
  }
  const ask = async (port: ModelPort, settledTo: number, within = span, stack = "prod") =>
    modelUseOf(await askMinutes(port, stack, await askHours(port, within), within, settledTo), stack, uid, within);

  test("a cut answer extends no record, and a cached one only to when it was made", async () => {
    const settled = t + hourMs;
    const cut = await ask(vendor([t], { complete: false }).port, settled);
    expect(cut).toMatchObject({ from: t, to: t, minutes: [t] });
    const cached = await ask(vendor([t], { cachedAtMs: t + 35 * minuteMs }).port, settled);
    expect(cached).toMatchObject({ to: t + 20 * minuteMs });
    expect(await ask(vendor([t]).port, settled, span, "test")).toMatchObject({ minutes: [], to: t + hourMs });
  });

  test("a month without use is one call, and minutes are asked for in windows of three hours around use only", async () => {
    const month = { from: day - 30 * dayMs, to: day };
    const idle = vendor([]);
    expect(await ask(idle.port, day, month)).toMatchObject({ ...month, minutes: [], spent: [] });
    expect(idle.asked).toHaveLength(1);
    // 10Z and 12Z are in one window, 13Z is not.
    const minutes = [t, t + 2 * hourMs, t + 3 * hourMs, t + 3 * hourMs + 30 * minuteMs];
    const used = vendor(minutes);
    const line = await ask(used.port, day + dayMs, { from: day, to: day + dayMs });
    expect(line).toMatchObject({ to: day + dayMs, minutes });
    expect(used.asked.slice(1).map((query) => [query.fromMs - t, query.toMs - t])).toEqual([
      [0, 3 * hourMs],
      [3 * hourMs, 4 * hourMs],
    ]);
  });

  test("a call in the minute in which the record ended is not lost", async () => {
    const { port } = vendor([t + 30 * minuteMs]);
    const line = await ask(port, t + hourMs, { from: t + 30 * minuteMs + 37_123, to: t + hourMs });
    expect(line).toMatchObject({ minutes: [t + 30 * minuteMs] });
  });

  test("what was spent is kept by the hour, the whole hour also where the record goes on within it", async () => {
    const { port } = vendor([t, t + 40 * minuteMs]);
    const line = await ask(port, t + hourMs, { from: t + 30 * minuteMs, to: t + hourMs });
    expect(line).toMatchObject({ minutes: [t + 40 * minuteMs], spent: [[t, 20_000]] });
  });
});
