import { expect, test } from "vitest";
import { seededRandom } from "../random.ts";
import { createRailway } from "./railway.ts";
import { bench, startMs } from "./testbench.ts";

async function lived() {
  const world = bench();
  const app = await world.running(await world.project(), "app", { sleepApplication: true });
  await world.ask("mutation ($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }", {
    input: { projectId: app.projectId, environmentId: app.environmentId, serviceId: app.serviceId, mountPath: "/data" },
  });
  world.railway.traffic(app.serviceId, app.environmentId, world.clock.atMs + 600_000);
  world.railway.configure?.({ sleepShows: "zeros" });
  await world.deploy(app);
  return { ...world, app };
}

test("restore(snapshot()) goes on exactly as before, in a new process too, with what was planned", async () => {
  const { railway, random, clock, advanceTo } = await lived();
  const saved = JSON.parse(JSON.stringify(railway.snapshot()));
  const later = clock.atMs + 3_600_000;
  const otherClock = { atMs: clock.atMs, now: () => otherClock.atMs };
  const otherRandom = seededRandom(1);
  const other = createRailway({ clock: otherClock, random: otherRandom });
  other.restore(saved);
  otherRandom.restore(random.state());
  expect(other.snapshot()).toEqual(saved);
  expect(other.nextDue()).toBe(railway.nextDue());
  advanceTo(later);
  for (let due = other.nextDue(); due !== undefined && due <= later; due = other.nextDue()) {
    otherClock.atMs = due;
    other.runDue();
  }
  otherClock.atMs = later;
  expect(other.state()).toEqual(railway.state());
});

test("nextDue moves on with every runDue, and events happen at their own time even when looked at late", async () => {
  const { railway, clock } = await lived();
  const due = railway.nextDue() ?? 0;
  clock.atMs = due;
  railway.runDue();
  expect(railway.nextDue()).toBeGreaterThan(due);
  clock.atMs += 3_600_000;
  railway.runDue();
  expect(railway.nextDue()).toBeUndefined();
  const [, second] = railway.state().deployments as { statusUpdatedAt: string }[];
  expect(Date.parse(second?.statusUpdatedAt ?? "")).toBeLessThan(clock.atMs - 3_000_000);
});

test("reset is the beginning again", async () => {
  const { railway } = await lived();
  railway.reset();
  expect(railway.state()).toMatchObject({ projects: [], services: [], deployments: [], workspaces: [{ plan: "PRO" }] });
  expect(railway.nextDue()).toBeUndefined();
  expect(railway.settings?.()).toMatchObject({ sleepShows: "gap" });
});

test("what state() shows can be sown again", async () => {
  const { railway, clock } = await lived();
  clock.atMs += 120_000;
  railway.runDue();
  const shown = JSON.parse(JSON.stringify(railway.state()));
  const other = createRailway({ clock, random: seededRandom(8) });
  const { workspaces: _w, tokens: _t, ...objects } = shown;
  other.seed(objects);
  expect(other.state()).toEqual({ ...other.state(), ...objects });
});

test("state() uses the vendor's names and shows the status as the API would", async () => {
  const { railway, advance, app } = await lived();
  advance(3_600_000);
  expect(railway.state()).toMatchObject({
    projects: [{ id: app.projectId, name: "acme", deletedAt: null, primaryEnvironmentId: app.environmentId }],
    serviceInstances: [{ serviceId: app.serviceId, sleepApplication: true }],
    volumeInstances: [{ serviceId: app.serviceId, mountPath: "/data", sizeMB: 50_000 }],
    deployments: [{ status: "REMOVED" }, { status: "SLEEPING" }],
  });
});

test("a seed gets the platform's defaults: primary environment, instances, runs, rendered variables", () => {
  const { railway, advanceTo } = bench();
  advanceTo(startMs + 86_400_000);
  railway.seed({
    projects: [{ id: "p", name: "acme", description: "fleet:prod:tn_0123456789" }],
    environments: [{ id: "e", projectId: "p" }],
    services: [{ id: "s", projectId: "p", name: "tunnel" }],
    variables: [{ projectId: "p", environmentId: "e", serviceId: "s", name: "TUNNEL_TOKEN", value: "t" }],
    deployments: [
      { id: "d1", serviceId: "s", environmentId: "e", createdAt: "2026-11-01T01:00:00Z" },
      { id: "d2", serviceId: "s", environmentId: "e", createdAt: "2026-11-01T05:00:00Z" },
    ],
  });
  expect(railway.state()).toMatchObject({
    projects: [{ primaryEnvironmentId: "e" }],
    serviceInstances: [{ serviceId: "s", environmentId: "e" }],
    deployments: [
      { id: "d1", status: "REMOVED", runs: [{ from: "2026-11-01T01:00:00.000Z", to: "2026-11-01T05:00:00.000Z" }] },
      { id: "d2", status: "SUCCESS", runs: [{ from: "2026-11-01T05:00:00.000Z", to: null }] },
    ],
  });
  expect(railway.findByVariable("TUNNEL_TOKEN", "t").map((found) => found.deploymentId)).toEqual(["d2"]);
});

test("a wrong seed names every problem with its place and adds nothing", () => {
  const { railway } = bench();
  const before = railway.snapshot();
  const sow = () =>
    railway.seed({
      project: [],
      projects: [{ id: "p", nmae: "acme" }],
      environments: [{ id: "e", projectId: "q" }],
      volumeInstances: [{ volumeId: "v", environmentId: "e", sizeMB: "big" }],
      deployments: [{ serviceId: "s", environmentId: "e", createdAt: "yesterday" }],
      traffic: [
        { serviceId: "s", environmentId: "e", intervals: [{ from: "2026-11-02T00:00:00Z", to: "2026-11-01T00:00:00Z" }] },
      ],
    });
  for (const problem of [
    "project: unknown",
    "projects[0].nmae: unknown field",
    "projects[0].name: is needed",
    'projectId "q" does not exist',
    'volumeInstances[0].sizeMB: "big" is not a number',
    'deployments[0].createdAt: "yesterday" is not an ISO date',
    "traffic[0].intervals[0]: to is before from",
    'serviceId "s" does not exist',
  ])
    expect(sow).toThrow(problem);
  expect(railway.snapshot()).toEqual(before);
});
