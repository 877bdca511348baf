/** What the platform does by itself and what a person does in the dashboard, ordered through `configure`. */
import { deploy, deploymentsOf } from "./deployments.ts";
import { isRunning } from "./deploymentview.ts";
import { addCustomDomain, addServiceDomain, addTcpProxy } from "./domains.ts";
import { stage } from "./patches.ts";
import type { Acts } from "./settings.ts";
import type { Store } from "./store.ts";

/** Throws an Error where the thing acted upon does not exist. */
export function act(store: Store, acts: Acts): void {
  if (acts.spontaneousRedeploy !== undefined) redeployAll(store, acts.spontaneousRedeploy);
  if (acts.stagedByPerson) {
    const { environmentId, patch } = acts.stagedByPerson;
    if (!store.tables.environments.has(environmentId))
      throw new Error(`stagedByPerson: environment "${environmentId}" does not exist`);
    stage(store, environmentId, patch, true);
  }
  if (acts.domainByPerson) {
    const { kind, domain, ...place } = acts.domainByPerson;
    if (!store.tables.services.has(place.serviceId))
      throw new Error(`domainByPerson: service "${place.serviceId}" does not exist`);
    if (kind === "service") addServiceDomain(store, place, null, domain);
    else if (kind === "custom") addCustomDomain(store, place, domain ?? "somebody.example.com", null);
    else addTcpProxy(store, place, 5_432, true);
  }
}

/** Railway moves hosts: everything that runs in the project is deployed anew with its present settings. */
function redeployAll(store: Store, projectId: string): void {
  if (!store.tables.projects.has(projectId)) throw new Error(`spontaneousRedeploy: project "${projectId}" does not exist`);
  for (const instance of store.tables.serviceInstances.values()) {
    const latest = deploymentsOf(store, instance)[0];
    if (latest?.projectId === projectId && isRunning(latest)) deploy(store, instance, "migrate");
  }
}
