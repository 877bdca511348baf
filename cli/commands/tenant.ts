import { buildCommand, buildRouteMap, numberParser } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, text } from "../flags.ts";
import { among, plans, slugs, stacks } from "../proposals.ts";

export interface StackFlags {
  readonly stack: string;
  readonly json?: boolean;
}

export interface NewFlags extends StackFlags {
  readonly name: string;
  readonly email: string;
  readonly plan: string;
}

export interface EditFlags extends StackFlags {
  readonly name?: string;
  readonly plan?: string;
  readonly session?: string;
  readonly addEmail?: readonly string[];
  readonly addDomain?: readonly string[];
  readonly addGithub?: readonly string[];
  readonly addGoogleGroup?: readonly string[];
  readonly removeEmail?: readonly string[];
  readonly removeDomain?: readonly string[];
  readonly removeGithub?: readonly string[];
  readonly removeGoogleGroup?: readonly string[];
  readonly remove?: readonly number[];
}

export interface ResealFlags extends StackFlags {
  readonly recipient?: string;
}

const stack = {
  kind: "parsed",
  parse: String,
  default: "prod",
  brief: "the stack: a folder of tenants/",
  placeholder: "name",
  proposeCompletions: stacks,
} as const;
const slug = {
  kind: "tuple",
  parameters: [
    { brief: "the tenant: file name = slug = hostname label", parse: String, placeholder: "slug", proposeCompletions: slugs },
  ],
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
        proposeCompletions: plans,
      },
    },
    positional: { kind: "tuple", parameters: [{ ...slug.parameters[0], proposeCompletions: among([]) }] },
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
  docs: {
    brief: "Check all tenant files; reports every problem with file and line",
    fullDescription: "Examples:\n  fleet tenant check\n  fleet tenant check --stack prod --json",
  },
});

const list = buildCommand<StackFlags, [], Context>({
  loader: async () => (await import("../tenant.ts")).list,
  parameters: { flags: { stack, json } },
  docs: { brief: "List a stack's tenants", fullDescription: "Example:\n  fleet tenant list --stack sandbox" },
});

const show = buildCommand<StackFlags, [string], Context>({
  loader: async () => (await import("../tenant.ts")).show,
  parameters: { flags: { stack, json }, positional: slug },
  docs: {
    brief: "Show one tenant; addresses masked, or sealed where the identity is not at hand",
    fullDescription: "Example:\n  fleet tenant show acme --stack sandbox",
  },
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

const edit = buildCommand<EditFlags, [string], Context>({
  loader: async () => (await import("../tenant/edit.ts")).edit,
  parameters: {
    flags: {
      stack,
      json,
      addEmail: several("one person more; sealed at once, needs no identity", "address"),
      addDomain: several("everybody of a mail domain", "domain"),
      addGithub: several("everybody of a GitHub organization, or of one team", "organization[/team]"),
      addGoogleGroup: several("a Google Workspace group; sealed at once", "address"),
      removeEmail: several("by the address: needs FLEET_AGE_IDENTITY", "address"),
      removeDomain: several("by the domain", "domain"),
      removeGithub: several("by organization and team, as it was added", "organization[/team]"),
      removeGoogleGroup: several("by the address: needs FLEET_AGE_IDENTITY", "address"),
      remove: {
        kind: "parsed",
        parse: numberParser,
        optional: true,
        variadic: true,
        brief: "by the number that fleet tenant show gives",
        placeholder: "number",
      },
      name: text("another name; nothing else changes with it", "text"),
      plan: text("another price plan of tenants/plans/", "name", plans),
      session: text("how long a log-in lasts: 30m, 1h … 24h", "duration", among(["30m", "1h", "8h", "24h"])),
    },
    positional: slug,
  },
  docs: {
    brief: "Change a tenant's file: members, name, plan, session; comments and layout stay",
    fullDescription:
      "What the file would then say is checked before it is written. A flag for\nmembers can be given several times; all but --remove-email and\n--remove-google-group work without FLEET_AGE_IDENTITY.\n\nExamples:\n  fleet tenant edit acme --add-email grace@acme.example --session 8h\n  fleet tenant edit acme --remove 2",
  },
});

const reseal = buildCommand<ResealFlags, [], Context>({
  loader: async () => (await import("../tenant/reseal.ts")).resealStack,
  parameters: {
    flags: { stack, json, recipient: text("default: a new key pair, its identity on stdout, once", "age1…") },
  },
  docs: {
    brief: "Seal all addresses of a stack to a new recipient",
    fullDescription:
      "All files or none. With the old identity destroyed afterwards, what Git's\nhistory holds cannot be read any more: docs/runbooks/rotate-keys-and-erase.md.\n\nExample:\n  fleet tenant reseal --stack prod",
  },
});

function several(brief: string, placeholder: string) {
  return { kind: "parsed", parse: String, optional: true, variadic: true, brief, placeholder } as const;
}

export const tenantRoutes = buildRouteMap({
  routes: { new: create, edit, check, list, show, keygen, reseal },
  docs: { brief: "Write and check tenant files" },
});
