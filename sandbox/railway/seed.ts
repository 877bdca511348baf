/** Sets up a world from outside: the shapes of `state()` with given ids; what is left out gets the platform's defaults. */
import { findInstance } from "./access.ts";
import { defaultsOf, type Given } from "./defaults.ts";
import { settingsOf } from "./deployments.ts";
import { defaultInstanceSettings, makeInstance } from "./instances.ts";
import { addTraffic } from "./sleep.ts";
import type { Store } from "./store.ts";
import { type Rows, tableNames } from "./tables.ts";
import { renderedVariables } from "./variables.ts";

/** Adds all or nothing; throws an Error that names every problem with its place (`deployments[2].serviceId: …`). */
export function seed(store: Store, objects: Given): void {
  const before = store.snapshot();
  const problems: string[] = [];
  for (const name of Object.keys(objects))
    if (!tableNames.some((table) => table === name)) problems.push(`${name}: unknown; known are ${tableNames.join(", ")}`);
  for (const name of tableNames) {
    const list = objects[name] ?? [];
    if (!Array.isArray(list)) problems.push(`${name}: a list is needed`);
    else for (const [index, given] of list.entries()) addRow(store, name, given, `${name}[${index}]`, problems);
  }
  if (problems.length === 0) finish(store, objects);
  problems.push(...dangling(store));
  if (problems.length === 0) return;
  store.restore(before);
  throw new Error(problems.join("\n"));
}

function addRow(store: Store, name: keyof Rows, given: unknown, place: string, problems: string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    problems.push(`${place}: an object is needed`);
    return;
  }
  const row: Given = { ...given };
  if (name === "traffic") {
    addTrafficRow(store, row, place, problems);
    return;
  }
  if (name === "deployments") normalizeDeployment(row, place, problems);
  const defaults = defaultsOf(store, name, row);
  for (const [key, value] of Object.entries(row)) {
    const usual = defaults[key];
    if (!(key in defaults)) problems.push(`${place}.${key}: unknown field`);
    else if (value === undefined) delete row[key];
    else if (usual !== null && usual !== undefined && (value === null || typeof value !== typeof usual))
      problems.push(`${place}.${key}: ${JSON.stringify(value)} is not a ${typeof usual}`);
    else if (/(At|Date)$/.test(key) && typeof value === "string" && Number.isNaN(Date.parse(value)))
      problems.push(`${place}.${key}: "${value}" is not an ISO date`);
  }
  const whole = { ...defaults, ...row };
  for (const [key, value] of Object.entries(whole)) if (value === undefined) problems.push(`${place}.${key}: is needed`);
  const table = store.tables[name] as unknown as Map<string, Given>;
  table.set(String(whole.id), whole);
}

/** Runs come as `{from, upAt, to}` in ISO, as `state()` shows them; SLEEPING is worked out and never kept. */
function normalizeDeployment(row: Given, place: string, problems: string[]): void {
  if (row.status === "SLEEPING") row.status = "SUCCESS";
  if (row.runs === undefined) return;
  if (!Array.isArray(row.runs)) {
    problems.push(`${place}.runs: a list is needed`);
    return;
  }
  row.runs = row.runs.map((run: Given, index) => {
    const fromMs = timeOf(run.from, `${place}.runs[${index}].from`, problems);
    const upMs =
      run.upAt === undefined ? fromMs : run.upAt === null ? null : timeOf(run.upAt, `${place}.runs[${index}].upAt`, problems);
    const toMs = run.to === undefined || run.to === null ? null : timeOf(run.to, `${place}.runs[${index}].to`, problems);
    return { fromMs, upMs, toMs };
  });
}

function addTrafficRow(store: Store, row: Given, place: string, problems: string[]): void {
  const { serviceId, environmentId, intervals } = row;
  if (typeof serviceId !== "string" || typeof environmentId !== "string" || !Array.isArray(intervals)) {
    problems.push(`${place}: serviceId, environmentId and intervals [{from, to}] are needed`);
    return;
  }
  const parsed = intervals.map((interval: Given, index) => {
    const fromMs = timeOf(interval.from, `${place}.intervals[${index}].from`, problems);
    const toMs = timeOf(interval.to, `${place}.intervals[${index}].to`, problems);
    if (toMs < fromMs) problems.push(`${place}.intervals[${index}]: to is before from`);
    return { fromMs, toMs };
  });
  addTraffic(store, serviceId, environmentId, parsed);
}

function timeOf(value: unknown, place: string, problems: string[]): number {
  const atMs = typeof value === "number" ? value : typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs)) problems.push(`${place}: ${JSON.stringify(value)} is not an ISO date`);
  return atMs;
}

/** What the platform would have made beside the given objects. */
function finish(store: Store, objects: Given): void {
  const { tables } = store;
  for (const environment of tables.environments.values()) {
    const project = tables.projects.get(environment.projectId);
    if (project && environment.sourceEnvironmentId === null) project.primaryEnvironmentId ??= environment.id;
    for (const service of tables.services.values())
      if (service.projectId === environment.projectId && !findInstance(store, service.id, environment.id))
        makeInstance(store, service, environment).visibleFromMs = 0;
  }
  const given = Array.isArray(objects.deployments) ? objects.deployments : [];
  const rows = [...tables.deployments.values()].slice(-given.length).sort((a, b) => a.createdAt.localeCompare(b.createdAt));
  for (const row of given.length > 0 ? rows : []) {
    const instance = findInstance(store, row.serviceId, row.environmentId);
    row.settings = { ...(instance ? settingsOf(instance) : defaultInstanceSettings()), ...row.settings };
    if (Object.keys(row.deployedVariables).length === 0)
      row.deployedVariables = renderedVariables(store, row.projectId, row.environmentId, row.serviceId, true);
    if (row.runs.length > 0 || !["SUCCESS", "REMOVED", "CRASHED"].includes(row.status)) continue;
    const next = rows.find(
      (other) =>
        other.serviceId === row.serviceId && other.environmentId === row.environmentId && other.createdAt > row.createdAt,
    );
    const fromMs = Date.parse(row.createdAt);
    const ended = row.status !== "SUCCESS" || row.deploymentStopped ? Date.parse(row.updatedAt) : null;
    row.runs = [{ fromMs, upMs: fromMs, toMs: next ? Date.parse(next.createdAt) : ended }];
    if (next) row.status = "REMOVED";
  }
}

function dangling(store: Store): string[] {
  const { tables } = store;
  const parents = {
    projectId: tables.projects,
    environmentId: tables.environments,
    serviceId: tables.services,
    volumeId: tables.volumes,
  };
  const problems: string[] = [];
  for (const name of tableNames) {
    if (name === "events" || name === "tokens") continue;
    for (const row of tables[name].values())
      for (const [field, table] of Object.entries(parents)) {
        const id: unknown = Reflect.get(row, field);
        if (typeof id === "string" && !table.has(id)) problems.push(`${name} ${row.id}: ${field} "${id}" does not exist`);
      }
  }
  return problems;
}
