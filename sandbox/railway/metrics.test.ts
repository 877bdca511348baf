import fc from "fast-check";
import { expect, test } from "vitest";
import { sandboxWorkspaceId } from "./railway.ts";
import { bench } from "./testbench.ts";

const at = (time: string) => Date.parse(`2026-11-23T${time.length === 5 ? `${time}:00` : time}Z`);
const iso = (ms: number) => new Date(ms).toISOString();
type Series = { measurement: string; tags: Record<string, string | null>; values: { ts: number; value: number }[] };
const document = `query ($start: DateTime!, $end: DateTime, $p: String, $e: String, $s: String, $w: String, $m: [MetricMeasurement!]!, $g: [MetricTag!], $r: Int, $d: Boolean) {
  metrics(startDate: $start, endDate: $end, projectId: $p, environmentId: $e, serviceId: $s, workspaceId: $w, measurements: $m, groupBy: $g, sampleRateSeconds: $r, includeDeleted: $d) {
    measurement tags { projectId serviceId deploymentId deploymentInstanceId } values { ts value } } }`;

/** An application that sleeps and a tunnel that does not, running since 10:00; now it is 20:00. */
function seeded() {
  const world = bench();
  world.advanceTo(at("20:00"));
  const service = (id: string, name: string) => ({ id, projectId: "p", name });
  const deployment = (id: string, serviceId: string) => ({ id, serviceId, environmentId: "e", createdAt: iso(at("10:00")) });
  world.railway.seed({
    projects: [{ id: "p", name: "acme", createdAt: iso(at("10:00")) }],
    environments: [{ id: "e", projectId: "p" }],
    services: [service("app", "app"), service("tunnel", "tunnel")],
    serviceInstances: [
      { serviceId: "app", environmentId: "e", sleepApplication: true, source: { image: "app@sha256:1", repo: null } },
      { serviceId: "tunnel", environmentId: "e", source: { image: "cloudflare/cloudflared@sha256:2", repo: null } },
    ],
    deployments: [deployment("da", "app"), deployment("dt", "tunnel")],
    volumes: [{ id: "v", projectId: "p" }],
    volumeInstances: [{ id: "vi", volumeId: "v", environmentId: "e", serviceId: "app", createdAt: iso(at("10:00")) }],
    traffic: [{ serviceId: "app", environmentId: "e", intervals: [{ from: iso(at("12:00:20")), to: iso(at("12:31")) }] }],
  });
  const metrics = (start: string, end: string, more: object = {}) =>
    world.ask<Series[]>(document, {
      start: iso(at(start)),
      end: iso(at(end)),
      e: "e",
      m: ["MEMORY_USAGE_GB"],
      r: 60,
      g: ["SERVICE_ID"],
      ...more,
    });
  const app = async (start: string, end: string, more: object = {}) =>
    (await metrics(start, end, { s: "app", ...more }))[0]?.values ?? [];
  return { ...world, metrics, app };
}

const minutesOf = (values: { ts: number }[]) => values.map(({ ts }) => iso(ts * 1_000).slice(11, 19));

test("a sleeping service shows as a gap: samples from its waking to its falling asleep, each on its minute", async () => {
  const { app } = seeded();
  const times = minutesOf(await app("11:00", "14:00"));
  expect([times[0], times.at(-1), times.length]).toEqual(["12:00:00", "12:39:00", 40]);
  for (const { value } of await app("11:00", "14:00")) {
    expect(value).toBeGreaterThanOrEqual(0.25);
    expect(value).toBeLessThanOrEqual(0.45);
  }
});

test("or as zeros, by the setting, but only while something is deployed", async () => {
  const { app, railway, ask } = seeded();
  railway.configure?.({ sleepShows: "zeros" });
  const values = await app("09:00", "14:00");
  expect(values).toHaveLength(240);
  expect(values.filter(({ value }) => value > 0.01)).toHaveLength(5 + 40);
  await ask('mutation { deploymentStop(id: "da") }');
  expect(await app("19:00", "19:58")).toHaveLength(58);
});

test("the tunnel is measured all the time at about 40 MB", async () => {
  const { metrics } = seeded();
  const [series] = await metrics("10:00", "20:00", { s: "tunnel" });
  expect(series?.values.length).toBe(599);
  expect(series?.values.every(({ value }) => value > 0.03 && value < 0.05)).toBe(true);
});

test("without groupBy the whole project is one series, the tunnel counted in", async () => {
  const { metrics, app } = seeded();
  const whole = await metrics("12:10", "12:11", { p: "p", g: null });
  const [tunnel] = await metrics("12:10", "12:11", { s: "tunnel" });
  expect(whole).toHaveLength(1);
  expect(whole[0]?.tags).toMatchObject({ projectId: "p", serviceId: null });
  expect(whole[0]?.values[0]?.value).toBeCloseTo(
    ((await app("12:10", "12:11"))[0]?.value ?? 0) + (tunnel?.values[0]?.value ?? 0),
    9,
  );
});

test("samples of the last 90 seconds are not there yet", async () => {
  const { metrics, advance } = seeded();
  const newest = async () => minutesOf((await metrics("19:50", "20:30", { s: "tunnel" }))[0]?.values ?? []).at(-1);
  expect(await newest()).toBe("19:58:00");
  advance(60_000);
  expect(await newest()).toBe("19:59:00");
});

test("the answer to a minute does not depend on the range asked for, nor on when", async () => {
  const { app, advance } = seeded();
  const all = new Map((await app("10:00", "19:00")).map(({ ts, value }) => [ts, value]));
  advance(5 * 86_400_000);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 60 }), async (from, length) => {
      const startMs = at("10:00") + from * 60_000;
      const part = await app(iso(startMs).slice(11, 16), iso(startMs + length * 60_000).slice(11, 16));
      for (const { ts, value } of part) expect(all.get(ts)).toBe(value);
      expect(part).toHaveLength(
        [...all.keys()].filter((ts) => ts * 1_000 >= startMs && ts * 1_000 < startMs + length * 60_000).length,
      );
    }),
    { numRuns: 40 },
  );
});

test("coarse rates average over what is there and so blur across hours", async () => {
  const { app } = seeded();
  const hours = await app("10:00", "14:00", { r: 3_600 });
  expect(minutesOf(hours)).toEqual(["10:00:00", "12:00:00"]);
  expect(minutesOf(await app("10:00", "14:00", { r: 14_400 }))).toEqual(["12:00:00"]);
});

test("fine rates of old days can be gone", async () => {
  const { app, railway, advance } = seeded();
  railway.configure?.({ fineRatesKeptDays: 2 });
  expect(await app("12:00", "13:00")).toHaveLength(40);
  advance(3 * 86_400_000);
  expect(minutesOf(await app("12:00", "13:00"))).toEqual(["12:00:00"]);
});

test("nothing is kept beyond 30 days", async () => {
  const { app, advance } = seeded();
  advance(31 * 86_400_000);
  expect(await app("12:00", "13:00")).toEqual([]);
});

test("a series without samples is absent, or empty, by the setting", async () => {
  const { metrics, railway } = seeded();
  expect(await metrics("15:00", "16:00", { s: "app" })).toEqual([]);
  railway.configure?.({ emptySeries: "empty" });
  expect(await metrics("15:00", "16:00", { s: "app" })).toMatchObject([{ tags: { serviceId: "app" }, values: [] }]);
});

test("a deleted project's samples need includeDeleted", async () => {
  const { metrics, ask } = seeded();
  await ask('mutation { projectDelete(id: "p") }');
  await expect(metrics("12:00", "13:00", { s: "app" })).rejects.toThrow("Not Authorized");
  expect((await metrics("12:00", "13:00", { s: "app", d: true }))[0]?.values).toHaveLength(40);
});

test("two instances overlap while a deployment replaces another without a volume", async () => {
  const world = bench();
  const app = await world.running(await world.project(), "app", {});
  world.minutes(10);
  world.railway.configure?.({ deploymentMs: { min: 80_000, max: 80_000 } });
  await world.deploy(app);
  world.minutes(10);
  const series = await world.ask<Series[]>(document, {
    start: "2026-11-01T00:00:00Z",
    e: app.environmentId,
    s: app.serviceId,
    m: ["MEMORY_USAGE_GB"],
    g: ["DEPLOYMENT_INSTANCE_ID"],
    r: 30,
  });
  expect(series).toHaveLength(2);
  expect(new Set(series.map((row) => row.tags.deploymentInstanceId)).size).toBe(2);
  const [first, second] = series.map((row) => row.values.map(({ ts }) => ts));
  expect(first?.some((ts) => second?.includes(ts))).toBe(true);
});

test("limits, disk and CPU are levels; disk is measured asleep too", async () => {
  const { ask } = seeded();
  const series = await ask<Series[]>(document, {
    start: iso(at("15:00")),
    end: iso(at("15:05")),
    p: "p",
    m: ["DISK_USAGE_GB", "CPU_USAGE", "MEMORY_LIMIT_GB"],
    r: 60,
  });
  expect(series.map((row) => [row.measurement, row.values.length])).toEqual([
    ["DISK_USAGE_GB", 5],
    ["CPU_USAGE", 5],
    ["MEMORY_LIMIT_GB", 5],
  ]);
  expect(series[0]?.values[0]?.value).toBe(1.25);
});

test("usage is the sum of what metrics shows, in GB-minutes, and billed for the volume asleep too", async () => {
  const { ask, app, advance } = seeded();
  advance(3_600_000);
  const usage = await ask<{ measurement: string; value: number }[]>(
    'query ($a: DateTime, $b: DateTime) { usage(projectId: "p", startDate: $a, endDate: $b, measurements: [MEMORY_USAGE_GB, DISK_USAGE_GB], groupBy: [SERVICE_ID]) { measurement value tags { serviceId } } }',
    { a: iso(at("11:00")), b: iso(at("14:00")) },
  );
  const samples = await app("11:00", "14:00", { r: 30 });
  const memory = usage.find((row) => row.measurement === "MEMORY_USAGE_GB" && JSON.stringify(row).includes('"app"'));
  expect(memory?.value).toBeCloseTo(
    samples.reduce((sum, { value }) => sum + value * 0.5, 0),
    9,
  );
  expect(usage.find((row) => row.measurement === "DISK_USAGE_GB")?.value).toBeCloseTo(1.25 * 180, 9);
});

test("usage without dates is this month's; the estimate is what the month will come to; pages of projects can be drained", async () => {
  const { ask } = seeded();
  const [used] = await ask<{ value: number }[]>('query { usage(projectId: "p", measurements: [DISK_USAGE_GB]) { value } }');
  expect(used?.value).toBeCloseTo(1.25 * 600, 6);
  const [estimate] = await ask<{ estimatedValue: number; projectId: string }[]>(
    'query { estimatedUsage(projectId: "p", measurements: [DISK_USAGE_GB]) { estimatedValue projectId } }',
  );
  expect(estimate?.projectId).toBe("p");
  expect(estimate?.estimatedValue).toBeGreaterThan(1.25 * 600);
  const page = await ask<{ usage: { tags: object }[]; pageInfo: object }>(
    `query { projectServiceUsage(workspaceId: "${sandboxWorkspaceId}", startDate: "2026-11-23T00:00:00Z", endDate: "2026-11-24T00:00:00Z", measurements: [MEMORY_USAGE_GB]) { usage { value tags { projectId serviceId } } pageInfo { hasNextPage endCursor } } }`,
  );
  expect(page).toMatchObject({ pageInfo: { hasNextPage: false, endCursor: "p" } });
  expect(page.usage.map((row) => row.tags)).toEqual(
    expect.arrayContaining([
      { projectId: "p", serviceId: "app" },
      { projectId: "p", serviceId: "tunnel" },
    ]),
  );
});

test("a month of a hundred tenants stores intervals, not minutes", () => {
  const { railway, advance } = seeded();
  const ids = Array.from({ length: 100 }, (_, index) => `t${index}`);
  railway.seed({
    services: ids.map((id) => ({ id, projectId: "p", name: id })),
    serviceInstances: ids.map((id) => ({ serviceId: id, environmentId: "e", sleepApplication: true })),
    deployments: ids.map((id) => ({ id: `d-${id}`, serviceId: id, environmentId: "e", createdAt: iso(at("10:00")) })),
  });
  for (let day = 0; day < 30; day += 1)
    for (const id of ids)
      for (let minute = 0; minute < 60; minute += 1) railway.traffic(id, "e", at("20:00") + day * 86_400_000 + minute * 60_000);
  advance(30 * 86_400_000);
  const traffic = railway.state().traffic as { intervals: unknown[] }[];
  expect(traffic.reduce((sum, row) => sum + row.intervals.length, 0)).toBe(100 * 30 + 1);
  expect(railway.nextDue()).toBeUndefined();
});
