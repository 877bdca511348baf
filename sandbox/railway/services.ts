/** Services of a project. They have no description; their names are unique in the project. */
import {
  type Ask,
  environmentFor,
  type Field,
  findInstance,
  instanceFor,
  projectFor,
  serviceFor,
  targetEnvironments,
  visible,
} from "./access.ts";
import { deploy, endDeployment, newestFirst } from "./deployments.ts";
import { deploymentView } from "./deploymentview.ts";
import { badInput, refusal } from "./errors.ts";
import { instanceView, makeInstance, setRegistryCredentials } from "./instances.ts";
import type { EnvironmentRow, ServiceRow } from "./model.ts";
import { type PageArguments, page } from "./pages.ts";
import { projectView } from "./projects.ts";
import type { Store } from "./store.ts";
import { setVariable } from "./variables.ts";
import { scheduleVolumeDeletion } from "./volumes.ts";

interface SourceInput {
  image?: string | null;
  repo?: string | null;
}

interface ServiceInput {
  projectId: string;
  environmentId?: string | null;
  name?: string | null;
  icon?: string | null;
  branch?: string | null;
  source?: SourceInput | null;
  registryCredentials?: object | null;
  templateId?: string | null;
  templateServiceId?: string | null;
  variables?: Record<string, unknown> | null;
}

export const serviceQueries = {
  service: ({ id }: { id: string }, ask: Ask) => serviceView(ask, serviceFor(ask, id)),
} satisfies Record<string, Field>;

export const serviceMutations = {
  serviceCreate({ input }: { input: ServiceInput }, ask: Ask) {
    const { store } = ask;
    const project = projectFor({ ...ask, writes: true }, input.projectId);
    const environments = targetEnvironments(ask, project.id, input.environmentId);
    const name = input.name || input.source?.image?.split("/").at(-1)?.split(/[:@]/)[0] || freshName(store, project.id);
    nameIsFree(store, project.id, name);
    const service: ServiceRow = {
      id: store.uuid(),
      projectId: project.id,
      name,
      icon: input.icon ?? null,
      templateId: input.templateId ?? null,
      templateServiceId: input.templateServiceId ?? null,
      tracingEnabled: null,
      deletedAt: null,
      createdAt: store.iso(),
      updatedAt: store.iso(),
      visibleFromMs: store.now() + store.settings.readLagMs,
    };
    const instances = environments.map((environment) => makeInstance(store, service, environment, false));
    for (const instance of instances) {
      if (input.registryCredentials) setRegistryCredentials(store, project, instance);
      instance.source = source(input.source);
      instance.branch = input.branch ?? null;
    }
    store.tables.services.set(service.id, service);
    for (const instance of instances) {
      store.tables.serviceInstances.set(instance.id, instance);
      const owner = { projectId: project.id, environmentId: instance.environmentId, serviceId: service.id };
      for (const [key, value] of Object.entries(input.variables ?? {})) setVariable(store, owner, key, String(value));
      // With a source it deploys at once, before anybody could give it a volume.
      if (instance.source) deploy(store, instance, "deploy");
    }
    return serviceView(ask, service);
  },
  serviceUpdate(
    { id, input }: { id: string; input: { name?: string | null; icon?: string | null; tracingEnabled?: boolean | null } },
    ask: Ask,
  ) {
    const service = serviceFor({ ...ask, writes: true }, id);
    if (input.name === "") throw badInput("Service name must not be empty");
    if (input.name && input.name !== service.name) nameIsFree(ask.store, service.projectId, input.name);
    service.name = input.name ?? service.name;
    service.icon = input.icon ?? service.icon;
    service.tracingEnabled = input.tracingEnabled ?? service.tracingEnabled;
    service.updatedAt = ask.store.iso();
    return serviceView(ask, service);
  },
  serviceConnect({ id, input }: { id: string; input: SourceInput & { branch?: string | null } }, ask: Ask) {
    const service = serviceFor({ ...ask, writes: true }, id);
    if (!input.image && !input.repo) throw badInput("Either image or repo is needed");
    for (const environment of targetEnvironments(ask, service.projectId, null)) {
      const instance = instanceFor(ask, id, environment.id);
      instance.source = source(input);
      instance.branch = input.branch ?? instance.branch;
      deploy(ask.store, instance, "deploy");
    }
    return serviceView(ask, service);
  },
  serviceDisconnect({ id }: { id: string }, ask: Ask) {
    const service = serviceFor({ ...ask, writes: true }, id);
    for (const instance of instancesOf(ask.store, id)) instance.source = null;
    return serviceView(ask, service);
  },
  serviceDelete({ id, environmentId }: { id: string; environmentId?: string | null }, ask: Ask) {
    const service = serviceFor({ ...ask, writes: true }, id);
    deleteService(ask.store, service, targetEnvironments(ask, service.projectId, environmentId));
    return true;
  },
} satisfies Record<string, Field>;

/** Takes the instances, deployments, domains and variables in these environments; the service itself once it has no instance left. */
export function deleteService(store: Store, service: ServiceRow, environments: readonly EnvironmentRow[]): void {
  const { tables } = store;
  const now = store.iso();
  for (const environment of environments) {
    const here = (row: { serviceId: string | null; environmentId: string }) =>
      row.serviceId === service.id && row.environmentId === environment.id;
    const instance = findInstance(store, service.id, environment.id);
    if (instance) instance.deletedAt = now;
    for (const row of tables.deployments.values()) if (here(row)) endDeployment(store, row, "REMOVED");
    for (const row of [...tables.customDomains.values(), ...tables.serviceDomains.values()]) if (here(row)) row.deletedAt ??= now;
    for (const row of tables.tcpProxies.values()) if (here(row)) tables.tcpProxies.delete(row.id);
    for (const row of tables.variables.values()) if (here(row)) tables.variables.delete(row.id);
    for (const row of tables.volumeInstances.values()) {
      if (!here(row) || row.isPendingDeletion) continue;
      if (store.settings.serviceDeleteKeepsVolume) row.serviceId = null;
      else scheduleVolumeDeletion(store, row);
    }
  }
  if (instancesOf(store, service.id).length === 0) service.deletedAt = now;
}

export function servicesOf(store: Store, projectId: string): ServiceRow[] {
  return [...store.tables.services.values()].filter((row) => row.projectId === projectId && row.deletedAt === null);
}

export function serviceView(ask: Ask, service: ServiceRow) {
  const { store } = ask;
  return {
    ...service,
    templateThreadSlug: null,
    project: () => projectView(ask, projectFor({ ...ask, writes: true }, service.projectId, true)),
    deployments: (args: PageArguments) =>
      page(
        store,
        newestFirst(store, (row) => row.serviceId === service.id),
        args,
        (row) => deploymentView(ask, row),
      ),
    serviceInstances: (args: PageArguments) =>
      page(
        store,
        instancesOf(store, service.id).filter((row) => visible(ask, row) && inScope(ask, row.environmentId)),
        args,
        (row) => instanceView(ask, row),
      ),
  };
}

function inScope(ask: Ask, environmentId: string): boolean {
  return (
    ask.token?.kind !== "project" || environmentFor({ ...ask, writes: true }, ask.token.environmentId ?? "").id === environmentId
  );
}

function instancesOf(store: Store, serviceId: string) {
  return [...store.tables.serviceInstances.values()].filter((row) => row.serviceId === serviceId && row.deletedAt === null);
}

function nameIsFree(store: Store, projectId: string, name: string): void {
  if (servicesOf(store, projectId).some((row) => row.name === name))
    throw refusal(`A service named "${name}" already exists in this project`);
}

function freshName(store: Store, projectId: string): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? "service" : `service-${number}`;
    if (!servicesOf(store, projectId).some((row) => row.name === name)) return name;
  }
}

function source(input: SourceInput | null | undefined) {
  return input?.image || input?.repo ? { image: input.image ?? null, repo: input.repo ?? null } : null;
}
