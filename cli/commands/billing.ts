import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";

interface VerdictsFlags {
  readonly evidence: string;
  readonly rule?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

const text = (brief: string, placeholder: string) =>
  ({ kind: "parsed", parse: String, optional: true, brief, placeholder }) as const;

const verdicts = buildCommand<VerdictsFlags, [], Context>({
  func: async function (flags) {
    const { runVerdicts } = await import("../../billing/evidence/verdicts.ts");
    this.process.exitCode = await runVerdicts({
      file: flags.evidence,
      ...(flags.rule === undefined ? {} : { rule: flags.rule }),
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.to === undefined ? {} : { to: flags.to }),
      write: (chunk) => void process.stdout.write(chunk),
    });
  },
  parameters: {
    flags: {
      evidence: { kind: "parsed", parse: String, brief: "evidence as JSON lines", placeholder: "file" },
      rule: text("a rule of billing/rules/; default fleet-2026-11", "name"),
      from: text("judge the hours that begin in [from, to); default: those the evidence touches", "ISO"),
      to: text("with --from", "ISO"),
      json: { kind: "boolean", optional: true, withNegated: false, brief: "an object a line (as always here)" },
    },
  },
  docs: { brief: "Judge evidence alone, without any vendor: one verdict an hour, an object a line" },
});

export const billingRoutes = buildRouteMap({ routes: { verdicts }, docs: { brief: "Evidence, verdicts, money" } });
