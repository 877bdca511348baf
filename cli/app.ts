/** The command tree. Only names and one-line descriptions are loaded here. */
import { buildApplication, buildRouteMap, text_en } from "@stricli/core";
import { exitCode, OperatorError, redact, VendorError } from "../domain/error.ts";
import { bench } from "./commands/bench.ts";
import { billingRoutes } from "./commands/billing.ts";
import { demo } from "./commands/demo.ts";
import { doctor } from "./commands/doctor.ts";
import { sandboxRoutes } from "./commands/sandbox.ts";
import { destroy, env, preview, up } from "./commands/stack.ts";
import { tenantRoutes } from "./commands/tenant.ts";
import { test } from "./commands/test.ts";

const rootRoutes = buildRouteMap({
  routes: {
    demo,
    test,
    doctor,
    tenant: tenantRoutes,
    env,
    preview,
    up,
    destroy,
    billing: billingRoutes,
    sandbox: sandboxRoutes,
    bench,
  },
  docs: {
    brief: "AI-DIY Fleet: one Railway project, one Access application, one invoice per customer",
    fullDescription: [
      "AI-DIY Fleet runs AI-DIY as a paid service: every tenant is one YAML file, a Pulumi program makes it real, a billing program invoices it.",
      "",
      "Begin with:",
      "  ./fleet demo                     the whole of it against emulated vendors, in under a minute",
      "  ./fleet doctor                   which engine and tools are used, and why",
      "  ./fleet tenant check             are all tenant files right?",
      "  ./fleet test                     type check, lint, all tests",
    ].join("\n"),
  },
});

export const app = buildApplication(rootRoutes, {
  name: "fleet",
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  documentation: { disableAnsiColor: process.env.NO_COLOR !== undefined },
  localization: { text: { ...text_en, exceptionWhileRunningCommand: (error) => describeError(error) } },
  determineExitCode: (error) => (error instanceof OperatorError ? error.exitCode : exitCode.failed),
});

/** An operator's mistake and a vendor's refusal without a stack, our own bug with it; no secret in any of them. */
export function describeError(error: unknown): string {
  if (error instanceof OperatorError || error instanceof VendorError) return redact(error.message);
  return redact(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
