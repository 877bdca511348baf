/** Domains and TCP proxies. A new service has none. Statuses advance with time. */
import { type Ask, environmentFor, type Field, gone, instanceFor, projectFor, serviceFor } from "./access.ts";
import { badInput, notAuthorized, refusal } from "./errors.ts";
import { planLimits, planOf } from "./limits.ts";
import type { CustomDomainRow, ServiceDomainRow, TcpProxyRow } from "./model.ts";
import type { Store } from "./store.ts";

const activeAfterMs = 5_000;
const verifiedAfterMs = 30_000;
const certifiedAfterMs = 90_000;

interface Place {
  serviceId: string;
  environmentId: string;
}

export const domainQueries = {
  domains(args: Place & { projectId: string }, ask: Ask) {
    projectFor(ask, args.projectId);
    instanceFor(ask, args.serviceId, args.environmentId);
    return domainsView(ask, args.serviceId, args.environmentId);
  },
  customDomain({ id, projectId }: { id: string; projectId: string }, ask: Ask) {
    projectFor(ask, projectId);
    const row = ask.store.tables.customDomains.get(id);
    if (!row || row.projectId !== projectId || gone(ask, row)) throw notAuthorized();
    return customDomainView(ask, row);
  },
  tcpProxies(args: Place, ask: Ask) {
    instanceFor(ask, args.serviceId, args.environmentId);
    return proxiesOf(ask.store, args).map(proxyView);
  },
} satisfies Record<string, Field>;

export const domainMutations = {
  serviceDomainCreate({ input }: { input: Place & { targetPort?: number | null } }, ask: Ask) {
    instanceFor(ask, input.serviceId, input.environmentId);
    return serviceDomainView(ask.store, addServiceDomain(ask.store, input, input.targetPort ?? null));
  },
  serviceDomainUpdate(
    { input }: { input: Place & { serviceDomainId: string; domain: string; targetPort?: number | null } },
    ask: Ask,
  ) {
    const row = ownServiceDomain(ask, input.serviceDomainId);
    Object.assign(row, { domain: input.domain, targetPort: input.targetPort ?? row.targetPort, updatedAt: ask.store.iso() });
    return true;
  },
  serviceDomainDelete({ id }: { id: string }, ask: Ask) {
    const row = ownServiceDomain(ask, id);
    oneAtATime(ask.store, row);
    row.deletedAt = ask.store.iso();
    return true;
  },
  customDomainCreate({ input }: { input: Place & { projectId: string; domain: string; targetPort?: number | null } }, ask: Ask) {
    const project = projectFor({ ...ask, writes: true }, input.projectId);
    instanceFor(ask, input.serviceId, input.environmentId);
    const limit = planLimits[planOf(ask.store, project)].customDomainsPerService;
    if (liveOf(ask.store.tables.customDomains, input).length >= limit)
      throw refusal(`At most ${limit} custom domains a service on this plan`);
    return customDomainView(ask, addCustomDomain(ask.store, input, input.domain, input.targetPort ?? null));
  },
  customDomainUpdate({ id, targetPort }: { id: string; targetPort?: number | null }, ask: Ask) {
    Object.assign(ownCustomDomain(ask, id), { targetPort: targetPort ?? null, updatedAt: ask.store.iso() });
    return true;
  },
  customDomainDelete({ id }: { id: string }, ask: Ask) {
    const row = ownCustomDomain(ask, id);
    oneAtATime(ask.store, row);
    row.deletedAt = ask.store.iso();
    return true;
  },
  // Deprecated: the proxy does nothing until the service is deployed again.
  tcpProxyCreate({ input }: { input: Place & { applicationPort: number } }, ask: Ask) {
    instanceFor(ask, input.serviceId, input.environmentId);
    return proxyView(addTcpProxy(ask.store, input, input.applicationPort, false));
  },
  tcpProxyDelete({ id }: { id: string }, ask: Ask) {
    const row = ask.store.tables.tcpProxies.get(id);
    if (!row) throw notAuthorized();
    environmentFor({ ...ask, writes: true }, row.environmentId);
    oneAtATime(ask.store, row);
    return ask.store.tables.tcpProxies.delete(id);
  },
} satisfies Record<string, Field>;

export function domainsView(ask: Ask, serviceId: string, environmentId: string) {
  const place = { serviceId, environmentId };
  return {
    customDomains: liveOf(ask.store.tables.customDomains, place).map((row) => customDomainView(ask, row)),
    serviceDomains: liveOf(ask.store.tables.serviceDomains, place).map((row) => serviceDomainView(ask.store, row)),
  };
}

export function addServiceDomain(store: Store, place: Place, targetPort: number | null, domain?: string): ServiceDomainRow {
  const service = store.tables.services.get(place.serviceId);
  const environment = store.tables.environments.get(place.environmentId);
  if (!service || !environment) throw notAuthorized();
  const row: ServiceDomainRow = {
    ...dated(store, place, service.projectId),
    domain: domain ?? `${service.name}-${environment.name}-${store.uuid().slice(0, 4)}.up.railway.app`.toLowerCase(),
    suffix: "up.railway.app",
    targetPort,
    deletedAt: null,
  };
  store.tables.serviceDomains.set(row.id, row);
  return row;
}

export function addCustomDomain(store: Store, place: Place, domain: string, targetPort: number | null): CustomDomainRow {
  const service = store.tables.services.get(place.serviceId);
  if (!service) throw notAuthorized();
  if (!/^[a-z0-9*]([a-z0-9-]*\.)+[a-z]{2,}$/i.test(domain)) throw badInput(`${domain} is not a valid domain`);
  for (const other of store.tables.customDomains.values())
    if (other.domain === domain && other.deletedAt === null) throw refusal("Domain is already in use");
  const row: CustomDomainRow = {
    ...dated(store, place, service.projectId),
    domain,
    targetPort,
    verificationToken: `railway-verify=${store.uuid().replaceAll("-", "")}`,
    deletedAt: null,
  };
  store.tables.customDomains.set(row.id, row);
  return row;
}

export function addTcpProxy(store: Store, place: Place, applicationPort: number, active: boolean): TcpProxyRow {
  const service = store.tables.services.get(place.serviceId);
  if (!service) throw notAuthorized();
  const row: TcpProxyRow = {
    ...dated(store, place, service.projectId),
    applicationPort,
    proxyPort: store.between({ min: 10_000, max: 59_999 }),
    domain: "roundhouse.proxy.rlwy.net",
    active,
  };
  store.tables.tcpProxies.set(row.id, row);
  return row;
}

/** A deployment makes proxies work that were made by the deprecated mutation. */
export function activateProxies(store: Store, serviceId: string, environmentId: string): void {
  for (const row of proxiesOf(store, { serviceId, environmentId })) row.active = true;
}

export function proxiesOf(store: Store, place: Place): TcpProxyRow[] {
  return [...store.tables.tcpProxies.values()].filter(
    (row) => row.serviceId === place.serviceId && row.environmentId === place.environmentId,
  );
}

export function liveOf<Row extends Place & { deletedAt: string | null }>(table: Map<string, Row>, place: Place): Row[] {
  return [...table.values()].filter(
    (row) => row.serviceId === place.serviceId && row.environmentId === place.environmentId && row.deletedAt === null,
  );
}

function dated(store: Store, place: Place, projectId: string) {
  const now = store.iso();
  return {
    id: store.uuid(),
    projectId,
    serviceId: place.serviceId,
    environmentId: place.environmentId,
    createdAt: now,
    updatedAt: now,
  };
}

function oneAtATime(store: Store, place: Place): void {
  const name = `deleting:${place.serviceId}:${place.environmentId}`;
  const last = store.counters.get(name);
  if (last && store.now() < last.fromMs + store.settings.domainDeleteMs) throw refusal("operation is already in progress");
  store.counters.set(name, { fromMs: store.now(), used: 1 });
}

function ownServiceDomain(ask: Ask, id: string): ServiceDomainRow {
  const row = ask.store.tables.serviceDomains.get(id);
  if (!row || gone(ask, row)) throw notAuthorized();
  serviceFor({ ...ask, writes: true }, row.serviceId);
  return row;
}

function ownCustomDomain(ask: Ask, id: string): CustomDomainRow {
  const row = ask.store.tables.customDomains.get(id);
  if (!row || gone(ask, row)) throw notAuthorized();
  serviceFor({ ...ask, writes: true }, row.serviceId);
  return row;
}

function serviceDomainView(store: Store, row: ServiceDomainRow) {
  return { ...row, edgeId: null, syncStatus: ageOf(store, row) < activeAfterMs ? "CREATING" : "ACTIVE" };
}

function proxyView(row: TcpProxyRow) {
  return { ...row, deletedAt: null, syncStatus: row.active ? "ACTIVE" : "CREATING" };
}

function customDomainView(ask: Ask, row: CustomDomainRow) {
  const { store } = ask;
  const age = ageOf(store, row);
  const zone = row.domain.split(".").slice(-2).join(".");
  const host = row.domain === zone ? "" : row.domain.slice(0, -zone.length - 1);
  const target = `${row.id.slice(0, 8)}.up.railway.app`;
  const verified = age >= verifiedAfterMs;
  const record = (hostlabel: string, recordType: string, requiredValue: string, purpose: string) => ({
    hostlabel,
    fqdn: hostlabel ? `${hostlabel}.${zone}` : zone,
    recordType: `DNS_RECORD_TYPE_${recordType}`,
    requiredValue,
    currentValue: verified ? requiredValue : "",
    status: verified ? "DNS_RECORD_STATUS_PROPAGATED" : "DNS_RECORD_STATUS_REQUIRES_UPDATE",
    zone,
    purpose: `DNS_RECORD_PURPOSE_${purpose}`,
  });
  const records = [
    record(host, "CNAME", target, "TRAFFIC_ROUTE"),
    record(
      host ? `_acme-challenge.${host}` : "_acme-challenge",
      "CNAME",
      `${row.id.slice(0, 8)}.authorize.railwaydns.net`,
      "ACME_DNS01_CHALLENGE",
    ),
    record(host ? `_railway-verify.${host}` : "_railway-verify", "TXT", row.verificationToken, "UNSPECIFIED"),
  ];
  // Their order means nothing and changes from read to read.
  const turn = Math.floor(store.context.random() * records.length);
  return {
    ...row,
    edgeId: null,
    isRailwayDomain: false,
    syncStatus: age < activeAfterMs ? "CREATING" : "ACTIVE",
    status: {
      cdnProvider: null,
      certificateErrorMessage: null,
      certificateStatus: `CERTIFICATE_STATUS_TYPE_${age >= certifiedAfterMs ? "VALID" : verified ? "ISSUING" : "VALIDATING_OWNERSHIP"}`,
      dnsRecords: [...records.slice(turn), ...records.slice(0, turn)],
      verificationDnsHost: host ? `_railway-verify.${host}` : "_railway-verify",
      verificationToken: row.verificationToken,
      verified,
    },
  };
}

function ageOf(store: Store, row: { createdAt: string }): number {
  return store.now() - Date.parse(row.createdAt);
}
