/** Railway's GraphQL API, emulated: stateful, with its limits and bad habits, and with the traffic that makes its metrics. */
import { z } from "zod";
import type { Emulator, EmulatorContext } from "../emulator.ts";
import { act } from "./acts.ts";
import { answer, faultAnswer, operationName } from "./answer.ts";
import { scheduledBackup, workflowDone } from "./backups.ts";
import { crashLoop, restarted, step } from "./deployments.ts";
import { statusAt } from "./deploymentview.ts";
import type { Plan, TokenRow } from "./model.ts";
import { patchApplied } from "./patches.ts";
import { projectGone } from "./projects.ts";
import { seed } from "./seed.ts";
import { Acts, Settings } from "./settings.ts";
import { Store } from "./store.ts";
import { type Due, tableNames } from "./tables.ts";
import { volumeGone, volumeReady } from "./volumes.ts";
import { type RailwayWorld, railwayWorld } from "./world.ts";

export type { Container, Met, Placed, RailwayWorld } from "./world.ts";

export interface RailwayOptions {
  readonly workspace?: { readonly id: string; readonly name: string; readonly plan: Plan };
  /** Tokens that the API takes; project tokens need their project and environment. */
  readonly tokens?: readonly (Pick<TokenRow, "token" | "kind"> & Partial<TokenRow>)[];
}

/** The workspace that is there from the start. */
export const sandboxWorkspaceId = "5a9d0b0c-0000-4000-a000-000000000001";

const defaultTokens: readonly Pick<TokenRow, "token" | "kind">[] = [
  { token: "sandbox-railway-token", kind: "workspace" },
  { token: "sandbox-railway-account-token", kind: "account" },
];

export function createRailway(context: EmulatorContext, options: RailwayOptions = {}): Emulator & RailwayWorld {
  const store = new Store(context);
  const happen = (due: Due) => happened(store, due);
  begin(store, options);
  return {
    vendor: "railway",
    operation: ({ body }) => operationName(body),
    fetch(request) {
      store.runDue(happen);
      return answer(store, request);
    },
    graphqlError: (message) => faultAnswer(store, message),
    state: () => stateOf(store),
    seed: (objects) => seed(store, objects),
    reset() {
      store.clear();
      begin(store, options);
    },
    snapshot: () => store.snapshot(),
    restore: (snapshot) => store.restore(snapshot),
    nextDue: () => store.nextDue(),
    runDue: () => store.runDue(happen),
    settings: () => structuredClone(store.settings),
    configure: (wishes) => configure(store, wishes),
    ...railwayWorld(store),
  };
}

function begin(store: Store, options: RailwayOptions): void {
  const createdAt = store.iso();
  const workspace = options.workspace ?? { id: sandboxWorkspaceId, name: "Sandbox", plan: "PRO" };
  store.tables.workspaces.set(workspace.id, { ...workspace, createdAt, updatedAt: createdAt });
  for (const token of options.tokens ?? defaultTokens) {
    const id = `token-${token.token}`;
    store.tables.tokens.set(id, {
      id,
      name: token.kind,
      workspaceId: workspace.id,
      projectId: null,
      environmentId: null,
      createdAt,
      ...token,
    });
  }
}

/** Settings are checked as a whole; an unknown name is an Error that says so. A single name may stand for a list of one. */
function configure(store: Store, wishes: Record<string, unknown>): void {
  const actNames = Object.keys(Acts.shape);
  const acts = Acts.safeParse(Object.fromEntries(Object.entries(wishes).filter(([name]) => actNames.includes(name))));
  const rest = Object.fromEntries(Object.entries(wishes).filter(([name]) => !actNames.includes(name)));
  if (typeof rest.falseInsteadOfTrue === "string") rest.falseInsteadOfTrue = [rest.falseInsteadOfTrue];
  if (typeof rest.stuckInInitializing === "boolean") rest.stuckInInitializing = rest.stuckInInitializing ? 1 : 0;
  const settings = Settings.safeParse({ ...store.settings, ...rest });
  const problems = [acts, settings].flatMap((parsed) => (parsed.success ? [] : [z.prettifyError(parsed.error)]));
  if (!acts.success || !settings.success) throw new Error(problems.join("\n"));
  store.settings = settings.data;
  act(store, acts.data);
}

function happened(store: Store, due: Due): void {
  switch (due.kind) {
    case "deploymentStep":
      step(store, due.deploymentId, due.to);
      break;
    case "restarted":
      restarted(store, due.deploymentId);
      break;
    case "crashLoop":
      crashLoop(store, due.deploymentId);
      break;
    case "patchApplied":
      patchApplied(store, due.patchId);
      break;
    case "workflowDone":
      workflowDone(store, due);
      break;
    case "volumeGone":
      volumeGone(store, due.volumeInstanceId);
      break;
    case "volumeReady":
      volumeReady(store, due.volumeInstanceId);
      break;
    case "projectGone":
      projectGone(store, due.projectId);
      break;
    case "scheduledBackup":
      scheduledBackup(store, due.scheduleId);
      break;
    default:
      due satisfies never;
  }
}

/** Times of the emulator's own fields in ISO; what only steers reading is left out. */
function stateOf(store: Store): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const name of tableNames) state[name] = [...store.tables[name].values()].map(withoutOwn);
  state.deployments = [...store.tables.deployments.values()].map((row) => ({
    ...withoutOwn(row),
    status: statusAt(store, row).status,
    runs: row.runs.map((run) => ({
      from: store.iso(run.fromMs),
      upAt: run.upMs === null ? null : store.iso(run.upMs),
      to: run.toMs === null ? null : store.iso(run.toMs),
    })),
  }));
  state.traffic = [...store.tables.traffic.values()].map((row) => ({
    ...row,
    intervals: row.intervals.map((interval) => ({ from: store.iso(interval.fromMs), to: store.iso(interval.toMs) })),
  }));
  return state;
}

function withoutOwn(row: object): Record<string, unknown> {
  const { visibleFromMs: _own, ...shown } = structuredClone({ visibleFromMs: 0, ...row });
  return shown;
}
