/** `usage`: the same samples added up, in GB-minutes, vCPU-minutes and GB. */
import { type Ask, type Field, workspaceFor } from "./access.ts";
import { notAuthorized } from "./errors.ts";
import type { TokenRow } from "./model.ts";
import { projectsOf } from "./projects.ts";
import { flows, gridOf } from "./samples.ts";
import { checkScope, dateOf, type Group, groupsOf, type ScopeArguments } from "./scope.ts";
import type { Store } from "./store.ts";

const hourMs = 3_600_000;
const minutesAMonth = 43_200;
const pageOfProjects = 50;
/** Dollars a minute and unit; network a GB. */
const prices: Readonly<Record<string, number>> = {
  MEMORY_USAGE_GB: 10 / minutesAMonth,
  CPU_USAGE: 20 / minutesAMonth,
  DISK_USAGE_GB: 0.15 / minutesAMonth,
  BACKUP_USAGE_GB: 0.15 / minutesAMonth,
  NETWORK_TX_GB: 0.05,
};

interface UsageArguments extends ScopeArguments {
  readonly measurements: readonly string[];
  readonly startDate?: unknown;
  readonly endDate?: unknown;
}

export const usageQueries = {
  usage(args: UsageArguments, ask: Ask) {
    checkScope(ask, args);
    const period = billingPeriod(ask.store.now());
    const startMs = args.startDate ? dateOf(args.startDate, "startDate") : period.startMs;
    const endMs = args.endDate ? dateOf(args.endDate, "endDate") : period.endMs;
    return args.measurements.flatMap((measurement) => usageOf(ask, args, measurement, startMs, endMs));
  },
  estimatedUsage(args: UsageArguments, ask: Ask) {
    checkScope(ask, args);
    const { startMs, endMs } = billingPeriod(ask.store.now());
    const scale = (endMs - startMs) / Math.max(60_000, ask.store.now() - startMs);
    return args.measurements.flatMap((measurement) =>
      usageOf(ask, { ...args, groupBy: ["PROJECT_ID"] }, measurement, startMs, endMs).map((row) => ({
        measurement,
        projectId: row.tags.projectId,
        estimatedValue: row.value * scale,
      })),
    );
  },
  projectServiceUsage(args: UsageArguments & { workspaceId: string; first?: number | null; after?: string | null }, ask: Ask) {
    const workspace = workspaceFor(ask, args.workspaceId);
    const ids = projectsOf(ask.store, workspace.id)
      .filter((row) => args.includeDeleted === true || row.deletedAt === null)
      .map((row) => row.id)
      .sort();
    const rest = args.after ? ids.filter((id) => id > (args.after ?? "")) : ids;
    const shown = rest.slice(0, Math.min(args.first ?? pageOfProjects, pageOfProjects));
    const startMs = dateOf(args.startDate, "startDate");
    const endMs = dateOf(args.endDate, "endDate");
    const groupBy = ["PROJECT_ID", "SERVICE_ID"];
    return {
      usage: shown.flatMap((projectId) =>
        args.measurements.flatMap((measurement) => usageOf(ask, { ...args, projectId, groupBy }, measurement, startMs, endMs)),
      ),
      pageInfo: { hasNextPage: rest.length > shown.length, endCursor: shown.at(-1) ?? null },
    };
  },
} satisfies Record<string, Field>;

/** A calendar month, UTC. */
export function billingPeriod(atMs: number): { startMs: number; endMs: number } {
  const date = new Date(atMs);
  const month = (offset: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1);
  return { startMs: month(0), endMs: month(1) };
}

/** Dollars of this period as the dashboard shows them: cached, so up to an hour behind. */
export function currentUsageDollars(store: Store, workspaceId: string): number {
  const token: TokenRow = {
    id: "",
    kind: "workspace",
    token: "",
    name: "",
    workspaceId,
    projectId: null,
    environmentId: null,
    createdAt: "",
  };
  const untilMs = Math.floor(store.now() / hourMs) * hourMs;
  const ask: Ask = { store, token, writes: false };
  return Object.entries(prices).reduce((dollars, [measurement, price]) => {
    const used = usageOf(ask, { workspaceId, includeDeleted: true }, measurement, billingPeriod(store.now()).startMs, untilMs);
    return dollars + used.reduce((sum, row) => sum + row.value, 0) * price;
  }, 0);
}

function usageOf(ask: Ask, args: ScopeArguments, measurement: string, startMs: number, endMs: number) {
  if (!ask.token) throw notAuthorized();
  return groupsOf(ask, args, measurement, ask.store.now()).map((group) => ({
    measurement,
    tags: group.tags,
    value: total(group, startMs, endMs) * (flows.includes(measurement) ? 1 : 0.5),
  }));
}

function total(group: Group, startMs: number, endMs: number): number {
  const [from, to] = gridOf({ fromMs: startMs, toMs: endMs });
  let sum = 0;
  for (const source of group.sources)
    for (const interval of source.present) {
      const [first, last] = gridOf(interval);
      for (let k = Math.max(first, from); k < Math.min(last, to); k += 1) sum += source.value(k);
    }
  return sum;
}
