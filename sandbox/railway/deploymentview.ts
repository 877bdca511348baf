/** How a deployment reads: SLEEPING is worked out from traffic, everything else is what its row says. */
import { type Ask, environmentFor } from "./access.ts";
import { environmentView } from "./environments.ts";
import { notAuthorized } from "./errors.ts";
import type { DeploymentRow } from "./model.ts";
import { serviceView } from "./services.ts";
import { awakeIntervals } from "./sleep.ts";
import type { Store } from "./store.ts";

/** Its containers exist, awake or asleep. */
export function isRunning(row: DeploymentRow): boolean {
  return row.runs.at(-1)?.toMs === null;
}

/** The status now, and since when. */
export function statusAt(store: Store, row: DeploymentRow): { status: string; sinceMs: number } {
  const changedMs = Date.parse(row.statusUpdatedAt);
  if (row.status !== "SUCCESS" || row.settings.sleepApplication !== true || !isRunning(row))
    return { status: row.status, sinceMs: changedMs };
  const last = awakeIntervals(store, row, store.now() + 1).at(-1);
  if (!last) return { status: row.status, sinceMs: changedMs };
  return last.toMs > store.now()
    ? { status: "SUCCESS", sinceMs: Math.max(changedMs, last.fromMs) }
    : { status: "SLEEPING", sinceMs: Math.max(changedMs, last.toMs) };
}

export function deploymentView(ask: Ask, row: DeploymentRow) {
  const { store } = ask;
  const { status, sinceMs } = statusAt(store, row);
  const domain = [...store.tables.serviceDomains.values(), ...store.tables.customDomains.values()].find(
    (found) => found.serviceId === row.serviceId && found.environmentId === row.environmentId && found.deletedAt === null,
  );
  return {
    ...row,
    status,
    statusUpdatedAt: store.iso(sinceMs),
    canRedeploy: row.status !== "FAILED",
    canRollback: row.status === "REMOVED" && row.runs.some((run) => run.upMs !== null),
    creator: null,
    instances: () => instancesOf(row, status),
    snapshotId: row.id,
    staticUrl: domain?.domain ?? null,
    url: domain?.domain ?? null,
    suggestAddServiceDomain: domain === undefined,
    environment() {
      return environmentView(ask, environmentFor({ ...ask, writes: true }, row.environmentId, true));
    },
    // Non-null in the schema: of a deleted service it fails the whole answer.
    service() {
      const service = store.tables.services.get(row.serviceId);
      if (!service || service.deletedAt !== null) throw notAuthorized();
      return serviceView(ask, service);
    },
  };
}

function instancesOf(row: DeploymentRow, status: string): { id: string; status: string }[] {
  return row.runs.map((run, index) => ({
    id: deploymentInstanceId(row, index),
    status:
      run.toMs === null
        ? run.upMs === null
          ? "INITIALIZING"
          : status === "SLEEPING"
            ? "STOPPED"
            : "RUNNING"
        : row.deploymentStopped
          ? "STOPPED"
          : "REMOVED",
  }));
}

/** Every run of containers is an own deployment instance; its id comes from the deployment's. */
export function deploymentInstanceId(row: DeploymentRow, index: number): string {
  return `${row.id.slice(0, -4)}${(index + 1).toString(16).padStart(4, "0")}`;
}
