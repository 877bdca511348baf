/** For tests of the resources: what a program writes, and a provider process of its own against the small Railway. */
import { railwayClient } from "../../../vendors/railway/client.ts";
import type { Call } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import type { FakeRailway } from "./fake-railway.ts";
import { project } from "./project.ts";
import { service } from "./service.ts";

export const call: Call = { signal: new AbortController().signal, log: () => {} };
export const marker = "app:test:0123456789";
export const projectInputs = { name: "test-shop", description: marker, marker };

/** A provider process: it knows nothing of what another made. */
export function newProcess(fake: FakeRailway): RailwayContext {
  return { railway: railwayClient({ token: "railway-token", apiUrl: fake.url, clock: fake.clock }), fresh: new Set() };
}

/** A project with an empty service. */
export async function made(context: RailwayContext) {
  const { state } = await project.create(projectInputs, context, call);
  const place = { projectId: state.projectId, environmentId: state.environmentId };
  const app = await service.create({ ...place, name: "app" }, context, call);
  return { ...place, serviceId: app.state.serviceId };
}

export const instanceInputs = (place: Awaited<ReturnType<typeof made>>) => ({
  ...place,
  image: "app@sha256:1",
  region: "us-west2",
  memoryGB: 1,
  vCPUs: 2,
  sleep: true,
  healthcheckPath: "/health",
  healthcheckTimeoutSeconds: 300,
  restartPolicy: "ON_FAILURE" as const,
  running: true,
  publicAddress: "forbid" as const,
  triggers: { configuration: "1" },
});
