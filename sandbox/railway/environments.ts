/** Environments of a project. A fork is one made from another. */
import { type Ask, environmentFor, environmentsOf, type Field, findInstance, gone, projectFor, visible } from "./access.ts";
import { configEtag, readConfig } from "./config.ts";
import { cooldown } from "./cooldowns.ts";
import { deploy, endDeployment, newestFirst } from "./deployments.ts";
import { deploymentView } from "./deploymentview.ts";
import { notAuthorized, refusal } from "./errors.ts";
import { instanceView, makeInstance } from "./instances.ts";
import type { EnvironmentRow, InstanceRow } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import { unmergedChanges } from "./patches.ts";
import { servicesOf } from "./services.ts";
import type { Store } from "./store.ts";
import { setVariable, variablesOf, variableView } from "./variables.ts";
import { volumeInstanceView } from "./volumes.ts";

export const environmentQueries = {
  environment({ id, projectId }: { id: string; projectId?: string | null }, ask: Ask) {
    const row = environmentFor(ask, id);
    if (projectId && row.projectId !== projectId) throw notAuthorized();
    return environmentView(ask, row);
  },
  environments(args: PageArguments & { projectId: string; isEphemeral?: boolean | null }, ask: Ask) {
    projectFor(ask, args.projectId);
    const rows = environmentsOf(ask.store, args.projectId)
      .filter((row) => visible(ask, row) && (ask.token?.kind !== "project" || ask.token.environmentId === row.id))
      .filter((row) => typeof args.isEphemeral !== "boolean" || row.isEphemeral === args.isEphemeral);
    return page(ask.store, rows, args, (row) => environmentView(ask, row));
  },
} satisfies Record<string, Field>;

interface EnvironmentInput {
  name: string;
  projectId: string;
  sourceEnvironmentId?: string | null;
  ephemeral?: boolean | null;
  skipInitialDeploys?: boolean | null;
}

export const environmentMutations = {
  environmentCreate({ input }: { input: EnvironmentInput }, ask: Ask) {
    const { store } = ask;
    if (ask.token?.kind === "project") throw notAuthorized();
    if (ask.token?.kind === "workspace" && !store.settings.environmentCreateByWorkspaceToken) throw notAuthorized();
    projectFor({ ...ask, writes: true }, input.projectId);
    if (environmentsOf(store, input.projectId).some((row) => row.name === input.name))
      throw refusal(`Environment named "${input.name}" already exists in this project`);
    const source = input.sourceEnvironmentId ? environmentFor({ ...ask, writes: true }, input.sourceEnvironmentId) : undefined;
    cooldown(
      store,
      `environment:${ask.token?.id}`,
      store.settings.environmentCooldownMs,
      "You are creating environments too quickly. Please wait before creating another one.",
    );
    const row = makeEnvironment(store, input.projectId, input.name, source?.id ?? null, input.ephemeral ?? false);
    if (source) copyInto(store, source, row, input.skipInitialDeploys !== true);
    return environmentView(ask, row);
  },
  environmentRename({ id, input }: { id: string; input: { name: string } }, ask: Ask) {
    const row = environmentFor({ ...ask, writes: true }, id);
    row.name = input.name;
    row.updatedAt = ask.store.iso();
    return environmentView(ask, row);
  },
  environmentDelete({ id }: { id: string }, ask: Ask) {
    const { store } = ask;
    const row = environmentFor({ ...ask, writes: true }, id);
    row.deletedAt = store.iso();
    for (const deployment of store.tables.deployments.values())
      if (deployment.environmentId === id) endDeployment(store, deployment, "REMOVED");
    for (const instance of store.tables.serviceInstances.values())
      if (instance.environmentId === id) instance.deletedAt ??= store.iso();
    for (const volume of store.tables.volumeInstances.values())
      if (volume.environmentId === id) Object.assign(volume, { state: "DELETED", deletedAt: store.iso() });
    return true;
  },
} satisfies Record<string, Field>;

export function makeEnvironment(
  store: Store,
  projectId: string,
  name: string,
  sourceEnvironmentId: string | null,
  isEphemeral: boolean,
): EnvironmentRow {
  const row: EnvironmentRow = {
    id: store.uuid(),
    projectId,
    name,
    isEphemeral,
    sourceEnvironmentId,
    deletedAt: null,
    createdAt: store.iso(),
    updatedAt: store.iso(),
    visibleFromMs: store.now() + store.settings.readLagMs,
  };
  store.tables.environments.set(row.id, row);
  if (sourceEnvironmentId === null) for (const service of servicesOf(store, projectId)) makeInstance(store, service, row);
  return row;
}

export function environmentView(ask: Ask, row: EnvironmentRow) {
  const { store } = ask;
  const instances = () =>
    [...store.tables.serviceInstances.values()].filter(
      (instance) => instance.environmentId === row.id && instance.deletedAt === null && visible(ask, instance),
    );
  return {
    ...row,
    canAccess: true,
    config: ({ decryptVariables }: { decryptVariables?: boolean | null }) => readConfig(store, row, decryptVariables === true),
    configEtag: () => configEtag(store, row),
    unmergedChangesCount: () => unmergedChanges(store, row.id),
    sourceEnvironment() {
      const source = row.sourceEnvironmentId && store.tables.environments.get(row.sourceEnvironmentId);
      return source && !gone(ask, source) ? environmentView(ask, source) : null;
    },
    serviceInstances: (args: PageArguments) => page(store, instances(), args, (instance) => instanceView(ask, instance)),
    deployments: (args: PageArguments) =>
      page(
        store,
        newestFirst(store, (deployment) => deployment.environmentId === row.id),
        args,
        (deployment) => deploymentView(ask, deployment),
      ),
    variables: (args: PageArguments) =>
      page(
        store,
        [...store.tables.variables.values()].filter((variable) => variable.environmentId === row.id),
        args,
        (variable) => variableView(ask, variable),
      ),
    // A volume whose deletion is pending stays listed until it is really gone.
    volumeInstances: (args: PageArguments) =>
      page(
        store,
        [...store.tables.volumeInstances.values()].filter(
          (volume) => volume.environmentId === row.id && volume.visibleFromMs <= store.now() && !gone(ask, volume),
        ),
        args,
        (volume) => volumeInstanceView(ask, volume),
      ),
  };
}

function copyInto(store: Store, source: EnvironmentRow, fork: EnvironmentRow, deploys: boolean): void {
  for (const service of servicesOf(store, source.projectId)) {
    const original = findInstance(store, service.id, source.id);
    if (!original) continue;
    const copy: InstanceRow = { ...structuredClone(original), id: store.uuid(), environmentId: fork.id, createdAt: store.iso() };
    store.tables.serviceInstances.set(copy.id, copy);
    for (const variable of variablesOf(store, source.id, service.id))
      setVariable(
        store,
        { projectId: source.projectId, environmentId: fork.id, serviceId: service.id },
        variable.name,
        variable.value,
      );
    if (deploys && copy.source) deploy(store, copy, "deploy");
  }
  for (const variable of variablesOf(store, source.id, null))
    setVariable(store, { projectId: source.projectId, environmentId: fork.id, serviceId: null }, variable.name, variable.value);
}
