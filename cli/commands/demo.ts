import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, toggle } from "../flags.ts";

export interface DemoFlags {
  readonly json?: boolean;
  readonly keep?: boolean;
}

export const demo = buildCommand<DemoFlags, [], Context>({
  loader: async () => (await import("../demo.ts")).demo,
  parameters: { flags: { json, keep: toggle("leave the sandbox running and say what to try next") } },
  docs: {
    brief: "The main job, offline: tenants up, a month's end, invoices",
    fullDescription: "Examples:\n  fleet demo\n  fleet demo --keep",
  },
});
