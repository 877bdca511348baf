import fc from "fast-check";
import { expect, test } from "vitest";
import { addTraffic, lookMs, sleepsAt, trafficOf } from "./sleep.ts";
import { Store } from "./store.ts";
import { bench } from "./testbench.ts";

const at = (time: string) => Date.parse(`2026-11-23T${time.length === 5 ? `${time}:00` : time}Z`);
const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19);

/** An application that sleeps and runs since 10:00, as a seed. */
function seeded(sleepApplication: boolean | null = true) {
  const world = bench();
  world.advanceTo(at("20:00"));
  world.railway.seed({
    projects: [{ id: "p", name: "acme" }],
    environments: [{ id: "e", projectId: "p" }],
    services: [{ id: "s", projectId: "p", name: "app" }],
    serviceInstances: [{ serviceId: "s", environmentId: "e", sleepApplication }],
    deployments: [{ id: "d", serviceId: "s", environmentId: "e", createdAt: "2026-11-23T10:00:00Z" }],
  });
  const awake = (from = "10:00", to = "20:00") =>
    world.railway.awake("s", "e", at(from), at(to)).map((part) => [clock(part.from), clock(part.to)]);
  return { ...world, awake };
}

test("a service sleeps at the first five-minute look that finds five quiet minutes; its start counts as traffic", () => {
  const { awake, railway } = seeded();
  expect(awake()).toEqual([["10:00:00", "10:05:00"]]);
  for (const time of ["11:00:00", "12:00:01", "13:04:59", "14:58:00"]) railway.traffic("s", "e", at(time));
  expect(awake()).toEqual([
    ["10:00:00", "10:05:00"],
    ["11:00:00", "11:10:00"],
    ["12:00:01", "12:10:00"],
    ["13:04:59", "13:15:00"],
    ["14:58:00", "15:05:00"],
  ]);
});

test("a service goes to sleep 5 to 10 minutes after its last traffic, always on a look", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e13 }), (lastMs) => {
      const asleep = sleepsAt(lastMs);
      expect(asleep % lookMs).toBe(0);
      expect(asleep - lastMs).toBeGreaterThanOrEqual(lookMs);
      expect(asleep - lastMs).toBeLessThan(2 * lookMs);
    }),
  );
});

test("the first request to a sleeping service waits for the cold start, those after it do not", () => {
  const { railway } = seeded();
  expect(railway.traffic("s", "e", at("12:00"))).toEqual({ status: "waking", firstByteAt: at("12:00:04") });
  expect(railway.traffic("s", "e", at("12:00:01"))).toEqual({ status: "waking", firstByteAt: at("12:00:04") });
  expect(railway.traffic("s", "e", at("12:00:04"))).toEqual({ status: "awake", firstByteAt: at("12:00:04") });
});

test("while it wakes the connection can be refused instead: it wakes all the same", () => {
  const { railway } = seeded();
  railway.configure?.({ whileWaking: "refused" });
  expect(railway.traffic("s", "e", at("12:00"))).toEqual({ status: "refused", firstByteAt: undefined });
  expect(railway.traffic("s", "e", at("12:00:04"))).toEqual({ status: "awake", firstByteAt: at("12:00:04") });
});

test("the past and the future can be played, in any order, with the same end", () => {
  const intervals = [
    ["11:00", "11:30"],
    ["11:34", "11:36"],
    ["15:00", "15:00"],
  ].map(([from = "", to = ""]) => ({ from: at(from), to: at(to) }));
  fc.assert(
    fc.property(fc.shuffledSubarray(intervals, { minLength: 3 }), (order) => {
      const { railway, awake } = seeded();
      for (const interval of order) railway.playTraffic("s", "e", [interval]);
      expect(awake()).toEqual([
        ["10:00:00", "10:05:00"],
        ["11:00:00", "11:45:00"],
        ["15:00:00", "15:05:00"],
      ]);
    }),
  );
});

test("joining traffic that lies less than five minutes apart changes no sleep", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 * 60_000 }), { minLength: 1, maxLength: 20 }), (points) => {
      const store = new Store({ clock: { now: () => 0 }, random: () => 0 });
      for (const point of points) addTraffic(store, "s", "e", [{ fromMs: point, toMs: point }]);
      const sorted = [...points].sort((a, b) => a - b);
      const gaps = (list: readonly { fromMs: number; toMs: number }[]) =>
        list.flatMap((part, index) => {
          const next = list[index + 1];
          return next && next.fromMs > sleepsAt(part.toMs) ? [[sleepsAt(part.toMs), next.fromMs]] : [];
        });
      const joined = trafficOf(store, "s", "e");
      expect(gaps(joined)).toEqual(gaps(sorted.map((point) => ({ fromMs: point, toMs: point }))));
      expect(joined.every((part, index) => index === 0 || part.fromMs - (joined[index - 1]?.toMs ?? 0) >= lookMs)).toBe(true);
    }),
  );
});

test("without the sleep setting a service is awake all the time", () => {
  for (const setting of [false, null]) expect(seeded(setting).awake()).toEqual([["10:00:00", "20:00:00"]]);
});

test("the sleep setting takes effect with the next deployment, not before", async () => {
  const world = bench();
  const app = await world.running(await world.project(), "app", {});
  await world.update(app, { sleepApplication: true });
  world.minutes(30);
  expect(await world.status(app.deploymentId)).toBe("SUCCESS");
  const next = await world.deploy(app);
  world.minutes(11);
  expect(await world.status(next)).toBe("SLEEPING");
});

test("nothing answers before the first deployment is up, nor after a stop, and what was refused wakes nothing", async () => {
  const world = bench();
  const app = await world.service(await world.project());
  const meets = () => world.railway.traffic(app.serviceId, app.environmentId, world.clock.atMs).status;
  expect(meets()).toBe("refused");
  await world.update(app, { source: { image: "x" }, sleepApplication: true });
  const id = await world.deploy(app);
  expect(meets()).toBe("refused");
  world.advance(41_000);
  expect(meets()).toBe("awake");
  await world.ask(`mutation { deploymentStop(id: "${id}") }`);
  world.minutes(60);
  expect(meets()).toBe("refused");
  expect(
    world.railway.awake(app.serviceId, app.environmentId, world.clock.atMs - 1_800_000, world.clock.atMs + 1_800_000),
  ).toEqual([]);
});

test("services are found by a variable of the deployment that ran at the time", async () => {
  const world = bench();
  const place = await world.project();
  const tunnel = await world.running(place, "tunnel", {});
  const set = (value: string) =>
    world.ask("mutation ($input: VariableUpsertInput!) { variableUpsert(input: $input) }", {
      input: { ...place, serviceId: tunnel.serviceId, name: "TUNNEL_TOKEN", value },
    });
  await set("first");
  world.minutes(1);
  const whileFirst = world.clock.atMs;
  expect(world.railway.findByVariable("TUNNEL_TOKEN", "first")).toMatchObject([{ ...place, serviceId: tunnel.serviceId }]);
  await set("second");
  world.minutes(1);
  expect(world.railway.findByVariable("TUNNEL_TOKEN", "first")).toEqual([]);
  expect(world.railway.findByVariable("TUNNEL_TOKEN", "first", whileFirst)).toHaveLength(1);
});
