/** `${{NAME}}`, `${{shared.NAME}}` and `${{service.NAME}}` in values. */
import { servicesOf } from "./services.ts";
import type { Store } from "./store.ts";
import { type Owner, platformVariables, variablesOf } from "./variables.ts";

const deepest = 10;

/** All variables of the owner with references resolved; what refers to nothing becomes empty. */
export function render(store: Store, owner: Owner, withSealed: boolean): Record<string, string> {
  const raw = rawOf(store, owner, withSealed);
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, resolve(store, owner, value, withSealed, 0)]));
}

function resolve(store: Store, owner: Owner, value: string, withSealed: boolean, depth: number): string {
  if (depth > deepest) return "";
  return value.replace(/\$\{\{\s*([^}]+?)\s*\}\}/g, (_all, reference: string) => {
    const dot = reference.lastIndexOf(".");
    const name = reference.slice(dot + 1);
    const of = dot < 0 ? owner : ownerNamed(store, owner, reference.slice(0, dot));
    const found = of && rawOf(store, of, withSealed)[name];
    return of && found !== undefined ? resolve(store, of, found, withSealed, depth + 1) : "";
  });
}

function ownerNamed(store: Store, owner: Owner, name: string): Owner | undefined {
  if (name === "shared") return { ...owner, serviceId: null };
  const service = servicesOf(store, owner.projectId).find((row) => row.name === name);
  return service && { ...owner, serviceId: service.id };
}

function rawOf(store: Store, owner: Owner, withSealed: boolean): Record<string, string> {
  const own = variablesOf(store, owner.environmentId, owner.serviceId).filter((row) => withSealed || !row.isSealed);
  return { ...platformVariables(store, owner), ...Object.fromEntries(own.map((row) => [row.name, row.value])) };
}
