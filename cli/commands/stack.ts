import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, text, toggle } from "../flags.ts";

export interface StackFlags {
  readonly json?: boolean;
}

export interface UpFlags extends StackFlags {
  readonly yes?: boolean;
  readonly recover?: boolean;
}

export interface DestroyFlags extends StackFlags {
  readonly confirm?: string;
}

const positional = {
  kind: "tuple",
  parameters: [{ brief: "its name: sandbox, test, prod", parse: String, placeholder: "stack" }],
} as const;

export const env = buildCommand<StackFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).env,
  parameters: { flags: { json }, positional },
  docs: {
    brief: "Print what a shell needs so that plain pulumi works on a stack",
    fullDescription: 'Example:\n  eval "$(./fleet env sandbox)" && pulumi preview',
  },
});

export const preview = buildCommand<StackFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).preview,
  parameters: { flags: { json }, positional },
  docs: { brief: "What up would change, per tenant; exit code 3 when there is something" },
});

export const up = buildCommand<UpFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).up,
  parameters: {
    flags: {
      yes: toggle("make the changes (not needed for the sandbox)"),
      recover: toggle("after a killed run: break its lock and settle what was under way first"),
      json,
    },
    positional,
  },
  docs: { brief: "Make the vendors as the tenants' files say" },
});

export const destroy = buildCommand<DestroyFlags, [string], Context>({
  loader: async () => (await import("../stack.ts")).destroy,
  parameters: { flags: { confirm: text("the stack's name again (not needed for the sandbox)", "stack"), json }, positional },
  docs: { brief: "Delete everything that a stack made" },
});
