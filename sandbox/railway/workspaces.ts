/** Workspaces, the token's own view, users and project tokens. */
import { type Ask, environmentFor, type Field, projectFor, visible, workspaceFor } from "./access.ts";
import { environmentView } from "./environments.ts";
import { notAuthorized, refusal } from "./errors.ts";
import { subscriptionPlanLimit } from "./limits.ts";
import type { TokenRow, WorkspaceRow } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import { projectsOf, projectView } from "./projects.ts";
import { hourOf } from "./rates.ts";
import type { Store } from "./store.ts";
import { billingPeriod, currentUsageDollars } from "./usage.ts";

export const workspaceQueries = {
  apiToken(_args: object, ask: Ask) {
    if (!ask.token || ask.token.kind === "project") throw notAuthorized();
    return { workspaces: seen(ask).map(({ id, name }) => ({ id, name })) };
  },
  me(_args: object, ask: Ask) {
    // Only a person's own token has a person behind it.
    if (ask.token?.kind !== "account") throw notAuthorized();
    const { id, createdAt, name } = ask.token;
    return {
      id,
      createdAt,
      name,
      username: name,
      email: "operator@sandbox.example",
      isVerified: true,
      apiTokenRateLimit: rateLimit(ask),
      workspaces: seen(ask).map((row) => workspaceView(ask, row)),
    };
  },
  workspace: ({ workspaceId }: { workspaceId: string }, ask: Ask) => workspaceView(ask, workspaceFor(ask, workspaceId)),
  projectToken(_args: object, ask: Ask) {
    if (ask.token?.kind !== "project") throw refusal("Project Token not found");
    return tokenView(ask, ask.token);
  },
  projectTokens({ projectId, ...args }: PageArguments & { projectId: string }, ask: Ask) {
    projectFor(ask, projectId);
    const rows = [...ask.store.tables.tokens.values()].filter((row) => row.kind === "project" && row.projectId === projectId);
    return page(ask.store, rows, args, (row) => tokenView(ask, row));
  },
} satisfies Record<string, Field>;

export const workspaceMutations = {
  /** The value is answered once; lists show it masked. */
  projectTokenCreate({ input }: { input: { projectId: string; environmentId: string; name: string } }, ask: Ask) {
    const all = { ...ask, writes: true };
    const project = projectFor(all, input.projectId);
    if (environmentFor(all, input.environmentId).projectId !== project.id) throw notAuthorized();
    const row: TokenRow = {
      id: ask.store.uuid(),
      kind: "project",
      token: ask.store.uuid(),
      name: input.name,
      workspaceId: project.workspaceId,
      projectId: project.id,
      environmentId: input.environmentId,
      createdAt: ask.store.iso(),
    };
    ask.store.tables.tokens.set(row.id, row);
    return row.token;
  },
  projectTokenDelete({ id }: { id: string }, ask: Ask) {
    const row = ask.store.tables.tokens.get(id);
    if (row?.kind !== "project" || !row.projectId) throw notAuthorized();
    projectFor({ ...ask, writes: true }, row.projectId);
    return ask.store.tables.tokens.delete(id);
  },
} satisfies Record<string, Field>;

export function workspaceView(ask: Ask, row: WorkspaceRow) {
  const { store } = ask;
  const projects = (deletedToo: boolean) =>
    projectsOf(store, row.id).filter((project) => deletedToo || project.deletedAt === null);
  return {
    ...row,
    preferredRegion: null,
    apiTokenRateLimit: rateLimit(ask),
    subscriptionPlanLimit: () => subscriptionPlanLimit(row.plan),
    projectCount: ({ includeDeleted }: { includeDeleted?: boolean | null }) => projects(includeDeleted === true).length,
    projects: (args: PageArguments) =>
      page(
        store,
        projects(false).filter((project) => visible(ask, project)),
        args,
        (project) => projectView(ask, project),
      ),
    customer: () => customerView(store, row),
  };
}

function customerView(store: Store, row: WorkspaceRow) {
  const { startMs, endMs } = billingPeriod(store.now());
  return {
    id: `cus-${row.id}`,
    creditBalance: 0,
    isTrialing: false,
    isUsageSubscriber: row.plan !== "FREE",
    state: "ACTIVE",
    usageLimit: null,
    billingPeriod: { start: store.iso(startMs), end: store.iso(endMs) },
    currentUsage: () => currentUsageDollars(store, row.id),
  };
}

function rateLimit(ask: Ask) {
  if (!ask.token) return null;
  const { limit, used, resetsAtMs } = hourOf(ask.store, ask.token);
  return { remainingPoints: Math.max(0, limit - used), resetsAt: ask.store.iso(resetsAtMs) };
}

function seen(ask: Ask): WorkspaceRow[] {
  return [...ask.store.tables.workspaces.values()].filter(
    (row) => ask.token?.kind === "account" || ask.token?.workspaceId === row.id,
  );
}

function tokenView(ask: Ask, row: TokenRow) {
  const all = { ...ask, writes: true };
  return {
    id: row.id,
    name: row.name,
    createdAt: row.createdAt,
    projectId: row.projectId,
    environmentId: row.environmentId,
    displayToken: `${row.token.slice(0, 4)}****-****-****-****-********${row.token.slice(-4)}`,
    project: () => projectView(ask, projectFor(all, row.projectId ?? "")),
    environment: () => environmentView(ask, environmentFor(all, row.environmentId ?? "")),
  };
}
