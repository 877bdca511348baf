/** An application's document: what is sent becomes what is kept, with defaults filled in and the ways to write its addresses in step. */
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { invalid, problems, Refusal } from "./envelope.ts";
import { type App, type AppPolicy, Destination, Duration } from "./objects.ts";
import { PolicyBody, refuseUnknownReferences } from "./policies.ts";

const appTypes = [
  "self_hosted",
  "saas",
  "ssh",
  "vnc",
  "app_launcher",
  "warp",
  "biso",
  "bookmark",
  "dash_sso",
  "infrastructure",
  "rdp",
  "mcp",
  "mcp_portal",
  "proxy_endpoint",
] as const;
const flag = (otherwise: boolean) => z.boolean().default(otherwise);
const AppBody = z.looseObject({
  type: z.enum(appTypes),
  name: z.string().max(350).optional(),
  domain: z.string().min(1).optional(),
  destinations: z.array(Destination).optional(),
  self_hosted_domains: z.array(z.string()).optional(),
  allowed_idps: z.array(z.string()).default([]),
  tags: z.array(z.string()).default([]),
  session_duration: Duration.default("24h"),
  app_launcher_visible: flag(true),
  http_only_cookie_attribute: flag(true),
  auto_redirect_to_identity: flag(false),
  enable_binding_cookie: flag(false),
  options_preflight_bypass: flag(false),
  path_cookie_attribute: flag(false),
});
const PolicyLink = z.union([
  z.string().transform((id) => ({ id })),
  z.strictObject({ id: z.string(), precedence: z.number().int().min(1).optional() }),
]);
const InlinePolicy = z.looseObject({
  ...PolicyBody.shape,
  id: z.string().optional(),
  precedence: z.number().int().min(1).optional(),
});

/** The document to keep for a body; `before` gives what a PUT does not change (id, aud, and the policies where it does not name them). */
export function appDocument(
  core: Core,
  raw: unknown,
  before: Pick<App, "id" | "aud" | "policies"> & Record<string, unknown>,
): App {
  const parsed = AppBody.safeParse(raw);
  if (!parsed.success) throw invalid(problems(parsed.error));
  const { policies: _, ...body } = parsed.data;
  const addresses =
    body.type === "self_hosted" ? addressesOf(core, body) : { domain: body.domain, destinations: body.destinations ?? [] };
  refuseUnknown(core, body.allowed_idps, body.tags);
  if (body.auto_redirect_to_identity && body.allowed_idps.length !== 1)
    throw invalid("auto_redirect_to_identity: needs exactly one of allowed_idps");
  if (body.options_preflight_bypass && body.cors_headers !== undefined)
    throw invalid("options_preflight_bypass: cannot be on while cors_headers is set");
  if (core.settings.duplicateAppDomain === "refuse") {
    const taken = core.state.apps.some((app) => app.id !== before.id && app.domain === addresses.domain);
    if (taken) throw new Refusal(409, 11010, "access.api.error.application_already_exists");
  }
  const now = isoSeconds(core.now());
  return {
    ...body,
    ...addresses,
    tags: body.tags.toSorted(),
    policies: policiesOf(core, policiesField(raw), before.policies),
    id: before.id,
    uid: before.id,
    aud: before.aud,
    domain_type: "public",
    created_at: before.created_at ?? now,
    updated_at: now,
  };
}

/** `domain`, `destinations` and the old `self_hosted_domains` say the same; destinations win, a domain alone replaces all. */
function addressesOf(core: Core, body: z.infer<typeof AppBody>) {
  const given = body.destinations?.length
    ? body.destinations
    : (body.domain === undefined ? (body.self_hosted_domains ?? []) : [body.domain]).map((uri) => ({ type: "public", uri }));
  const uris = given.flatMap((destination) => (destination.type === "public" && destination.uri ? [destination.uri] : []));
  const domain = body.domain ?? uris[0];
  const wrong: string[] = [];
  if (domain === undefined) wrong.push("domain: needed for self_hosted");
  else if (!uris.includes(domain)) wrong.push(`destinations: do not hold the domain ${domain}`);
  if (uris.length > 5) wrong.push("destinations: at most 5 domains per application");
  for (const uri of uris) {
    const [host = ""] = uri.split("/");
    if (uri.length > 63) wrong.push(`${uri}: longer than 63 characters`);
    if (/[?#:]/.test(uri)) wrong.push(`${uri}: ports, query strings and # do not work in application paths`);
    if (!core.state.zones.some((zone) => host === zone.name || host.endsWith(`.${zone.name}`)))
      wrong.push(`${uri}: the domain belongs to no zone of the account`);
  }
  if (wrong.length > 0) throw invalid(wrong.join("; "));
  return { domain, destinations: given, self_hosted_domains: uris };
}

/** null or absent keeps what is attached (tracker 5817), an empty list detaches all. */
function policiesOf(core: Core, given: unknown, before: readonly AppPolicy[]): AppPolicy[] {
  if (given === undefined || given === null) return [...before];
  if (!Array.isArray(given)) throw invalid("policies: not a list");
  const policies = given.map((raw: unknown, index): AppPolicy => {
    const link = PolicyLink.safeParse(raw);
    if (link.success) {
      const { id } = link.data;
      if (!core.state.policies.some((policy) => policy.id === id)) throw invalid(`policies.${index}: no policy ${id}`);
      return { id, precedence: ("precedence" in link.data ? link.data.precedence : undefined) ?? index + 1 };
    }
    const inline = InlinePolicy.safeParse(raw);
    if (!inline.success) throw invalid(`policies.${index}: ${problems(inline.error)}`);
    refuseUnknownReferences(core, [...inline.data.include, ...inline.data.require, ...inline.data.exclude]);
    const kept = before.find((policy) => policy.id === inline.data.id && "include" in policy);
    return { ...inline.data, id: kept?.id ?? core.uuid(), precedence: inline.data.precedence ?? index + 1, reusable: false };
  });
  const places = policies.map((policy) => policy.precedence);
  if (new Set(places).size !== places.length) throw invalid("policies: precedence is unique within an application");
  return policies;
}

function policiesField(raw: unknown): unknown {
  return raw !== null && typeof raw === "object" && "policies" in raw ? raw.policies : undefined;
}

function refuseUnknown(core: Core, providers: readonly string[], tags: readonly string[]): void {
  if (core.settings.unknownReferences === "accept") return;
  const wrong = [
    ...providers
      .filter((id) => !core.state.identityProviders.some((held) => held.id === id))
      .map((id) => `no identity provider ${id}`),
    ...tags.filter((name) => !core.state.tags.some((tag) => tag.name === name)).map((name) => `no tag ${name}`),
  ];
  if (wrong.length > 0) throw invalid(wrong.join("; "));
}
