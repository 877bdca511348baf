/** Zones and their settings: `/zones`, `Z/settings`. */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { dnsRoutes } from "./dns.ts";
import { page, Refusal, readBody, success } from "./envelope.ts";
import type { Zone, ZoneSetting } from "./objects.ts";

const onOff = ["on", "off"];
/** Settings that the emulator serves: a new Free zone's value, and what may be written. */
const known: Readonly<Record<string, { value: string; allowed: readonly string[] }>> = {
  ssl: { value: "full", allowed: ["off", "flexible", "full", "strict"] },
  always_use_https: { value: "off", allowed: onOff },
  automatic_https_rewrites: { value: "on", allowed: onOff },
  min_tls_version: { value: "1.0", allowed: ["1.0", "1.1", "1.2", "1.3"] },
  tls_1_3: { value: "on", allowed: ["on", "off", "zrt"] },
  opportunistic_encryption: { value: "on", allowed: onOff },
  websockets: { value: "on", allowed: onOff },
  http3: { value: "on", allowed: onOff },
  brotli: { value: "on", allowed: onOff },
  security_level: { value: "medium", allowed: ["off", "essentially_off", "low", "medium", "high", "under_attack"] },
};

export function zoneRoutes(core: Core): Hono {
  const routes = new Hono();
  const zoneOf = (context: Context): Zone => {
    const zone = core.state.zones.find((candidate) => candidate.id === context.req.param("zone"));
    if (zone) return zone;
    // A well-formed id of nobody's zone is an authorisation matter; 404 would tell a provider that the object is gone.
    if (/^[0-9a-f]{32}$/.test(context.req.param("zone") ?? "")) throw new Refusal(403, 10000, "Authentication error");
    throw new Refusal(404, 7003, `Could not route to ${context.req.path}, perhaps your object identifier is invalid?`);
  };
  routes.get("/", (context) => {
    const name = context.req.query("name");
    return page(
      context,
      core.state.zones.filter((zone) => name === undefined || zone.name === name),
      20,
      50,
    );
  });
  routes.get("/:zone", (context) => success(zoneOf(context)));
  routes.get("/:zone/settings", (context) => {
    const zone = zoneOf(context);
    return success(Object.keys(known).map((id) => read(core, zone, id)));
  });
  routes.get("/:zone/settings/:setting", (context) => success(read(core, zoneOf(context), context.req.param("setting"))));
  routes.patch("/:zone/settings/:setting", async (context) => {
    const zone = zoneOf(context);
    const id = context.req.param("setting");
    const { value } = await readBody(context, z.looseObject({ value: z.unknown() }));
    const setting = known[id];
    if (!setting) throw unrecognised();
    if (typeof value !== "string" || !setting.allowed.includes(value))
      throw new Refusal(400, 1007, `Invalid value for zone setting ${id}`);
    const written: ZoneSetting = { zone_id: zone.id, id, value, editable: true, modified_on: isoSeconds(core.now()) };
    core.state.zoneSettings = [...core.state.zoneSettings.filter((held) => held.zone_id !== zone.id || held.id !== id), written];
    return success(read(core, zone, id));
  });
  routes.route("/:zone/dns_records", dnsRoutes(core, zoneOf));
  return routes;
}

function unrecognised(): Refusal {
  return new Refusal(400, 1006, "Unrecognized zone setting name");
}

function read(core: Core, zone: Zone, id: string): Record<string, unknown> {
  const held = core.state.zoneSettings.find((setting) => setting.zone_id === zone.id && setting.id === id);
  const otherwise = known[id];
  if (!held && !otherwise) throw unrecognised();
  const { zone_id: _, ...setting } = held ?? { zone_id: zone.id, id, value: otherwise?.value, editable: true, modified_on: null };
  return setting;
}
