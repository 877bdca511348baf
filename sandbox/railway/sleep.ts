/** When containers are awake, worked out from recorded facts: runs of deployments, their sleep setting, and traffic. Nothing is stored per minute. */
import type { DeploymentRow, Run } from "./model.ts";
import type { Store } from "./store.ts";

export interface Interval {
  fromMs: number;
  toMs: number;
}

/** The platform looks every five minutes on the clock and puts to sleep what had no traffic for five minutes: after 5 to 10 minutes. */
export const lookMs = 5 * 60_000;

/** The look at which a service goes to sleep whose last traffic was at that time. */
export function sleepsAt(lastTrafficMs: number): number {
  return Math.ceil((lastTrafficMs + lookMs) / lookMs) * lookMs;
}

/** When the deployment's containers were awake, until `untilMs` (exclusive). Sorted and disjoint within a run. */
export function awakeIntervals(store: Store, deployment: DeploymentRow, untilMs: number): Interval[] {
  const traffic = trafficOf(store, deployment.serviceId, deployment.environmentId);
  const sleeps = deployment.settings.sleepApplication === true;
  return deployment.runs.flatMap((run) => awakeInRun(run, sleeps, traffic, untilMs));
}

export function trafficOf(store: Store, serviceId: string, environmentId: string): readonly Interval[] {
  return store.tables.traffic.get(trafficId(serviceId, environmentId))?.intervals ?? [];
}

export function trafficId(serviceId: string, environmentId: string): string {
  return `${serviceId}/${environmentId}`;
}

function awakeInRun(run: Run, sleeps: boolean, traffic: readonly Interval[], untilMs: number): Interval[] {
  const end = Math.min(run.toMs ?? untilMs, untilMs);
  if (end <= run.fromMs) return [];
  if (!sleeps || run.upMs === null) return [{ fromMs: run.fromMs, toMs: end }];
  const awake: Interval[] = [];
  let fromMs = run.fromMs;
  let lastMs = run.upMs;
  for (const { fromMs: first, toMs: last } of traffic) {
    if (last < run.fromMs) continue;
    if (first >= end) break;
    const asleepFrom = sleepsAt(lastMs);
    if (first > asleepFrom) {
      awake.push({ fromMs, toMs: asleepFrom });
      fromMs = first;
    }
    lastMs = Math.max(lastMs, last);
  }
  awake.push({ fromMs, toMs: Math.min(sleepsAt(lastMs), end) });
  return awake;
}

/** Adds traffic. Intervals less than five minutes apart become one, which changes no sleep: no look in between could find it quiet. */
export function addTraffic(store: Store, serviceId: string, environmentId: string, added: readonly Interval[]): void {
  const id = trafficId(serviceId, environmentId);
  const row = store.tables.traffic.get(id) ?? { id, serviceId, environmentId, intervals: [] };
  store.tables.traffic.set(id, row);
  for (const interval of added) {
    const last = row.intervals.at(-1);
    if (!last || interval.fromMs - last.toMs >= lookMs) row.intervals.push({ ...interval });
    else if (interval.fromMs >= last.fromMs) last.toMs = Math.max(last.toMs, interval.toMs);
    else row.intervals = merged([...row.intervals, { ...interval }]);
  }
}

function merged(intervals: Interval[]): Interval[] {
  intervals.sort((a, b) => a.fromMs - b.fromMs);
  const joined: Interval[] = [];
  for (const interval of intervals) {
    const last = joined.at(-1);
    if (last && interval.fromMs - last.toMs < lookMs) last.toMs = Math.max(last.toMs, interval.toMs);
    else joined.push(interval);
  }
  return joined;
}
