/** PURE. What lives at the vendors, without what differs from life to life: ids, times and random values. */
import { z } from "zod";
import type { Vendor } from "./crash-points.ts";

/** One living object. */
export interface Living {
  readonly vendor: Vendor;
  readonly id: string;
  /** `volume` */
  readonly kind: string;
  /** Kind and content as JSON; the same for the same object of another life. */
  readonly text: string;
}

const id = z.string();
const gone = z.string().nullable();
/** What of a service's settings a deployment is made with. */
const settings = {
  ...{ source: z.unknown(), startCommand: z.unknown(), limitMemoryBytes: z.unknown(), limitCpu: z.unknown() },
  ...{ sleepApplication: z.unknown(), healthcheckPath: z.unknown(), restartPolicyType: z.unknown() },
};
const Settings = z.object(settings);
const Railway = z.object({
  projects: z.array(z.object({ id, name: z.string(), description: gone, deletedAt: gone })),
  services: z.array(z.object({ id, projectId: id, name: z.string(), deletedAt: gone })),
  serviceInstances: z.array(z.object({ serviceId: id, ...settings })),
  volumes: z.array(z.object({ id, projectId: id })),
  volumeInstances: z.array(
    z.object({
      ...{ id, volumeId: id, serviceId: gone, mountPath: z.string(), sizeMB: z.number(), isPendingDeletion: z.boolean() },
      files: z.record(z.string(), z.string()).default({}),
    }),
  ),
  variables: z.array(z.object({ serviceId: gone, name: z.string(), value: z.string() })),
  backups: z.array(z.object({ id, volumeInstanceId: id, name: z.string(), expiresAt: gone })),
  deployments: z.array(
    z.object({
      ...{ id, serviceId: id, status: z.string(), deploymentStopped: z.boolean() },
      ...{ settings: Settings, deployedVariables: z.record(z.string(), z.string()) },
    }),
  ),
});
type Deployment = z.infer<typeof Railway>["deployments"][number];
const named = { id, name: z.string() };
const rules = { include: z.unknown(), require: z.unknown(), exclude: z.unknown() };
const Cloudflare = z.object({
  policies: z.array(z.object({ ...named, decision: z.string(), ...rules, session_duration: z.unknown() })),
  apps: z.array(
    z.object({
      ...{ ...named, aud: id, type: z.string(), domain: z.unknown(), policies: z.unknown(), allowed_idps: z.unknown() },
      ...{ session_duration: z.unknown(), custom_deny_message: z.unknown(), auto_redirect_to_identity: z.unknown() },
    }),
  ),
  tunnels: z.array(z.object({ ...named, deleted_at: gone })),
  tunnelConfigurations: z.array(z.object({ tunnel_id: id, config: z.unknown() })),
  dnsRecords: z.array(z.object({ ...named, type: z.string(), content: z.string(), proxied: z.boolean(), comment: z.unknown() })),
  identityProviders: z.array(z.object({ ...named, type: z.string() })),
});
const OpenRouter = z.object({
  keys: z.array(z.object({ hash: id, name: z.string(), limit: z.unknown(), limit_reset: z.unknown(), disabled: z.boolean() })),
});

/** Random in each life. */
const secretVariables: ReadonlySet<string> = new Set(["BASIC_AUTH_USERS", "OPENROUTER_API_KEY", "TUNNEL_TOKEN"]);

/** Everything that lives, from what each vendor's `state` says, in the order of the texts. */
export function livingOf(states: Readonly<Partial<Record<Vendor, unknown>>>): Living[] {
  const all = [
    ...(states.railway === undefined ? [] : atRailway(Railway.parse(states.railway))),
    ...(states.cloudflare === undefined ? [] : atCloudflare(Cloudflare.parse(states.cloudflare))),
    ...(states.openrouter === undefined
      ? []
      : OpenRouter.parse(states.openrouter).keys.map(({ hash, ...key }) => living("openrouter", "key", hash, key))),
  ];
  return all.sort((left, right) => (left.text < right.text ? -1 : 1));
}

function living(vendor: Vendor, kind: string, itsId: string, content: object): Living {
  return { vendor, id: itsId, kind, text: JSON.stringify({ kind, ...content }) };
}

function atRailway(state: z.infer<typeof Railway>): Living[] {
  const projects = new Map(state.projects.filter(({ deletedAt }) => deletedAt === null).map((one) => [one.id, one.name]));
  const services = state.services.filter((one) => one.deletedAt === null && projects.has(one.projectId));
  const nameOf = (serviceId: string | null) => services.find((one) => one.id === serviceId)?.name ?? null;
  const volumes = state.volumeInstances.filter(({ volumeId, isPendingDeletion }) => {
    const volume = state.volumes.find((one) => one.id === volumeId);
    return volume && projects.has(volume.projectId) && !isPendingDeletion;
  });
  return [
    ...state.projects.flatMap(({ id, name, description }) =>
      projects.has(id) ? [living("railway", "project", id, { name, description })] : [],
    ),
    ...services.map(({ id, projectId, name }) => {
      const [instance, ...others] = state.serviceInstances.filter(({ serviceId }) => serviceId === id);
      if (!instance || others.length > 0) throw new Error(`${name} has ${others.length + 1} instances, and not one`);
      const { serviceId: _, ...settings } = instance;
      const variables = state.variables.filter(({ serviceId }) => serviceId === id);
      const up = state.deployments.filter(
        (one) =>
          one.serviceId === id &&
          !one.deploymentStopped &&
          ["SUCCESS", "SLEEPING", "DEPLOYING", "INITIALIZING"].includes(one.status),
      );
      return living("railway", "service", id, {
        ...{ project: projects.get(projectId), name, settings, variables: variables.map(shown).sort() },
        running: up.map((deployment) => staleIn(deployment, settings, variables)),
      });
    }),
    ...volumes.map(({ volumeId, serviceId, mountPath, sizeMB, files }) => {
      const projectId = state.volumes.find((one) => one.id === volumeId)?.projectId ?? "";
      return living("railway", "volume", volumeId, {
        project: projects.get(projectId),
        service: nameOf(serviceId),
        mountPath,
        sizeMB,
        files,
      });
    }),
    ...state.backups.flatMap(({ id, volumeInstanceId, name, expiresAt }) =>
      volumes.some((volume) => volume.id === volumeInstanceId)
        ? [living("railway", "backup", id, { name, kept: expiresAt === null })]
        : [],
    ),
  ];
}

/** Names of what was set anew after the deployment was made, so that what runs is not what is wanted. A reference is filled in by Railway, and a health check
 *  is refused before the first deployment, which therefore has none. */
function staleIn(
  deployment: Deployment,
  { healthcheckPath: _, ...now }: z.infer<typeof Settings>,
  variables: readonly Variable[],
): string[] {
  const made = new Map(Object.entries(deployment.settings));
  const { deployedVariables } = deployment;
  const names = new Set(variables.map(({ name }) => name));
  return [
    ...Object.entries(now).flatMap(([name, value]) => (JSON.stringify(value) === JSON.stringify(made.get(name)) ? [] : [name])),
    ...variables.flatMap(({ name, value }) => (value.includes("${{") || deployedVariables[name] === value ? [] : [name])),
    ...Object.keys(deployedVariables).filter((name) => !names.has(name) && !name.startsWith("RAILWAY_")),
  ].sort();
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

function shown({ name, value }: Variable): string {
  return secretVariables.has(name) ? name : `${name}=${value}`;
}

function atCloudflare(state: z.infer<typeof Cloudflare>): Living[] {
  const tunnels = state.tunnels.filter((one) => one.deleted_at === null);
  // Ids of what we made stand inside rules, applications and addresses.
  const names = new Map<string, string>();
  for (const one of [...state.policies, ...state.apps, ...tunnels, ...state.identityProviders])
    names.set(one.id, `id of ${one.name}`);
  for (const { aud, name } of state.apps) names.set(aud, `audience of ${name}`);
  const object = (kind: string, itsId: string, content: object) => {
    const one = living("cloudflare", kind, itsId, content);
    return { ...one, text: one.text.replace(/[0-9a-f-]{32,64}/g, (text) => names.get(text) ?? text) };
  };
  return [
    ...state.policies.map(({ id, ...policy }) => object("policy", id, policy)),
    ...state.apps.map(({ id, aud: _, policies, ...app }) => object("application", id, { ...app, policies: linksOf(policies) })),
    ...tunnels.map(({ id, name }) =>
      object("tunnel", id, { name, config: state.tunnelConfigurations.find((one) => one.tunnel_id === id)?.config }),
    ),
    ...state.dnsRecords.map(({ id, ...record }) => object("name", id, record)),
    ...state.identityProviders.map(({ id, ...provider }) => object("identity provider", id, provider)),
  ];
}

/** An application shows its policies as ids or with all that they say. */
function linksOf(policies: unknown): unknown {
  return Array.isArray(policies)
    ? policies.map((one: unknown) => (typeof one === "object" && one && "id" in one ? one.id : one))
    : policies;
}
