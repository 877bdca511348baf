import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, number, text, toggle } from "../flags.ts";
import { stacks } from "../proposals.ts";

export interface ReportFlags {
  readonly base: string;
  readonly stack?: string;
  readonly preview?: string;
  readonly filesOnly?: boolean;
  readonly hours?: number;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

const report = buildCommand<ReportFlags, [], Context>({
  loader: async () => (await import("../pr.ts")).report,
  parameters: {
    flags: {
      base: {
        kind: "parsed",
        parse: String,
        brief: "the branch or commit that the pull request goes to",
        placeholder: "ref",
      },
      stack: text("only this stack; default: all that have tenants", "name", stacks),
      preview: text("a preview made earlier (pulumi preview --json), instead of making one; with --stack", "file"),
      filesOnly: toggle("make no preview, even where the secrets for it are at hand"),
      hours: number("hours with activity a tenant and month that the expected cost is reckoned with; default 20"),
      markdown: toggle("the comment, as Markdown on stdout (the default)"),
      json,
    },
  },
  docs: {
    brief: "What a pull request changes, per tenant: people, money, resources, guards",
    fullDescription: [
      "Compares tenants/ and the stacks' settings of the work tree with the commit at which the branch left --base.",
      "Where the stack's secrets are at hand (or its sandbox runs) the engine's preview is in it; without them it is made from the files alone, and says so.",
      "Exit codes: 0 no changes, 3 changes, 5 a guard refuses, 2 the files are not right, 1 the preview failed.",
      "",
      "Examples:",
      "  fleet pr report --base origin/main",
      "  fleet pr report --base origin/main --stack prod --json",
    ].join("\n"),
  },
});

export const prRoutes = buildRouteMap({
  routes: { report },
  docs: { brief: "What a pull request changes" },
});
