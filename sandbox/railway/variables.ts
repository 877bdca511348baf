/** Variables of services and shared ones; the platform's own come on top. Sealed values never come back. */
import { type Ask, environmentFor, type Field, findInstance, projectFor, serviceFor } from "./access.ts";
import { deploy } from "./deployments.ts";
import { environmentView } from "./environments.ts";
import { notAuthorized } from "./errors.ts";
import { mountedVolume } from "./instances.ts";
import type { VariableRow } from "./model.ts";
import { render } from "./rendering.ts";
import { serviceView } from "./services.ts";
import type { Store } from "./store.ts";

export interface Owner {
  projectId: string;
  environmentId: string;
  serviceId: string | null;
}

interface OwnerInput {
  projectId: string;
  environmentId: string;
  serviceId?: string | null;
}

export const variableQueries = {
  variables(args: OwnerInput & { unrendered?: boolean | null }, ask: Ask) {
    const owner = ownerFor(ask, args);
    return args.unrendered === true
      ? unrenderedVariables(ask.store, owner)
      : renderedVariables(ask.store, owner.projectId, owner.environmentId, owner.serviceId);
  },
  variablesForServiceDeployment(args: OwnerInput, ask: Ask) {
    const owner = ownerFor(ask, args);
    return renderedVariables(ask.store, owner.projectId, owner.environmentId, owner.serviceId);
  },
} satisfies Record<string, Field>;

export const variableMutations = {
  variableCollectionUpsert(
    {
      input,
    }: { input: OwnerInput & { variables: Record<string, unknown>; replace?: boolean | null; skipDeploys?: boolean | null } },
    ask: Ask,
  ) {
    const owner = ownerFor(ask, input);
    const names = new Set(Object.keys(input.variables));
    let changed = false;
    if (input.replace === true)
      for (const row of variablesOf(ask.store, owner.environmentId, owner.serviceId))
        if (!names.has(row.name)) changed = ask.store.tables.variables.delete(row.id) || changed;
    for (const [name, value] of Object.entries(input.variables))
      changed = setVariable(ask.store, owner, name, String(value)) || changed;
    if (changed && input.skipDeploys !== true) deployFor(ask.store, owner, [...names]);
    return true;
  },
  variableUpsert({ input }: { input: OwnerInput & { name: string; value: string; skipDeploys?: boolean | null } }, ask: Ask) {
    const owner = ownerFor(ask, input);
    const changed = setVariable(ask.store, owner, input.name, input.value);
    if (changed && input.skipDeploys !== true) deployFor(ask.store, owner, [input.name]);
    return true;
  },
  variableDelete({ input }: { input: OwnerInput & { name: string } }, ask: Ask) {
    const owner = ownerFor(ask, input);
    const row = variablesOf(ask.store, owner.environmentId, owner.serviceId).find((found) => found.name === input.name);
    if (row && ask.store.tables.variables.delete(row.id)) deployFor(ask.store, owner, [input.name]);
    return true;
  },
} satisfies Record<string, Field>;

/** Writes a variable; whether anything changed. A sealed one stays sealed. */
export function setVariable(store: Store, owner: Owner, name: string, value: string, isSealed = false): boolean {
  const present = variablesOf(store, owner.environmentId, owner.serviceId).find((row) => row.name === name);
  if (present) {
    const changed = present.value !== value || (isSealed && !present.isSealed);
    if (changed) Object.assign(present, { value, isSealed: present.isSealed || isSealed, updatedAt: store.iso() });
    return changed;
  }
  const row: VariableRow = { id: store.uuid(), ...owner, name, value, isSealed, createdAt: store.iso(), updatedAt: store.iso() };
  store.tables.variables.set(row.id, row);
  return true;
}

/** Those of one service, or with null the shared ones. */
export function variablesOf(store: Store, environmentId: string, serviceId: string | null): VariableRow[] {
  return [...store.tables.variables.values()].filter((row) => row.environmentId === environmentId && row.serviceId === serviceId);
}

/** With references resolved. Sealed values only for containers. */
export function renderedVariables(
  store: Store,
  projectId: string,
  environmentId: string,
  serviceId: string | null,
  withSealed = false,
): Record<string, string> {
  return render(store, { projectId, environmentId, serviceId }, withSealed);
}

/** What the platform adds to a service's variables. Containers learn the volume's name and path, not its id. */
export function platformVariables(store: Store, owner: Owner): Record<string, string> {
  if (owner.serviceId === null) return {};
  const { tables } = store;
  const environment = tables.environments.get(owner.environmentId)?.name ?? "";
  const service = tables.services.get(owner.serviceId)?.name ?? "";
  const volume = mountedVolume(store, { serviceId: owner.serviceId, environmentId: owner.environmentId });
  const domain = [...tables.serviceDomains.values(), ...tables.customDomains.values()].find(
    (row) => row.serviceId === owner.serviceId && row.environmentId === owner.environmentId && row.deletedAt === null,
  );
  return {
    RAILWAY_PROJECT_ID: owner.projectId,
    RAILWAY_PROJECT_NAME: tables.projects.get(owner.projectId)?.name ?? "",
    RAILWAY_ENVIRONMENT_ID: owner.environmentId,
    RAILWAY_ENVIRONMENT: environment,
    RAILWAY_ENVIRONMENT_NAME: environment,
    RAILWAY_SERVICE_ID: owner.serviceId,
    RAILWAY_SERVICE_NAME: service,
    RAILWAY_PRIVATE_DOMAIN: privateDomain(service),
    ...(volume
      ? { RAILWAY_VOLUME_NAME: tables.volumes.get(volume.volumeId)?.name ?? "", RAILWAY_VOLUME_MOUNT_PATH: volume.mountPath }
      : {}),
    ...(domain ? { RAILWAY_PUBLIC_DOMAIN: domain.domain, RAILWAY_STATIC_URL: domain.domain } : {}),
  };
}

/** `<service>.railway.internal`, resolved inside its project and environment only. */
export function privateDomain(serviceName: string): string {
  return `${serviceName.toLowerCase().replace(/[^a-z0-9-]+/g, "-")}.railway.internal`;
}

export function variableView(ask: Ask, row: VariableRow) {
  return {
    ...row,
    references: () => [...row.value.matchAll(/\$\{\{\s*([^}]+?)\s*\}\}/g)].map((match) => match[1]),
    environment: () => environmentView(ask, environmentFor({ ...ask, writes: true }, row.environmentId, true)),
    // Non-null in the schema: of a shared variable it fails the whole answer.
    service() {
      const service = row.serviceId && ask.store.tables.services.get(row.serviceId);
      if (!service) throw notAuthorized();
      return serviceView(ask, service);
    },
  };
}

function unrenderedVariables(store: Store, owner: Owner): Record<string, string> {
  const own = variablesOf(store, owner.environmentId, owner.serviceId).filter((row) => !row.isSealed);
  return { ...platformVariables(store, owner), ...Object.fromEntries(own.map((row) => [row.name, row.value])) };
}

function ownerFor(ask: Ask, input: OwnerInput): Owner {
  const all = { ...ask, writes: true };
  projectFor(all, input.projectId);
  if (environmentFor(all, input.environmentId).projectId !== input.projectId) throw notAuthorized();
  if (input.serviceId && serviceFor(all, input.serviceId).projectId !== input.projectId) throw notAuthorized();
  return { projectId: input.projectId, environmentId: input.environmentId, serviceId: input.serviceId ?? null };
}

/** Deploys the service, or for shared variables every service that refers to one of them; only what has a source. */
function deployFor(store: Store, owner: Owner, names: readonly string[]): void {
  const serviceIds = owner.serviceId
    ? [owner.serviceId]
    : [...store.tables.variables.values()]
        .filter((row) => row.environmentId === owner.environmentId && row.serviceId !== null)
        .filter((row) => names.some((name) => row.value.includes(`shared.${name}`)))
        .flatMap((row) => row.serviceId ?? []);
  for (const serviceId of new Set(serviceIds)) {
    const instance = findInstance(store, serviceId, owner.environmentId);
    if (instance?.source) deploy(store, instance, "deploy");
  }
}
