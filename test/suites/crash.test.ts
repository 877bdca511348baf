/** What the points of `crash` promise, whatever is run of them today. */
import { expect, test } from "vitest";
import { alone, effects, nameOf, ofDay, phases, pointsOf, writes } from "./crash-points.ts";
import { agreed, differences, recorded } from "./crash-recorded.ts";
import { livingOf } from "./crash-world.ts";

const points = pointsOf(recorded());

test("every recorded call has a point for each effect, but for the looks that repeat themselves: at least 250, at least 60 through the engine, each with a name of its own", () => {
  const work = points.filter(({ phase, operation }) => phase === "create" || !operation.startsWith("GET /client/"));
  const calls = new Set(work.map(({ phase, vendor, operation, nth }) => `${phase} ${vendor} ${operation} ${nth}`));
  for (const effect of effects) expect(work.filter((point) => point.effect === effect)).toHaveLength(calls.size);
  expect(points.length).toBeGreaterThanOrEqual(250);
  expect(points.filter(({ way }) => way === "engine").length).toBeGreaterThanOrEqual(60);
  expect(new Set(points.map(nameOf)).size).toBe(points.length);
});

test("every call to Cloudflare goes through the engine, and a spread of the others in each phase with each effect", () => {
  expect(points.filter(({ vendor, way }) => vendor === "cloudflare" && way === "wire")).toEqual([]);
  const others = points.filter(({ vendor, way }) => vendor !== "cloudflare" && way === "engine");
  expect(new Set(others.map(({ phase }) => phase))).toEqual(new Set(phases));
  expect(new Set(others.map(({ effect }) => effect))).toEqual(new Set([...effects, alone]));
});

test("what asks only is told from what makes, changes or deletes", () => {
  const asked = new Set(points.map(({ operation }) => operation));
  const reads = [...asked].filter((operation) => !writes(operation)).sort();
  expect(reads).toEqual([
    "GET /api/v1/keys",
    "GET /client/v4/accounts/:id/access/apps",
    "GET /client/v4/accounts/:id/access/groups",
    "GET /client/v4/accounts/:id/access/identity_providers",
    "GET /client/v4/accounts/:id/access/policies",
    "GET /client/v4/accounts/:id/cfd_tunnel",
    "GET /client/v4/zones/:id/dns_records",
    "apiToken",
    "deployment",
    "deployments",
    "environmentPatch",
    "environmentUnmerged",
    "projects",
    "serviceInstance",
    "volumeInstanceBackupList",
    "volumeInstances",
    "workflowStatus",
  ]);
});

test("each day has two points of each phase, the days take turns until every point through the engine was run, and a seed brings a day's points back", () => {
  const engine = points.filter(({ way }) => way === "engine");
  const seen = new Set<string>();
  for (let day = 20_000; day < 20_000 + engine.length; day++) {
    const today = ofDay(points, day, 1);
    expect(new Set(today.map(nameOf)).size).toBe(2 * phases.length);
    for (const point of today) seen.add(nameOf(point));
  }
  expect(seen).toEqual(new Set(engine.map(nameOf)));
  expect(ofDay(points, 20_781, 7)).toEqual(ofDay(points, 20_781, 7));
  expect(ofDay(points, 20_781, 8)).not.toEqual(ofDay(points, 20_781, 7));
});

test("a call that is asked more or less often than recorded is named; a second attempt of one run alone is no difference", () => {
  const now = recorded();
  const { create } = now;
  expect(differences(now, now)).toEqual([]);
  const changed = { ...now, create: { ...create, railway: { ...create.railway, serviceCreate: 3, projectFork: 1 } } };
  expect(differences(now, changed)).toEqual([
    "create: railway serviceCreate: 2 recorded, 3 now",
    "create: railway projectFork: 0 recorded, 1 now",
  ]);
  const again = { ...create, railway: { ...create.railway, serviceCreate: 3 } };
  expect(agreed(create, again)).toEqual(create);
  expect(agreed(again, create)).toEqual(create);
  expect(agreed(again, again)).toEqual(again);
});

test("what runs with something else than what is set is seen, and so is a second deployment that runs", () => {
  const settings = {
    ...{ source: { image: "app:2" }, startCommand: null, limitMemoryBytes: 1, limitCpu: 1 },
    ...{ sleepApplication: false, healthcheckPath: null, restartPolicyType: "ALWAYS" },
  };
  const deployment = {
    ...{ id: "d1", serviceId: "s1", status: "SUCCESS", deploymentStopped: false, settings },
    deployedVariables: { A: "1", HOST: "app.internal", RAILWAY_SERVICE_NAME: "app" },
  };
  const variable = { serviceId: "s1", name: "A", value: "1" };
  const running = (
    deployments: readonly unknown[],
    variables = [variable, { ...variable, name: "HOST", value: `\${{APP}}` }],
  ) => {
    const railway = {
      projects: [{ id: "p1", name: "fleet-crash", description: null, deletedAt: null }],
      services: [{ id: "s1", projectId: "p1", name: "app", deletedAt: null }],
      serviceInstances: [{ serviceId: "s1", ...settings }],
      ...{ volumes: [], volumeInstances: [], backups: [], variables, deployments },
    };
    const text = livingOf({ railway }).find(({ kind }) => kind === "service")?.text ?? "";
    return JSON.parse(text).running;
  };
  expect(running([deployment])).toEqual([[]]);
  expect(running([deployment, deployment])).toEqual([[], []]);
  expect(running([{ ...deployment, deploymentStopped: true }])).toEqual([]);
  expect(running([{ ...deployment, settings: { ...settings, source: { image: "app:1" } } }])).toEqual([["source"]]);
  expect(running([deployment], [{ ...variable, value: "2" }])).toEqual([["A", "HOST"]]);
});
