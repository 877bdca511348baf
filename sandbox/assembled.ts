/** The four vendors as one world: a connector runs where a container holds a tunnel's token, a request that leaves it finds its service by the private
 *  name, and what runs there calls models with the key that was deployed to it. */
import { applicationAnswer } from "./application.ts";
import { createEdge, type OriginRequest } from "./cloudflare/edge.ts";
import { createCloudflare } from "./cloudflare/emulator.ts";
import type { Emulator, EmulatorContext } from "./emulator.ts";
import { createOpenRouter } from "./openrouter/emulator.ts";
import { type Container, createRailway, type Met } from "./railway/railway.ts";
import { createStripe } from "./stripe/stripe.ts";
import { Traffic, type Visit } from "./traffic.ts";
import type { World } from "./world.ts";

/** A sprint's model calls in a minute, and what one costs in millionths of a dollar: a busy team of personas on a middling model. */
const sprintCalls = 3;
const callCostMicros = 9_000n;

export function assembleWorld(context: EmulatorContext): World {
  const railway = createRailway(context);
  const cloudflare = createCloudflare(context);
  const stripe = createStripe(context);
  const openrouter = createOpenRouter(context);
  /** Tunnels whose connector runs in a container of Railway's; others were connected by somebody else and stay. */
  let joined: string[] = [];

  const joinConnectors = () => {
    const running = new Map<string, string>();
    for (const container of railway.containers()) {
      const token = container.variables.TUNNEL_TOKEN;
      const tunnelId = token === undefined ? undefined : cloudflare.tunnelOfToken(token);
      if (tunnelId !== undefined) running.set(tunnelId, hintOf(container));
    }
    for (const tunnelId of joined) if (!running.has(tunnelId)) cloudflare.disconnectTunnel(tunnelId);
    for (const [tunnelId, hint] of running) cloudflare.connectTunnel(tunnelId, hint);
    joined = [...running.keys()];
  };

  /** The container that a request from a connector reaches, and how; undefined where the name leads nowhere. */
  const reach = (serviceUrl: string, hint: string | undefined, atMs: number): { met: Met; container: Container | undefined } => {
    const nowhere = { met: { status: "refused", firstByteAt: undefined } as const, container: undefined };
    const [projectId, environmentId] = hint?.split("/") ?? [];
    if (projectId === undefined || environmentId === undefined) return nowhere;
    const serviceId = railway.resolvePrivate(projectId, environmentId, new URL(serviceUrl).host);
    if (serviceId === undefined) return nowhere;
    const met = railway.traffic(serviceId, environmentId, atMs);
    return { met, container: railway.container(serviceId, environmentId, atMs) };
  };

  const playVisit = (visit: Visit): string => {
    const { hostname, path, email, atMs } = visit;
    const person = email === undefined ? cloudflare.someoneAdmitted(hostname, path) : { email };
    const way = cloudflare.visit({ hostname, path, atMs, ...person });
    if (way.outcome !== "origin" || way.serviceUrl === undefined) return way.outcome;
    const { met, container } = reach(way.serviceUrl, way.connectorHint, atMs);
    if (met.status === "refused") return "refused by origin";
    const key = container?.variables.OPENROUTER_API_KEY;
    if (visit.sprint && key !== undefined) openrouter.recordCalls(key, atMs, sprintCalls, callCostMicros * BigInt(sprintCalls));
    // What a sprint makes lies on the volume: whether it is still there after a change is seen by it.
    const at = new Date(atMs).toISOString();
    if (visit.sprint && container)
      railway.write(container.serviceId, container.environmentId, `sprints/${at.slice(0, 10)}.md`, `Worked until ${at}`);
    return "origin";
  };

  const edge = createEdge(cloudflare, {
    origin({ projectHint, serviceUrl, request, atMs }: OriginRequest) {
      const { met, container } = reach(serviceUrl, projectHint, atMs);
      if (met.status === "refused" || !container)
        return new Response("Bad gateway: the origin refused the connection", { status: 502 });
      return applicationAnswer(request, container.variables);
    },
  });

  // Whether a tunnel is in use decides what Cloudflare answers (a tunnel with a connector cannot be deleted).
  const joinedCloudflare: Emulator = {
    ...cloudflare,
    fetch(request) {
      joinConnectors();
      return cloudflare.fetch(request);
    },
    state() {
      joinConnectors();
      return cloudflare.state();
    },
  };
  const traffic = new Traffic(context.clock, () => cloudflare.hostnames(), playVisit, joinConnectors);
  const emulators = { railway, cloudflare: joinedCloudflare, stripe, openrouter };
  return {
    emulators,
    traffic,
    edge(request) {
      joinConnectors();
      return edge.fetch(request);
    },
    completeSetup({ session, customer, paymentMethod }) {
      const whose = session ?? customer;
      if (typeof whose !== "string") throw new Error('say whose set-up: {"session": "cs_…"} or {"customer": "cus_…"}');
      return stripe.completeSetup(whose, typeof paymentMethod === "string" ? { paymentMethod } : {});
    },
    snapshot: () => ({
      ...Object.fromEntries(Object.entries(emulators).map(([vendor, emulator]) => [vendor, emulator.snapshot()])),
      traffic: traffic.snapshot(),
      joined,
    }),
    restore(snapshot) {
      const saved = snapshot as Record<string, unknown>;
      for (const [vendor, emulator] of Object.entries(emulators)) emulator.restore(saved[vendor]);
      traffic.restore(saved.traffic as Parameters<Traffic["restore"]>[0]);
      joined = saved.joined as string[];
    },
  };
}

function hintOf({ projectId, environmentId }: Container): string {
  return `${projectId}/${environmentId}`;
}
