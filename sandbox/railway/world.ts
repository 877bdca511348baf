/** What other parts of the sandbox ask of Railway: who is at a private name, what a request meets, and when there was traffic. */
import { findInstance } from "./access.ts";
import { mountedVolume } from "./instances.ts";
import type { DeploymentRow } from "./model.ts";
import { servicesOf } from "./services.ts";
import { addTraffic, awakeIntervals, type Interval } from "./sleep.ts";
import type { Store } from "./store.ts";
import { privateDomain } from "./variables.ts";

/** What a request met. `refused`: nothing runs there, it is not reached (`unreachedPrivately`), or it wakes and the setting `whileWaking` says that
 *  connections are refused. */
export interface Met {
  readonly status: "awake" | "waking" | "refused";
  /** When the first byte of the answer comes; undefined when refused. */
  readonly firstByteAt: number | undefined;
}

export interface Placed {
  readonly projectId: string;
  readonly environmentId: string;
  readonly serviceId: string;
  readonly deploymentId: string;
}

export interface Container extends Placed {
  readonly variables: Readonly<Record<string, string>>;
}

/** Times are epoch milliseconds and may lie in the past or the future. */
export interface RailwayWorld {
  /** The service behind `<name>.railway.internal` (with or without a port) in this project and environment; undefined where the name is unknown. */
  resolvePrivate(projectId: string, environmentId: string, host: string): string | undefined;
  /** A request reaches the service at that time; it counts as traffic and wakes a sleeping service. */
  traffic(serviceId: string, environmentId: string, atMs: number): Met;
  /** Traffic throughout these intervals (open sockets keep a service awake); where nothing runs it has no effect. */
  playTraffic(
    serviceId: string,
    environmentId: string,
    intervals: readonly { readonly from: number; readonly to: number }[],
  ): void;
  /** What runs on the service writes a file below its volume's mount path; without a volume it is lost with the container. */
  write(serviceId: string, environmentId: string, path: string, text: string): void;
  /** What runs at that time (default: now), asleep or awake, with the variables that its container holds. */
  containers(atMs?: number): Container[];
  /** What runs of one service at that time; undefined when nothing does. */
  container(serviceId: string, environmentId: string, atMs: number): Container | undefined;
  /** Deployments that hold this value in their containers at that time (default: now) and are up. */
  findByVariable(name: string, value: string, atMs?: number): Placed[];
  /** When a service was awake in `[fromMs, toMs)`: sorted and disjoint. */
  awake(serviceId: string, environmentId: string, fromMs: number, toMs: number): { readonly from: number; readonly to: number }[];
}

export function railwayWorld(store: Store): RailwayWorld {
  return {
    resolvePrivate(projectId, environmentId, host) {
      const name = host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
      return servicesOf(store, projectId).find(
        (row) => privateDomain(row.name) === name && findInstance(store, row.id, environmentId),
      )?.id;
    },
    traffic(serviceId, environmentId, atMs) {
      const row = upAt(store, serviceId, environmentId, atMs);
      if (!row || row.unreached) return { status: "refused", firstByteAt: undefined };
      const { coldStartMs, whileWaking } = store.settings;
      const last = awakeIntervals(store, row, atMs + 1).at(-1);
      const asleep = !last || last.toMs <= atMs;
      const wokeMs = asleep ? atMs : last.fromMs;
      const started = row.runs.some((run) => run.fromMs === wokeMs);
      const readyMs = started ? atMs : wokeMs + coldStartMs;
      if (readyMs <= atMs) {
        addTraffic(store, serviceId, environmentId, [{ fromMs: atMs, toMs: atMs }]);
        return { status: "awake", firstByteAt: atMs };
      }
      addTraffic(store, serviceId, environmentId, [{ fromMs: atMs, toMs: readyMs }]);
      return whileWaking === "held" ? { status: "waking", firstByteAt: readyMs } : { status: "refused", firstByteAt: undefined };
    },
    playTraffic(serviceId, environmentId, intervals) {
      const wanted = intervals.filter((interval) => interval.to >= interval.from);
      addTraffic(
        store,
        serviceId,
        environmentId,
        wanted.map((interval) => ({ fromMs: interval.from, toMs: interval.to })),
      );
    },
    write(serviceId, environmentId, path, text) {
      const volume = mountedVolume(store, { serviceId, environmentId });
      if (volume) volume.files = { ...volume.files, [path]: text };
    },
    containers: (atMs = store.now()) => containersAt(store, atMs),
    container(serviceId, environmentId, atMs) {
      const row = upAt(store, serviceId, environmentId, atMs);
      return row && containerOf(row);
    },
    findByVariable(name, value, atMs = store.now()) {
      return containersAt(store, atMs)
        .filter(({ variables }) => variables[name] === value)
        .map(({ variables: _secret, ...placed }) => placed);
    },
    awake(serviceId, environmentId, fromMs, toMs) {
      const all = [...store.tables.deployments.values()]
        .filter((row) => row.serviceId === serviceId && row.environmentId === environmentId)
        .flatMap((row) => awakeIntervals(store, row, toMs));
      return union(all)
        .filter((interval) => interval.toMs > fromMs)
        .map((interval) => ({ from: Math.max(interval.fromMs, fromMs), to: interval.toMs }));
    },
  };
}

function containersAt(store: Store, atMs: number): Container[] {
  return [...store.tables.deployments.values()].filter((row) => isUpAt(row, atMs)).map(containerOf);
}

function containerOf({ projectId, environmentId, serviceId, id, deployedVariables }: DeploymentRow): Container {
  return { projectId, environmentId, serviceId, deploymentId: id, variables: deployedVariables };
}

function upAt(store: Store, serviceId: string, environmentId: string, atMs: number): DeploymentRow | undefined {
  return [...store.tables.deployments.values()].findLast(
    (row) => row.serviceId === serviceId && row.environmentId === environmentId && isUpAt(row, atMs),
  );
}

function isUpAt(row: DeploymentRow, atMs: number): boolean {
  return row.runs.some((run) => run.upMs !== null && run.upMs <= atMs && (run.toMs === null || atMs < run.toMs));
}

function union(intervals: Interval[]): Interval[] {
  const joined: Interval[] = [];
  for (const interval of intervals.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last && interval.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, interval.toMs);
    else joined.push({ ...interval });
  }
  return joined;
}
