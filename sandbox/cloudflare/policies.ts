/** Reusable policies: `A/access/policies` (reference: cloudflare 6.1, 6.3 items 1, 4, 5). */
import { Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { invalid, notFound, page, readBody, success } from "./envelope.ts";
import { Decision, Duration, type Policy, Rule } from "./objects.ts";

const rules = z.array(Rule).max(1_000);
/** A policy as it is sent. A field that is missing falls back to its default: PUT is the full document. */
export const PolicyBody = z.looseObject({
  name: z.string().min(1).max(350),
  decision: Decision,
  include: rules.min(1, "at least one rule"),
  require: rules.nullish().transform((given) => given ?? []),
  exclude: rules.nullish().transform((given) => given ?? []),
  session_duration: Duration.default("24h"),
});

export function policyRoutes(core: Core): Hono {
  const routes = new Hono();
  routes.get("/", (context) =>
    page(
      context,
      core.state.policies.map((policy) => shown(core, policy)),
      1_000,
      1_000,
    ),
  );
  routes.post("/", async (context) => {
    const body = await readBody(context, PolicyBody);
    if (core.state.policies.length >= 500) throw invalid("at most 500 reusable policies per account");
    refuseUnknownReferences(core, [...body.include, ...body.require, ...body.exclude]);
    const id = core.uuid();
    const now = isoSeconds(core.now());
    const policy: Policy = { ...body, id, uid: id, reusable: true, created_at: now, updated_at: now };
    core.state.policies.push(policy);
    return success(shown(core, policy), 201);
  });
  routes.get("/:id", (context) => success(shown(core, find(core, context.req.param("id")))));
  routes.put("/:id", async (context) => {
    const before = find(core, context.req.param("id"));
    const body = await readBody(context, PolicyBody);
    refuseUnknownReferences(core, [...body.include, ...body.require, ...body.exclude]);
    const { id, created_at } = before;
    const after: Policy = { ...body, id, uid: id, reusable: true, created_at, updated_at: isoSeconds(core.now()) };
    core.state.policies[core.state.policies.indexOf(before)] = after;
    return success(shown(core, after));
  });
  routes.delete("/:id", (context) => {
    const policy = find(core, context.req.param("id"));
    if (appCount(core, policy.id) > 0) {
      if (core.settings.deleteAttachedPolicy === "refuse") throw invalid("policy is in use by an application; detach it first");
      for (const app of core.state.apps) app.policies = app.policies.filter((held) => held.id !== policy.id);
    }
    core.state.policies = core.state.policies.filter((other) => other !== policy);
    return success({ id: policy.id }, 202);
  });
  return routes;
}

/** Rules that point at nothing are refused, as the real API checks them against the account. */
export function refuseUnknownReferences(core: Core, given: readonly Rule[]): void {
  if (core.settings.unknownReferences === "accept") return;
  const known = (list: readonly { id: string }[], id: unknown) => list.some((object) => object.id === id);
  const problems = given.flatMap((rule) =>
    Object.entries(rule).flatMap(([selector, value]) => {
      if (selector === "group" && !known(core.state.groups, value.id)) return [`no group ${String(value.id)}`];
      if (selector === "login_method" && !known(core.state.identityProviders, value.id))
        return [`no identity provider ${String(value.id)}`];
      if (selector === "service_token" && !known(core.state.serviceTokens, value.token_id))
        return [`no service token ${String(value.token_id)}`];
      const provider = value.identity_provider_id;
      if (provider !== undefined && !known(core.state.identityProviders, provider))
        return [`${selector}: no identity provider ${String(provider)}`];
      return [];
    }),
  );
  if (problems.length > 0) throw invalid(problems.join("; "));
}

function find(core: Core, id: string): Policy {
  const policy = core.state.policies.find((candidate) => candidate.id === id);
  if (!policy) throw notFound();
  return policy;
}

function appCount(core: Core, id: string): number {
  return core.state.apps.filter((app) => app.policies.some((held) => held.id === id)).length;
}

function shown(core: Core, policy: Policy): Record<string, unknown> {
  return { ...policy, app_count: appCount(core, policy.id) };
}
