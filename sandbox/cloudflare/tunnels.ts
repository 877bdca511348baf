/** Tunnels: `A/cfd_tunnel` (reference: cloudflare 6.3 items 10, 11). */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { page, problems, Refusal, readBody, success } from "./envelope.ts";
import { IngressRule, type Tunnel, type TunnelConfiguration } from "./objects.ts";

const Secret = z.string().refine((text) => Buffer.from(text, "base64").length >= 32, "base64 of at least 32 bytes");
const TunnelBody = z.looseObject({
  name: z.string().min(1).max(350),
  config_src: z.enum(["local", "cloudflare"]).default("local"),
  tunnel_secret: Secret.optional(),
});
const ConfigurationBody = z.looseObject({
  config: z.looseObject({
    ingress: z.array(IngressRule).optional(),
    "warp-routing": z.record(z.string(), z.unknown()).optional(),
  }),
  source: z.string().default("cloudflare"),
});

export function tunnelRoutes(core: Core): Hono {
  const routes = new Hono();
  routes.get("/", (context) => {
    const { name, is_deleted: deleted, status, uuid } = context.req.query();
    const found = core.state.tunnels
      .map((tunnel) => shown(core, tunnel))
      .filter(
        (tunnel) =>
          (name === undefined || tunnel.name === name) &&
          (uuid === undefined || tunnel.id === uuid) &&
          (status === undefined || tunnel.status === status) &&
          (deleted === undefined || (tunnel.deleted_at !== null) === (deleted === "true")),
      );
    return page(context, found, 100, 1_000);
  });
  routes.post("/", async (context) => {
    const body = await readTunnelBody(context, TunnelBody);
    const living = core.state.tunnels.filter((tunnel) => tunnel.deleted_at === null);
    if (living.length >= 1_000) throw new Refusal(400, 1014, "You have reached the limit of 1000 tunnels");
    if (living.some((tunnel) => tunnel.name === body.name))
      throw new Refusal(409, 1013, "You already have a tunnel with this name.");
    const now = isoSeconds(core.now());
    const tunnel: Tunnel = {
      id: core.uuid(),
      account_tag: core.state.accounts[0]?.id,
      name: body.name,
      config_src: body.config_src,
      remote_config: body.config_src === "cloudflare",
      tun_type: "cfd_tunnel",
      tunnel_secret: body.tunnel_secret ?? Buffer.from(core.bytes(32)).toString("base64"),
      metadata: body.metadata ?? {},
      created_at: now,
      deleted_at: null,
      conns_active_at: null,
      conns_inactive_at: now,
    };
    core.state.tunnels.push(tunnel);
    return success(shown(core, tunnel));
  });
  routes.get("/:id", (context) => success(shown(core, find(core, context))));
  routes.patch("/:id", async (context) => {
    const tunnel = findLiving(core, context);
    const { name, tunnel_secret } = await readTunnelBody(context, TunnelBody.partial());
    const taken = core.state.tunnels.some((other) => other !== tunnel && other.deleted_at === null && other.name === name);
    if (taken) throw new Refusal(409, 1013, "You already have a tunnel with this name.");
    if (name !== undefined) tunnel.name = name;
    if (tunnel_secret !== undefined) tunnel.tunnel_secret = tunnel_secret;
    return success(shown(core, tunnel));
  });
  routes.delete("/:id", (context) => {
    const tunnel = findLiving(core, context);
    const running = core.state.connectors.some((connector) => connector.tunnel_id === tunnel.id);
    if (running && core.settings.deleteConnectedTunnel === "refuse")
      throw new Refusal(400, 1022, "Cannot delete tunnel because it has active connections");
    core.state.connectors = core.state.connectors.filter((connector) => connector.tunnel_id !== tunnel.id);
    tunnel.deleted_at = isoSeconds(core.now());
    return success(shown(core, tunnel));
  });
  routes.get("/:id/token", (context) => success(tunnelToken(core, findLiving(core, context))));
  routes.get("/:id/connections", (context) => {
    const tunnel = find(core, context);
    return success(
      core.state.connectors
        .filter((connector) => connector.tunnel_id === tunnel.id)
        .map((connector) => ({
          id: connector.client_id,
          run_at: connector.run_at,
          version: "2026.8.2",
          arch: "linux_amd64",
          features: [],
          config_version: core.state.tunnelConfigurations.find((held) => held.tunnel_id === tunnel.id)?.version ?? 0,
          conns: connections(connector),
        })),
    );
  });
  routes.delete("/:id/connections", (context) => {
    const tunnel = find(core, context);
    const client = context.req.query("client_id");
    core.state.connectors = core.state.connectors.filter(
      (connector) => connector.tunnel_id !== tunnel.id || (client !== undefined && connector.client_id !== client),
    );
    return success(null);
  });
  routes.get("/:id/configurations", (context) => {
    const tunnel = find(core, context);
    const held = core.state.tunnelConfigurations.find((candidate) => candidate.tunnel_id === tunnel.id);
    const none = { tunnel_id: tunnel.id, version: 0, source: tunnel.config_src, created_at: tunnel.created_at };
    return success({ account_id: core.state.accounts[0]?.id, ...(held ?? none) });
  });
  routes.put("/:id/configurations", async (context) => {
    const tunnel = findLiving(core, context);
    const body = await readTunnelBody(context, ConfigurationBody);
    const index = core.state.tunnelConfigurations.findIndex((held) => held.tunnel_id === tunnel.id);
    const configuration: TunnelConfiguration = {
      tunnel_id: tunnel.id,
      account_id: core.state.accounts[0]?.id,
      version: (core.state.tunnelConfigurations[index]?.version ?? 0) + 1,
      config: { ...body.config, "warp-routing": body.config["warp-routing"] ?? { enabled: false } },
      source: body.source,
      created_at: isoSeconds(core.now()),
    };
    if (index < 0) core.state.tunnelConfigurations.push(configuration);
    else core.state.tunnelConfigurations[index] = configuration;
    return success(configuration);
  });
  return routes;
}

/** What cloudflared runs with: base64 of account, tunnel and secret. */
export function tunnelToken(core: Core, tunnel: Tunnel): string {
  const content = { a: core.state.accounts[0]?.id, t: tunnel.id, s: tunnel.tunnel_secret };
  return Buffer.from(JSON.stringify(content)).toString("base64");
}

const Token = z.object({ a: z.string(), t: z.string(), s: z.string() });
type Token = z.infer<typeof Token>;
/** Read once: every container's token is looked at whenever connectors are joined. */
const readTokens = new Map<string, Token | undefined>();
const tokensKept = 10_000;

/** The living tunnel that this token may run; undefined for a malformed token, another account or an old secret. */
export function tunnelOfToken(core: Core, token: string): Tunnel | undefined {
  if (readTokens.size > tokensKept) readTokens.clear();
  if (!readTokens.has(token)) readTokens.set(token, readToken(token));
  const read = readTokens.get(token);
  if (!read || read.a !== core.state.accounts[0]?.id) return undefined;
  return core.state.tunnels.find(
    ({ id, deleted_at, tunnel_secret }) => id === read.t && deleted_at === null && tunnel_secret === read.s,
  );
}

function readToken(token: string): Token | undefined {
  try {
    return Token.safeParse(JSON.parse(Buffer.from(token, "base64").toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

/** The tunnel as it is read: without its secret, with what its connectors make of its status. */
export function shown(core: Core, { tunnel_secret: _, ...tunnel }: Tunnel) {
  const running = core.state.connectors.filter((connector) => connector.tunnel_id === tunnel.id);
  const status = running.length > 0 ? "healthy" : tunnel.ran_before === true ? "down" : "inactive";
  const { ran_before: __, ...rest } = tunnel;
  return {
    ...rest,
    id: tunnel.id,
    name: tunnel.name,
    deleted_at: tunnel.deleted_at,
    status,
    connections: running.flatMap(connections),
  };
}

function connections(connector: { client_id: string; run_at: string }) {
  return ["01sjc", "02sjc", "03sjc", "04sjc"].map((colo, index) => {
    const id = connector.client_id.replace(/.$/, String(index));
    return {
      id,
      uuid: id,
      client_id: connector.client_id,
      client_version: "2026.8.2",
      colo_name: colo.slice(2),
      is_pending_reconnect: false,
      opened_at: connector.run_at,
      origin_ip: "203.0.113.10",
    };
  });
}

function find(core: Core, context: Context): Tunnel {
  const tunnel = core.state.tunnels.find((candidate) => candidate.id === context.req.param("id"));
  if (!tunnel) throw new Refusal(404, 1003, "Tunnel not found");
  return tunnel;
}

function findLiving(core: Core, context: Context): Tunnel {
  const tunnel = find(core, context);
  if (tunnel.deleted_at !== null) throw new Refusal(404, 1003, "Tunnel not found");
  return tunnel;
}

async function readTunnelBody<Shape extends z.ZodType>(context: Context, shape: Shape): Promise<z.infer<Shape>> {
  const parsed = shape.safeParse(await readBody(context, z.unknown()));
  if (!parsed.success) throw new Refusal(400, 1001, problems(parsed.error));
  return parsed.data;
}
