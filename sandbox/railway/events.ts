/** The project's event feed. It shows no sleeping and no waking. */
import { type Ask, environmentFor, type Field, projectFor } from "./access.ts";
import { environmentView } from "./environments.ts";
import { notAuthorized } from "./errors.ts";
import type { EventRow } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import { projectView } from "./projects.ts";
import type { Store } from "./store.ts";

/** Writes one entry. */
export function record(
  store: Store,
  entry: Omit<EventRow, "id" | "createdAt" | "severity"> & { severity?: EventRow["severity"] },
): void {
  const row: EventRow = { severity: "INFO", ...entry, id: store.uuid(), createdAt: store.iso() };
  store.tables.events.set(row.id, row);
}

interface ListFilter {
  in?: string[] | null;
  notIn?: string[] | null;
}

export const eventQueries = {
  events(
    args: PageArguments & {
      projectId: string;
      environmentId?: string | null;
      filter?: { action?: ListFilter | null; object?: ListFilter | null; serviceId?: ListFilter | null } | null;
    },
    ask: Ask,
  ) {
    projectFor(ask, args.projectId);
    if (args.environmentId) environmentFor(ask, args.environmentId);
    const rows = [...ask.store.tables.events.values()]
      .filter((row) => row.projectId === args.projectId && (!args.environmentId || row.environmentId === args.environmentId))
      .filter((row) => ask.token?.kind !== "project" || row.environmentId === ask.token.environmentId)
      .filter((row) => passes(args.filter?.action, row.action) && passes(args.filter?.object, row.object))
      .filter((row) => passes(args.filter?.serviceId, row.serviceId ?? ""))
      .reverse();
    return page(ask.store, rows, args, (row) => eventView(ask, row));
  },
} satisfies Record<string, Field>;

function eventView(ask: Ask, row: EventRow) {
  return {
    ...row,
    activityPayload: row.payload,
    project() {
      const project = ask.store.tables.projects.get(row.projectId);
      if (!project) throw notAuthorized();
      return projectView(ask, project);
    },
    environment: () => {
      const environment = row.environmentId && ask.store.tables.environments.get(row.environmentId);
      return environment ? environmentView(ask, environment) : null;
    },
  };
}

function passes(filter: ListFilter | null | undefined, value: string): boolean {
  return (!filter?.in || filter.in.includes(value)) && !filter?.notIn?.includes(value);
}
