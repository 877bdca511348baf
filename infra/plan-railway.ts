/** A tenant on Railway: project → empty service → volume → variables → settings → exactly one deployment; then the tunnel's service (DESIGN 4). */
import { marker } from "../domain/marker.ts";
import type { Tenant } from "../tenants/resolve.ts";
import type { Expression, PlannedResource } from "./planned.ts";
import type { Settings } from "./settings.ts";
import { meaningOf } from "./states.ts";

/** The application's service; its private host name is `app.railway.internal`. Fixed: a service is ours by its name in a marked project. */
export const appServiceName = "app";
/** The port of the application's own front server; it has no default of its own. */
export const appPort = 8000;
/** The only folder of the application that holds what people made. */
export const volumeMountPath = "/app/development/src/static/appdocs";
/** The name in the pair of the basic-auth back-up. */
export const basicAuthUser = "fleet";

const place = { projectId: { ref: "project.projectId" }, environmentId: { ref: "project.environmentId" } } as const;

/** Random values of the tenant, its model key, and everything of the application. Without services only what holds data is left of that. */
export function planApplication(tenant: Tenant, settings: Settings): readonly PlannedResource[] {
  const { uid, app } = tenant;
  const mark = marker(settings.stack, uid);
  const variables = applicationVariables(tenant);
  const { open, services, leaving } = meaningOf(tenant.state);
  const data = { keep: !leaving } as const;
  // The provider deletes data only where it was told so before.
  const mayGo = leaving || !settings.protect ? { allowDelete: true } : {};
  const service: PlannedResource = {
    kind: "railway:Service",
    key: "appService",
    name: `${uid}-app-service`,
    part: "tenant",
    arguments: { ...place, name: appServiceName },
  };
  const before: readonly PlannedResource[] = [
    // Letters and digits only: the pair is written as user:password,user:password.
    {
      kind: "random:Password",
      key: "basicAuth",
      name: `${uid}-basic-auth`,
      part: "tenant",
      arguments: { length: 40, special: false },
    },
    { kind: "random:Bytes", key: "hashKey", name: `${uid}-hash-key`, part: "tenant", arguments: { length: 32 } },
    {
      kind: "openrouter:Key",
      key: "modelKey",
      name: `${uid}-model-key`,
      part: "tenant",
      arguments: {
        name: mark,
        limitDollars: tenant.plan.modelCredit.monthlyLimitDollars,
        limitReset: "monthly",
        ...(!open && { disabled: true }),
      },
    },
    {
      kind: "railway:Project",
      key: "project",
      name: `${uid}-project`,
      part: "tenant",
      ...data,
      arguments: { name: `${settings.stack}-${tenant.slug}`, description: mark, marker: mark, ...mayGo },
    },
    ...(services ? [service] : []),
    {
      kind: "railway:Volume",
      key: "volume",
      name: `${uid}-volume`,
      part: "tenant",
      ...data,
      arguments: {
        ...place,
        ...(services && { serviceId: { ref: "appService.serviceId" } }),
        mountPath: volumeMountPath,
        sizeGB: app.volumeGB,
        region: app.region,
        ...mayGo,
      },
    },
  ];
  if (!services) return before;
  return [
    ...before,
    {
      kind: "railway:VariableCollection",
      key: "appVariables",
      name: `${uid}-app-variables`,
      part: "tenant",
      deletedWith: "appService",
      arguments: { ...place, serviceId: { ref: "appService.serviceId" }, variables },
    },
    {
      kind: "railway:ServiceInstance",
      key: "appInstance",
      name: `${uid}-app-instance`,
      part: "tenant",
      dependsOn: ["volume", "appVariables"],
      arguments: {
        ...place,
        serviceId: { ref: "appService.serviceId" },
        image: app.image,
        region: app.region,
        memoryGB: app.memoryGB,
        vCPUs: app.vCPUs,
        sleep: app.sleep,
        // Answers 200 whether healthy or not, but only once the application is up.
        healthcheckPath: "/health",
        healthcheckTimeoutSeconds: 300,
        restartPolicy: "ON_FAILURE",
        restartPolicyMaxRetries: 10,
        running: open,
        publicAddress: "forbid",
        triggers: {
          configuration: {
            keyedHash: {
              variables,
              written: { ref: "appVariables.revision" },
              volume: { ref: "volume.volumeId" },
              mounted: { ref: "volume.revision" },
              mountPath: volumeMountPath,
            },
            key: { ref: "hashKey.hex" },
          },
        },
      },
    },
    ...(leaving ? [lastBackup(uid, mark)] : []),
  ];
}

/** Made once nothing writes any more. It goes with the volume, so its removal is nobody's work; one that is called off gives it back. */
function lastBackup(uid: string, mark: string): PlannedResource {
  return {
    kind: "railway:VolumeBackup",
    key: "lastBackup",
    name: `${uid}-last-backup`,
    part: "tenant",
    dependsOn: ["appInstance"],
    deletedWith: "volume",
    arguments: { ...place, volumeInstanceId: { ref: "volume.volumeInstanceId" }, name: `${mark} before offboarding` },
  };
}

/** cloudflared as an own service in the tenant's project, outside the reach of tenant-made code. Needs the edge's tunnel. */
export function planTunnelService(tenant: Tenant, settings: Settings): readonly PlannedResource[] {
  const { uid, app } = tenant;
  const { open, services } = meaningOf(tenant.state);
  if (!services) return [];
  // Composed here: the vendor's function for it is asked on every preview and returns it unmarked (specs/cloudflare/INDEX.md).
  const token: Expression = {
    base64Json: { a: settings.accountId, t: { ref: "tunnel.id" }, s: { ref: "tunnelSecret.base64" } },
  };
  return [
    {
      kind: "railway:Service",
      key: "tunnelService",
      name: `${uid}-tunnel-service`,
      part: "tenant",
      arguments: { ...place, name: "tunnel" },
    },
    {
      kind: "railway:VariableCollection",
      key: "tunnelVariables",
      name: `${uid}-tunnel-variables`,
      part: "tenant",
      deletedWith: "tunnelService",
      arguments: { ...place, serviceId: { ref: "tunnelService.serviceId" }, variables: { TUNNEL_TOKEN: token } },
    },
    {
      kind: "railway:ServiceInstance",
      key: "tunnelInstance",
      name: `${uid}-tunnel-instance`,
      part: "tenant",
      dependsOn: ["tunnelVariables", "tunnelConfiguration", "appInstance"],
      arguments: {
        ...place,
        serviceId: { ref: "tunnelService.serviceId" },
        image: settings.tunnelImage,
        // Replaces the image's entry point, so the program itself is named (reference/railway.md 1.3).
        startCommand: "cloudflared tunnel --no-autoupdate run",
        region: app.region,
        memoryGB: 0.5,
        vCPUs: 0.5,
        sleep: false,
        restartPolicy: "ALWAYS",
        running: open,
        publicAddress: "forbid",
        triggers: {
          configuration: {
            keyedHash: { token, written: { ref: "tunnelVariables.revision" } },
            key: { ref: "hashKey.hex" },
          },
        },
      },
    },
  ];
}

/** Everything that the application's environment holds of ours. Tenant-made code reads all of it: no shared key, ever. */
function applicationVariables(tenant: Tenant): Readonly<Record<string, string | Expression>> {
  return {
    ...tenant.app.variables,
    USER_ID: tenant.uid,
    FLEET_TENANT: tenant.uid,
    PORT: String(appPort),
    PRODUCTION: "true",
    TZ: "UTC",
    LOG_LEVEL: "INFO",
    DATA_ROOT: "static/appdocs",
    API_BASE_URL: "http://127.0.0.1:8001",
    BASIC_AUTH_USERS: { join: [`${basicAuthUser}:`, { ref: "basicAuth.result" }] },
    OPENROUTER_API_KEY: { ref: "modelKey.key" },
  };
}
