/** Deployments: how they start, walk their statuses, replace one another and end. */
import { type Ask, deploymentFor, environmentFor, type Field, findInstance, projectFor, serviceFor, visible } from "./access.ts";
import { deploymentView, isRunning, statusAt } from "./deploymentview.ts";
import { activateProxies } from "./domains.ts";
import { badInput, refusal } from "./errors.ts";
import { record } from "./events.ts";
import { mountedVolume } from "./instances.ts";
import type { DeploymentRow, InstanceRow, InstanceSettings } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import type { Store } from "./store.ts";
import { renderedVariables } from "./variables.ts";

const building: readonly string[] = ["QUEUED", "INITIALIZING", "BUILDING"];
const unfinished: readonly string[] = [...building, "DEPLOYING", "WAITING"];
/** After so long a deployment that still builds counts as stuck and may be deployed anew. */
const stuckAfterMs = 60_000;
const crashesAfterMs = 20_000;
const startsAgainAfterMs = 10_000;

interface ListInput {
  projectId?: string | null;
  environmentId?: string | null;
  serviceId?: string | null;
  includeDeleted?: boolean | null;
  status?: { in?: string[] | null; notIn?: string[] | null } | null;
}

export const deploymentQueries = {
  deployment: ({ id }: { id: string }, ask: Ask) => deploymentView(ask, deploymentFor(ask, id)),
  deployments({ input, ...args }: PageArguments & { input: ListInput }, ask: Ask) {
    const deletedToo = input.includeDeleted === true;
    if (!input.projectId && !input.environmentId && !input.serviceId)
      throw badInput("projectId, environmentId or serviceId is needed");
    if (input.projectId) projectFor(ask, input.projectId, deletedToo);
    if (input.environmentId) environmentFor(ask, input.environmentId, deletedToo);
    if (input.serviceId) serviceFor(ask, input.serviceId, deletedToo);
    const rows = newestFirst(
      ask.store,
      (row) =>
        (!input.projectId || row.projectId === input.projectId) &&
        (!input.environmentId || row.environmentId === input.environmentId) &&
        (!input.serviceId || row.serviceId === input.serviceId) &&
        (ask.token?.kind !== "project" || ask.token.environmentId === row.environmentId) &&
        visible(ask, row),
    ).filter((row) => {
      const { status } = statusAt(ask.store, row);
      return (!input.status?.in || input.status.in.includes(status)) && !input.status?.notIn?.includes(status);
    });
    return page(ask.store, rows, args, (row) => deploymentView(ask, row));
  },
  deploymentEvents({ id, ...args }: PageArguments & { id: string }, ask: Ask) {
    const row = deploymentFor(ask, id);
    const steps = row.steps.map((step, index) => ({ id: `${row.id}-${index}`, payload: null, ...step }));
    return page(ask.store, steps, args, (step) => step);
  },
} satisfies Record<string, Field>;

export const deploymentMutations = {
  deploymentRedeploy({ id }: { id: string; usePreviousImageTag?: boolean | null }, ask: Ask) {
    const { row, instance } = own(ask, id);
    refuseWhileBuilding(ask.store, row);
    return deploymentView(ask, deploy(ask.store, instance, "redeploy", { source: row.settings.source }));
  },
  deploymentRollback({ id }: { id: string }, ask: Ask) {
    const { row, instance } = own(ask, id);
    if (!row.runs.some((run) => run.upMs !== null)) throw refusal("Cannot rollback to a deployment that never succeeded");
    deploy(ask.store, instance, "rollback", row.settings, row.deployedVariables);
    return true;
  },
  deploymentRestart({ id }: { id: string }, ask: Ask) {
    const { store } = ask;
    const { row } = own(ask, id);
    if (row.status !== "SUCCESS" && row.status !== "CRASHED") throw refusal(`Cannot restart a deployment that is ${row.status}`);
    restart(store, row);
    return true;
  },
  deploymentStop({ id }: { id: string }, ask: Ask) {
    const { row } = own(ask, id);
    if (unfinished.includes(row.status)) endDeployment(ask.store, row, "REMOVED");
    else endRuns(ask.store, row);
    row.deploymentStopped = true;
    row.updatedAt = ask.store.iso();
    note(ask.store, row, "stopped");
    return true;
  },
  deploymentRemove({ id }: { id: string }, ask: Ask) {
    endDeployment(ask.store, own(ask, id).row, "REMOVED");
    return true;
  },
  deploymentCancel({ id }: { id: string }, ask: Ask) {
    const { row } = own(ask, id);
    if (!unfinished.includes(row.status)) throw refusal("Deployment is not in progress");
    endDeployment(ask.store, row, "REMOVED");
    return true;
  },
} satisfies Record<string, Field>;

/** Starts a deployment with the instance's present settings (or those given) and variables. An unfinished one before it is dropped. */
export function deploy(
  store: Store,
  instance: InstanceRow,
  reason: string,
  override: Partial<InstanceSettings> = {},
  variables?: Record<string, string>,
): DeploymentRow {
  const settings = structuredClone({ ...settingsOf(instance), ...override });
  if (!settings.source) throw refusal("Service has no source to deploy");
  const projectId = store.tables.environments.get(instance.environmentId)?.projectId ?? "";
  for (const earlier of deploymentsOf(store, instance))
    if (unfinished.includes(earlier.status)) endDeployment(store, earlier, "REMOVED");
  const now = store.iso();
  const row: DeploymentRow = {
    id: store.uuid(),
    projectId,
    environmentId: instance.environmentId,
    serviceId: instance.serviceId,
    status: "QUEUED",
    statusUpdatedAt: now,
    deploymentStopped: false,
    meta: meta(store, instance, settings, reason),
    createdAt: now,
    updatedAt: now,
    visibleFromMs: store.now() + store.settings.readLagMs,
    settings,
    deployedVariables: variables ?? renderedVariables(store, projectId, instance.environmentId, instance.serviceId, true),
    unreached: store.settings.unreachedPrivately > 0,
    runs: [],
    steps: [],
  };
  store.tables.deployments.set(row.id, row);
  const totalMs = store.between(store.settings.deploymentMs);
  if (row.unreached) store.settings.unreachedPrivately -= 1;
  const stuck = store.settings.stuckInInitializing > 0;
  if (stuck) store.settings.stuckInInitializing -= 1;
  store.plan(Math.round(totalMs * 0.08), { kind: "deploymentStep", deploymentId: row.id, to: "INITIALIZING" });
  const end = store.settings.deploymentEnds[instance.serviceId] ?? "SUCCESS";
  if (stuck) return row;
  if (settings.source.repo)
    store.plan(Math.round(totalMs * 0.2), { kind: "deploymentStep", deploymentId: row.id, to: "BUILDING" });
  if (end !== "FAILED") store.plan(Math.round(totalMs * 0.5), { kind: "deploymentStep", deploymentId: row.id, to: "DEPLOYING" });
  const loopMs = end === "CRASHED" ? store.settings.crashLoopMs : 0;
  if (loopMs > 0) store.plan(Math.round(totalMs * 0.5) + crashesAfterMs, { kind: "crashLoop", deploymentId: row.id });
  store.plan(totalMs + loopMs, { kind: "deploymentStep", deploymentId: row.id, to: end });
  return row;
}

/** The next status of a deployment comes about. */
export function step(store: Store, deploymentId: string, to: string): void {
  const row = store.tables.deployments.get(deploymentId);
  if (!row || !unfinished.includes(row.status)) return;
  setStatus(store, row, to);
  const others = [...store.tables.deployments.values()].filter(
    (other) => other.id !== row.id && other.serviceId === row.serviceId && other.environmentId === row.environmentId,
  );
  if (to === "DEPLOYING") {
    // Only one deployment may hold a volume: the old one ends first, which is a short downtime. Without a volume the two overlap.
    if (mountedVolume(store, row)) for (const other of others) if (isRunning(other)) endDeployment(store, other, "REMOVED");
    row.runs.push({ fromMs: store.now(), upMs: null, toMs: null });
    row.steps.push({ step: "CREATE_CONTAINER", createdAt: store.iso(), completedAt: null });
  }
  if (to === "SUCCESS") {
    const run = row.runs.at(-1);
    if (run) run.upMs = store.now();
    for (const past of row.steps) past.completedAt ??= store.iso();
    for (const other of others)
      if (other.status === "SUCCESS" || other.status === "CRASHED") endDeployment(store, other, "REMOVED");
    activateProxies(store, row.serviceId, row.environmentId);
    note(store, row, "deployed");
  }
  if (to === "FAILED" || to === "CRASHED") {
    endRuns(store, row);
    note(store, row, to.toLowerCase(), "CRITICAL");
  }
}

/** In place: the status stays SUCCESS throughout. */
export function restart(store: Store, row: DeploymentRow): void {
  endRuns(store, row);
  row.deploymentStopped = false;
  row.status = "SUCCESS";
  row.updatedAt = store.iso();
  row.runs.push({ fromMs: store.now(), upMs: null, toMs: null });
  store.plan(store.between({ min: 3_000, max: 8_000 }), { kind: "restarted", deploymentId: row.id });
  note(store, row, "restarted");
}

export function restarted(store: Store, deploymentId: string): void {
  const run = store.tables.deployments.get(deploymentId)?.runs.at(-1);
  if (run && run.toMs === null) run.upMs ??= store.now();
}

/** What runs dies, or what died is started again, for as long as it does not count as CRASHED. */
export function crashLoop(store: Store, deploymentId: string): void {
  const row = store.tables.deployments.get(deploymentId);
  if (!row || !unfinished.includes(row.status)) return;
  const run = row.runs.at(-1);
  const died = run?.toMs === null;
  if (died) run.toMs = store.now();
  else row.runs.push({ fromMs: store.now(), upMs: null, toMs: null });
  store.plan(died ? startsAgainAfterMs : crashesAfterMs, { kind: "crashLoop", deploymentId });
}

/** Ends a deployment for good; one that has ended already stays as it is. */
export function endDeployment(store: Store, row: DeploymentRow, status: string): void {
  if (row.status === "REMOVED" || row.status === "FAILED") return;
  endRuns(store, row);
  setStatus(store, row, status);
  store.unplan((due) => due.kind === "deploymentStep" && due.deploymentId === row.id);
}

export function refuseWhileBuilding(store: Store, row: DeploymentRow): void {
  if (building.includes(row.status) && store.now() - Date.parse(row.createdAt) < stuckAfterMs)
    throw refusal("Cannot redeploy yet, please wait for the original deployment to finish building");
}

/** Deployments of an instance, the newest first. */
export function deploymentsOf(store: Store, place: { serviceId: string; environmentId: string }): DeploymentRow[] {
  return newestFirst(store, (row) => row.serviceId === place.serviceId && row.environmentId === place.environmentId);
}

export function newestFirst(store: Store, wanted: (row: DeploymentRow) => boolean): DeploymentRow[] {
  return [...store.tables.deployments.values()]
    .filter(wanted)
    .reverse()
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** What a deployment freezes of an instance. */
export function settingsOf(instance: InstanceRow): InstanceSettings {
  const {
    id: _id,
    serviceId: _s,
    environmentId: _e,
    deletedAt: _d,
    createdAt: _c,
    updatedAt: _u,
    visibleFromMs: _v,
    ...settings
  } = instance;
  return settings;
}

function endRuns(store: Store, row: DeploymentRow): void {
  for (const run of row.runs) run.toMs ??= store.now();
}

function setStatus(store: Store, row: DeploymentRow, status: string): void {
  row.status = status;
  row.statusUpdatedAt = store.iso();
  row.updatedAt = store.iso();
}

function own(ask: Ask, id: string) {
  const row = deploymentFor({ ...ask, writes: true }, id);
  const instance = findInstance(ask.store, row.serviceId, row.environmentId);
  if (!instance) throw refusal("ServiceInstance not found");
  return { row, instance };
}

function meta(store: Store, instance: InstanceRow, settings: InstanceSettings, reason: string): Record<string, unknown> {
  const volume = mountedVolume(store, instance);
  return {
    reason,
    ...(settings.source?.image ? { image: settings.source.image } : {}),
    ...(settings.source?.repo ? { repo: settings.source.repo } : {}),
    volumeMounts: volume ? [volume.mountPath] : [],
    serviceManifest: {
      deploy: {
        startCommand: settings.startCommand,
        numReplicas: settings.numReplicas ?? 1,
        sleepApplication: settings.sleepApplication ?? false,
        healthcheckPath: settings.healthcheckPath,
        multiRegionConfig: settings.multiRegionConfig,
        restartPolicyType: settings.restartPolicyType,
      },
    },
  };
}

function note(store: Store, row: DeploymentRow, action: string, severity: "INFO" | "CRITICAL" = "INFO"): void {
  const { projectId, environmentId, serviceId } = row;
  record(store, {
    projectId,
    environmentId,
    serviceId,
    object: "deployment",
    action,
    severity,
    payload: { deploymentId: row.id, serviceId },
  });
}
