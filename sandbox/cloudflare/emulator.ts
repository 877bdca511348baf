/** The emulated Cloudflare account: the REST and GraphQL API under `/client/v4`, and what the sandbox's other parts ask of it directly. */
import { Hono } from "hono";
import { z } from "zod";
import type { Emulator, EmulatorContext } from "../emulator.ts";
import { accessLogRoutes } from "./access-log.ts";
import { keyRoutes, organizationRoutes, tagRoutes } from "./account.ts";
import { type Admitted, someoneAdmitted, tunnelHostnames } from "./admitted.ts";
import { answerGraphql, graphqlError } from "./analytics.ts";
import { appRoutes } from "./apps.ts";
import { CloudflareSettings, CloudflareState, type Core, defaultSettings, isoSeconds, makeCore } from "./core.ts";
import { failure, page, problems, Refusal, success } from "./envelope.ts";
import { groupRoutes } from "./groups.ts";
import { identityProviderRoutes } from "./identity-providers.ts";
import { type CloudflareOptions, defaultToken, emptyState, publicState, seeded } from "./initial.ts";
import { policyRoutes } from "./policies.ts";
import { makeRateLimit } from "./rate-limit.ts";
import { serviceTokenRoutes } from "./service-tokens.ts";
import { tunnelOfToken, tunnelRoutes } from "./tunnels.ts";
import { seatRoutes, userRoutes } from "./users.ts";
import { type Visit, type VisitResult, visit } from "./visit.ts";
import { zoneRoutes } from "./zones.ts";

export {
  type CloudflareOptions,
  defaultAccountId,
  defaultTeamDomain,
  defaultToken,
  defaultZoneId,
  defaultZoneName,
} from "./initial.ts";
export type { Visit, VisitOutcome, VisitResult } from "./visit.ts";

export interface CloudflareWorld {
  /** One request of a person or of nobody, by the rules of the edge, without HTTP. */
  visit(visit: Visit): VisitResult;
  /** A cloudflared runs for this tunnel from now on; `hint` comes back with everything that goes through it. False when there is no such tunnel. */
  connectTunnel(tunnelId: string, hint?: string): boolean;
  disconnectTunnel(tunnelId: string): void;
  /** Whether a connector runs. */
  isConnected(tunnelId: string): boolean;
  /** The living tunnel that this TUNNEL_TOKEN may run; undefined for a malformed token or an old secret. */
  tunnelOfToken(token: string): string | undefined;
  /** Somebody whom the policies of this hostname (and path) let in now; spread it into `visit`. Undefined when nobody is. */
  someoneAdmitted(hostname: string, path?: string): Admitted | undefined;
  /** Hostnames whose proxied record leads to a tunnel. */
  hostnames(): string[];
  /** For the edge in this room. */
  readonly core: Core;
}

const Snapshot = z.object({
  state: CloudflareState,
  settings: CloudflareSettings,
  rateLimit: z.object({ since: z.number(), taken: z.number(), blockedUntil: z.number() }),
});
const prefix = "/client/v4";

/** An account with one zone and nothing else in it. Ids are fixed, so that settings files can name them; everything made later has ids from `context.random`. */
export function createCloudflare(context: EmulatorContext, options: CloudflareOptions = {}): Emulator & CloudflareWorld {
  const settings = { ...defaultSettings, ...options.settings };
  const core = makeCore(context, emptyState(options, context.clock.now()), settings);
  const limit = makeRateLimit();
  const api = routes(core, options, limit);
  return {
    vendor: "cloudflare",
    core,
    operation,
    fetch: (request) => api.fetch(request),
    state: () => publicState(core),
    seed: (objects) => {
      core.state = seeded(core, objects);
    },
    reset: () => {
      core.state = emptyState(options, context.clock.now());
      core.settings = { ...settings };
      limit.reset();
    },
    snapshot: () => structuredClone({ state: core.state, settings: core.settings, rateLimit: limit.snapshot() }),
    restore: (raw) => {
      const held = Snapshot.parse(structuredClone(raw));
      core.state = held.state;
      core.settings = held.settings;
      limit.restore(held.rateLimit);
    },
    // Nothing happens here by itself: expiries are judged when they matter.
    nextDue: () => undefined,
    runDue: () => undefined,
    graphqlError,
    settings: () => ({ ...core.settings }),
    configure: (changes) => {
      const whole = CloudflareSettings.safeParse({ ...core.settings, ...changes });
      if (!whole.success) throw new Error(`cloudflare settings: ${problems(whole.error)}`);
      core.settings = whole.data;
    },
    visit: (given) => visit(core, given),
    connectTunnel: (tunnelId, hint) => {
      const tunnel = core.state.tunnels.find((candidate) => candidate.id === tunnelId && candidate.deleted_at === null);
      if (!tunnel) return false;
      const held = core.state.connectors.find((connector) => connector.tunnel_id === tunnelId);
      if (held && held.hint === hint) return true;
      const now = isoSeconds(core.now());
      core.state.connectors = core.state.connectors.filter((connector) => connector !== held);
      core.state.connectors.push({
        tunnel_id: tunnelId,
        client_id: held?.client_id ?? core.uuid(),
        run_at: held?.run_at ?? now,
        ...(hint !== undefined && { hint }),
      });
      if (!held) Object.assign(tunnel, { ran_before: true, conns_active_at: now, conns_inactive_at: null });
      return true;
    },
    disconnectTunnel: (tunnelId) => {
      const running = core.state.connectors.length;
      core.state.connectors = core.state.connectors.filter((connector) => connector.tunnel_id !== tunnelId);
      const tunnel = core.state.tunnels.find((candidate) => candidate.id === tunnelId);
      if (tunnel && core.state.connectors.length < running)
        Object.assign(tunnel, { conns_active_at: null, conns_inactive_at: isoSeconds(core.now()) });
    },
    isConnected: (tunnelId) => core.state.connectors.some((connector) => connector.tunnel_id === tunnelId),
    someoneAdmitted: (hostname, path) => someoneAdmitted(core, hostname, path),
    hostnames: () => tunnelHostnames(core),
    tunnelOfToken: (token) => tunnelOfToken(core, token)?.id,
  };
}

/** What follows one of these is an id, whatever it looks like: seeds bring ids of their own. */
const collections = new Set([
  ...["accounts", "zones", "tags", "apps", "policies", "groups", "identity_providers", "service_tokens", "users", "cfd_tunnel"],
  "dns_records",
]);
const actions = new Set(["usage", "batch"]);
const idPattern = /^(?:[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** `METHOD /client/v4/accounts/:id/access/apps/:id`; for GraphQL the operation's name. */
function operation({ method, path, body }: { readonly method: string; readonly path: string; readonly body: string }): string {
  const [bare = ""] = path.split("?");
  if (bare.endsWith("/graphql")) {
    const name = /"operationName"\s*:\s*"(\w+)"/.exec(body)?.[1] ?? /\b(?:query|mutation)\s+(\w+)/.exec(body)?.[1];
    if (name) return name;
  }
  const segments = bare.split("/");
  const named = segments.map((segment, index) => {
    const member = collections.has(segments[index - 1] ?? "") && segment !== "" && !actions.has(segment);
    return member || idPattern.test(segment) ? ":id" : segment;
  });
  return `${method} ${named.join("/")}`;
}

function routes(core: Core, options: CloudflareOptions, limit: ReturnType<typeof makeRateLimit>): Hono {
  const tokens = options.tokens ?? [defaultToken];
  const api = new Hono().basePath(prefix);
  api.onError((error) => {
    if (error instanceof Refusal) return failure(error);
    throw error;
  });
  api.notFound((context) => failure(new Refusal(404, 7003, `No route for the URI ${context.req.path}`)));
  api.use("*", async (context, next) => {
    limit.take(core);
    const given = context.req.header("authorization");
    if (given === undefined) throw new Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
    const token = /^Bearer ([0-9A-Za-z\-_]{40,80})$/.exec(given)?.[1];
    if (token === undefined) throw new Refusal(400, 6003, "Invalid request headers: invalid format for Authorization header");
    if (!tokens.includes(token)) {
      if (context.req.path.endsWith("/tokens/verify")) throw new Refusal(401, 1000, "Invalid API Token");
      throw new Refusal(403, 10000, "Authentication error");
    }
    await next();
    context.header("x-ratelimit-limit", String(core.settings.requestsPerFiveMinutes));
    context.header("x-ratelimit-remaining", String(limit.remaining(core)));
  });
  api.use("/accounts/:account/*", async (context, next) => {
    const id = context.req.param("account");
    if (!core.state.accounts.some((account) => account.id === id)) {
      if (/^[0-9a-f]{32}$/.test(id)) throw new Refusal(403, 10000, "Authentication error");
      throw new Refusal(404, 7003, `Could not route to ${context.req.path}, perhaps your object identifier is invalid?`);
    }
    await next();
  });
  const verified = () => success({ id: "0c0ffee0c0ffee0c0ffee0c0ffee0c0f", status: "active" });
  api.get("/user/tokens/verify", verified);
  api.get("/accounts", (context) => page(context, core.state.accounts, 20, 50));
  api.get("/accounts/:account", () => success(core.state.accounts[0]));
  api.get("/accounts/:account/tokens/verify", verified);
  const access = "/accounts/:account/access";
  api.route(`${access}/apps`, appRoutes(core));
  api.route(`${access}/policies`, policyRoutes(core));
  api.route(`${access}/groups`, groupRoutes(core));
  api.route(`${access}/identity_providers`, identityProviderRoutes(core));
  api.route(`${access}/service_tokens`, serviceTokenRoutes(core));
  api.route(`${access}/tags`, tagRoutes(core));
  api.route(`${access}/keys`, keyRoutes(core));
  api.route(`${access}/organizations`, organizationRoutes(core));
  api.route(`${access}/users`, userRoutes(core));
  api.route(`${access}/seats`, seatRoutes(core));
  api.route(`${access}/logs/access_requests`, accessLogRoutes(core));
  api.route("/accounts/:account/cfd_tunnel", tunnelRoutes(core));
  api.route("/zones", zoneRoutes(core));
  api.post("/graphql", async (context) => {
    const text = await context.req.text();
    try {
      return await answerGraphql(core, JSON.parse(text));
    } catch {
      return graphqlError("the body is not JSON");
    }
  });
  return api;
}
