/** Rule groups: `A/access/groups`. */
import { Hono } from "hono";
import { z } from "zod";
import type { Core } from "./core.ts";
import { isoSeconds } from "./core.ts";
import { invalid, notFound, page, readBody, success } from "./envelope.ts";
import { type Group, Rule } from "./objects.ts";
import { refuseUnknownReferences } from "./policies.ts";

const rules = z.array(Rule).max(1_000);
const GroupBody = z.looseObject({
  name: z.string().min(1).max(350),
  include: rules.min(1, "at least one rule"),
  require: rules.default([]),
  exclude: rules.default([]),
});

export function groupRoutes(core: Core): Hono {
  const routes = new Hono();
  const find = (id: string): Group => {
    const group = core.state.groups.find((candidate) => candidate.id === id);
    if (!group) throw notFound();
    return group;
  };
  const make = async (context: Parameters<typeof readBody>[0], id: string, createdAt: string): Promise<Group> => {
    const { is_default: isDefault, ...body } = await readBody(context, GroupBody);
    refuseUnknownReferences(core, [...body.include, ...body.require, ...body.exclude]);
    // The answer carries a list of rules where the request carries a boolean.
    const defaultRules = isDefault === true ? body.include : [];
    return { ...body, id, uid: id, is_default: defaultRules, created_at: createdAt, updated_at: isoSeconds(core.now()) };
  };
  routes.get("/", (context) => page(context, core.state.groups, 1_000, 1_000));
  routes.post("/", async (context) => {
    if (core.state.groups.length >= 300) throw invalid("at most 300 rule groups per account");
    const group = await make(context, core.uuid(), isoSeconds(core.now()));
    core.state.groups.push(group);
    return success(group, 201);
  });
  routes.get("/:id", (context) => success(find(context.req.param("id"))));
  routes.put("/:id", async (context) => {
    const before = find(context.req.param("id"));
    const after = await make(context, before.id, String(before.created_at));
    core.state.groups[core.state.groups.indexOf(before)] = after;
    return success(after);
  });
  routes.delete("/:id", (context) => {
    const group = find(context.req.param("id"));
    core.state.groups = core.state.groups.filter((other) => other !== group);
    return success({ id: group.id }, 202);
  });
  return routes;
}
