import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, stackWord, text, toggle } from "../flags.ts";
import { slugs, stacks } from "../proposals.ts";

export interface StackFlags {
  readonly json?: boolean;
}

export interface ChangeFlags extends StackFlags {
  readonly allowDelete?: readonly string[];
  readonly allowEmpty?: readonly string[];
}

export interface UpFlags extends ChangeFlags {
  readonly yes?: boolean;
  readonly recover?: boolean;
}

export interface DestroyFlags extends StackFlags {
  readonly confirm?: string;
}

export const env = buildCommand<StackFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).env,
  parameters: { flags: { json }, positional: stackWord },
  docs: {
    brief: "Print what a shell needs so that plain pulumi works on a stack",
    fullDescription: 'Example:\n  eval "$(./fleet env sandbox)" && pulumi preview',
  },
});

const allowDelete = {
  kind: "parsed",
  parse: String,
  optional: true,
  variadic: true,
  brief: "may go with all its data, if that is not protected",
  placeholder: "slug",
  proposeCompletions: slugs,
} as const;

const allowEmpty = {
  ...allowDelete,
  brief: "its volume is gone; it may begin with an empty one",
} as const;

export const preview = buildCommand<ChangeFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).preview,
  parameters: { flags: { allowDelete, allowEmpty, json }, positional: stackWord },
  docs: {
    brief: "What up would change, per tenant; exit code 3 when there is something",
    fullDescription: "Example:\n  fleet preview sandbox",
  },
});

export const up = buildCommand<UpFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).up,
  parameters: {
    flags: {
      yes: toggle("make the changes (not needed for the sandbox)"),
      recover: toggle("first break a killed run's lock and settle its work"),
      allowDelete,
      allowEmpty,
      json,
    },
    positional: stackWord,
  },
  docs: {
    brief: "Make the vendors as the tenants' files say",
    fullDescription: [
      "Run again after whatever went wrong, it goes on where it stopped. It breaks",
      "a killed run's lock: that of a dead process of this machine and, where CI=true,",
      "any older one of another machine. So a CI job needs a concurrency group for",
      "each stack.",
      "",
      "Example:",
      "  fleet up prod --yes",
    ].join("\n"),
  },
});

export const destroy = buildCommand<DestroyFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).destroy,
  parameters: {
    flags: { confirm: text("the stack's name again (not needed for the sandbox)", "stack", stacks), json },
    positional: stackWord,
  },
  docs: {
    brief: "Delete everything that a stack made",
    fullDescription: "Examples:\n  fleet destroy sandbox\n  fleet destroy test --confirm test",
  },
});
