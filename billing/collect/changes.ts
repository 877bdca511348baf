/** PURE. Between the run that saw a tenant in one state and the run that saw it in another lies the instant of the change. Railway's deployments say when it was:
 *  what ran was stopped when the tenant was closed, and deployed anew when it was opened again. */
import type { StateLine } from "../rules/evidence.ts";
import type { DeploymentRecord } from "./ports.ts";

/** State lines for the gaps that the deployments explain. A gap between open and closed that they do not explain stays one, which counts as open; between
 *  closed and open it counts as closed, because nothing ran that we know of. */
export function changesOf(states: readonly StateLine[], deployments: readonly DeploymentRecord[]): StateLine[] {
  const sorted = [...states].sort((one, other) => one.from - other.from || one.to - other.to);
  const found: StateLine[] = [];
  let before: StateLine | undefined;
  for (const line of sorted) {
    if (before && before.to < line.from && isOpen(before) !== isOpen(line))
      found.push(...changeBetween(before, line, deployments));
    if (!before || line.to >= before.to) before = line;
  }
  return found;
}

function changeBetween(before: StateLine, after: StateLine, deployments: readonly DeploymentRecord[]): StateLine[] {
  const [from, to] = [before.to, after.from];
  const cut = (at: number): StateLine[] => [
    { source: "state", state: before.state, from, to: at },
    { source: "state", state: after.state, from: at, to },
  ];
  const inside = (at: number | undefined) => at !== undefined && at >= from && at <= to;
  if (isOpen(before)) {
    const stopped = stoppedAt(deployments);
    return stopped !== undefined && inside(stopped) ? cut(stopped) : [];
  }
  const made = deployments.map(({ createdAt }) => Date.parse(createdAt)).filter(inside);
  return cut(made.length > 0 ? Math.min(...made) : to);
}

/** When the newest deployment ended; undefined while it runs. Railway keeps the status of one that was stopped. */
function stoppedAt(deployments: readonly DeploymentRecord[]): number | undefined {
  const newest = deployments.toSorted((one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt)).at(-1);
  if (!newest) return undefined;
  const removed = newest.status === "REMOVED" || newest.status === "REMOVING";
  const at = newest.deploymentStopped ? newest.updatedAt : removed ? newest.statusUpdatedAt : null;
  return at === null || Number.isNaN(Date.parse(at)) ? undefined : Date.parse(at);
}

function isOpen({ state }: StateLine): boolean {
  return state === "active";
}
