/** Raw samples on a grid of 30 seconds. Nothing is stored: each follows from the awake intervals and from a hash of service and minute. */

import { deploymentInstanceId } from "./deploymentview.ts";
import { planLimits, planOf } from "./limits.ts";
import type { DeploymentRow, VolumeInstanceRow } from "./model.ts";
import { awakeIntervals, type Interval } from "./sleep.ts";
import type { Store } from "./store.ts";

export const gridMs = 30_000;

export interface Tags {
  projectId: string;
  environmentId: string;
  serviceId: string | null;
  deploymentId: string | null;
  deploymentInstanceId: string | null;
  region: string | null;
  volumeId: string | null;
  volumeInstanceId: string | null;
}

/** One container's or volume's series of one measurement. */
export interface Source {
  readonly tags: Tags;
  /** When there are samples: awake containers, existing volumes. */
  readonly present: readonly Interval[];
  /** When a container is asleep: nothing, or zeros, by the setting. */
  readonly asleep: readonly Interval[];
  /** The sample at grid point `k` (k × 30 s). */
  value(k: number): number;
}

const volumeMeasurements: readonly string[] = ["DISK_USAGE_GB", "BACKUP_USAGE_GB"];
/** Added up over time; the others are levels. */
export const flows: readonly string[] = ["NETWORK_RX_GB", "NETWORK_TX_GB"];

export function isVolumeMeasurement(measurement: string): boolean {
  return volumeMeasurements.includes(measurement);
}

/** The runs of a deployment as sources, in the order of the runs. */
export function containerSources(store: Store, row: DeploymentRow, measurement: string, untilMs: number): Source[] {
  const awake = awakeIntervals(store, row, untilMs);
  const value = gauge(store, row, measurement);
  return row.runs.map((run, index) => {
    const endMs = Math.min(run.toMs ?? untilMs, untilMs);
    const present = awake.filter((interval) => interval.fromMs >= run.fromMs && interval.toMs <= endMs);
    return { tags: containerTags(row, index), present, asleep: between(present, endMs), value };
  });
}

/** A volume is measured and billed asleep or detached, until it is really gone. */
export function volumeSource(
  store: Store,
  row: VolumeInstanceRow,
  projectId: string,
  measurement: string,
  untilMs: number,
): Source {
  const goneMs = row.deletedAt === null ? untilMs : Math.min(Date.parse(row.deletedAt), untilMs);
  let usedMB = row.currentSizeMB;
  if (measurement === "BACKUP_USAGE_GB") {
    usedMB = 0;
    for (const backup of store.tables.backups.values()) if (backup.volumeInstanceId === row.id) usedMB += backup.usedMB;
  }
  return {
    tags: {
      projectId,
      environmentId: row.environmentId,
      serviceId: row.serviceId,
      deploymentId: null,
      deploymentInstanceId: null,
      region: row.region,
      volumeId: row.volumeId,
      volumeInstanceId: row.id,
    },
    present: [{ fromMs: Date.parse(row.createdAt), toMs: goneMs }],
    asleep: [],
    value: () => usedMB / 1_000,
  };
}

/** The grid points inside `[fromMs, toMs)`: first, and one past the last. */
export function gridOf(interval: Interval): [number, number] {
  return [Math.ceil(interval.fromMs / gridMs), Math.ceil(interval.toMs / gridMs)];
}

function containerTags(row: DeploymentRow, index: number): Tags {
  return {
    projectId: row.projectId,
    environmentId: row.environmentId,
    serviceId: row.serviceId,
    deploymentId: row.id,
    deploymentInstanceId: deploymentInstanceId(row, index),
    region: Object.keys(row.settings.multiRegionConfig ?? {})[0] ?? null,
    volumeId: null,
    volumeInstanceId: null,
  };
}

function between(awake: readonly Interval[], endMs: number): Interval[] {
  return awake.flatMap((interval, index) => {
    const toMs = awake[index + 1]?.fromMs ?? endMs;
    return toMs > interval.toMs ? [{ fromMs: interval.toMs, toMs }] : [];
  });
}

function gauge(store: Store, row: DeploymentRow, measurement: string): (k: number) => number {
  const seed = hash(`${row.serviceId}:${row.environmentId}`);
  const chance = (k: number) => mix(seed, k >> 1);
  const level = mix(seed, -1);
  const tunnel = row.settings.source?.image?.includes("cloudflared") ?? false;
  switch (measurement) {
    case "MEMORY_USAGE_GB":
      return tunnel ? (k) => 0.036 + 0.008 * chance(k) : (k) => 0.25 + 0.15 * level + 0.05 * chance(k);
    case "CPU_USAGE":
    case "CPU_USAGE_2":
      return tunnel ? (k) => 0.0005 + 0.001 * chance(k) : (k) => 0.002 + 0.03 * chance(k);
    case "NETWORK_RX_GB":
    case "NETWORK_TX_GB":
      return tunnel ? (k) => 2e-7 * (1 + chance(k)) : (k) => 5e-6 * (1 + chance(k));
    case "EPHEMERAL_DISK_USAGE_GB":
      return () => 0.05;
    case "MEMORY_LIMIT_GB":
    case "CPU_LIMIT": {
      const project = store.tables.projects.get(row.projectId);
      const plan = planLimits[project ? planOf(store, project) : "FREE"];
      const memory = row.settings.limitMemoryBytes === null ? plan.memoryGB : row.settings.limitMemoryBytes / 1e9;
      const limit = measurement === "CPU_LIMIT" ? (row.settings.limitCpu ?? plan.vCPUs) : memory;
      return () => limit;
    }
    default:
      return () => 0;
  }
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value;
}

/** 0 up to 1, the same for the same pair. */
function mix(seed: number, minute: number): number {
  let value = Math.imul(seed ^ minute, 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 4_294_967_296;
}
