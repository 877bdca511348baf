import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";
import { json } from "../flags.ts";

export interface StackFlags {
  readonly stack: string;
  readonly json?: boolean;
}

export interface NewFlags extends StackFlags {
  readonly name: string;
  readonly email: string;
  readonly plan: string;
}

const stack = {
  kind: "parsed",
  parse: String,
  default: "prod",
  brief: "the stack: a folder of tenants/",
  placeholder: "name",
} as const;
const slug = {
  kind: "tuple",
  parameters: [{ brief: "the tenant: file name = slug = hostname label", parse: String, placeholder: "slug" }],
} as const;

const create = buildCommand<NewFlags, [string], Context>({
  loader: async () => (await import("../tenant.ts")).create,
  parameters: {
    flags: {
      stack,
      json,
      name: { kind: "parsed", parse: String, brief: "organisation or pseudonym, never a person", placeholder: "text" },
      email: {
        kind: "parsed",
        parse: String,
        brief: "the first member; sealed at once, never written in the clear",
        placeholder: "address",
      },
      plan: {
        kind: "parsed",
        parse: String,
        default: "standard-2026-01",
        brief: "price plan of tenants/plans/",
        placeholder: "name",
      },
    },
    positional: slug,
  },
  docs: {
    brief: "Write the file of a new tenant (no vendor key needed)",
    fullDescription: 'Example:\n  fleet tenant new acme --name "Acme Robotics" --email ada@acme.example',
  },
});

const check = buildCommand<{ stack?: string; json?: boolean }, [], Context>({
  loader: async () => (await import("../tenant.ts")).check,
  parameters: {
    flags: { stack: { ...stack, default: undefined, optional: true, brief: "only this stack; default: all" }, json },
  },
  docs: { brief: "Check all tenant files; reports every problem with file and line" },
});

const list = buildCommand<StackFlags, [], Context>({
  loader: async () => (await import("../tenant.ts")).list,
  parameters: { flags: { stack, json } },
  docs: { brief: "List a stack's tenants" },
});

const show = buildCommand<StackFlags, [string], Context>({
  loader: async () => (await import("../tenant.ts")).show,
  parameters: { flags: { stack, json }, positional: slug },
  docs: { brief: "Show one tenant; addresses masked, or sealed where the identity is not at hand" },
});

const keygen = buildCommand<StackFlags, [], Context>({
  loader: async () => (await import("../tenant.ts")).keygen,
  parameters: { flags: { stack, json } },
  docs: {
    brief: "Make a stack's key pair: writes recipient.txt and prints the identity once",
    fullDescription:
      "The identity goes to stdout, once, and nowhere else: put it into the secret store as FLEET_AGE_IDENTITY. A recipient that exists is never overwritten.\n\nExample:\n  fleet tenant keygen --stack test",
  },
});

export const tenantRoutes = buildRouteMap({
  routes: { new: create, check, list, show, keygen },
  docs: { brief: "Write and check tenant files" },
});
