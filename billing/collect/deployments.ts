/** PURE. Railway's deployments of the app service as time that we caused: from a deployment's creation until it is up, and crash loops. */
import { minuteMs } from "../../domain/hour.ts";
import type { OursLine } from "../rules/evidence.ts";
import { contains, type Union } from "../rules/interval.ts";
import type { DeploymentRecord } from "./ports.ts";

const underway: ReadonlySet<string> = new Set(["BUILDING", "DEPLOYING", "INITIALIZING", "QUEUED", "WAITING", "NEEDS_APPROVAL"]);
/** A deployment that was first seen asleep or removed no longer says when it was up: a prebuilt image is up well within this. */
const longestStartMs = 15 * minuteMs;

/** `known` is what earlier runs have learnt: a deployment that was seen coming up keeps that time. */
export function oursOf(deployments: readonly DeploymentRecord[], known: Union, now: number): OursLine[] {
  const sorted = deployments
    .map((one) => ({
      ...one,
      created: Date.parse(one.createdAt),
      changed: one.statusUpdatedAt === null ? undefined : Date.parse(one.statusUpdatedAt),
    }))
    .filter((one) => !Number.isNaN(one.created))
    .sort((one, other) => one.created - other.created);
  const lines: OursLine[] = [];
  for (const [index, one] of sorted.entries()) {
    const next = sorted[index + 1]?.created ?? now;
    const changed = one.changed ?? one.created;
    if (underway.has(one.status)) lines.push(line("deploy", one.created, now));
    else if (one.status === "CRASHED")
      lines.push(line("incident", contains(known, one.created) ? Math.min(changed, next) : one.created, next));
    else if (one.status === "SUCCESS" || one.status === "FAILED")
      lines.push(line("deploy", one.created, Math.min(changed, one.created + longestStartMs)));
    else if (!contains(known, one.created) && one.status !== "SKIPPED")
      lines.push(line("deploy", one.created, Math.min(changed, one.created + longestStartMs, now)));
  }
  return lines;
}

/** When the service's first deployment was made: nothing was used before. */
export function firstDeployment(deployments: readonly DeploymentRecord[]): number | undefined {
  const times = deployments.map((one) => Date.parse(one.createdAt)).filter((time) => !Number.isNaN(time));
  return times.length ? Math.min(...times) : undefined;
}

function line(kind: OursLine["kind"], from: number, to: number): OursLine {
  return { source: "ours", kind, from, to: Math.max(from, to) };
}
