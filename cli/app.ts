/** The command tree. Only names and one-line descriptions are loaded here. */
import { buildApplication, buildRouteMap, text_en } from "@stricli/core";
import { exitCode, OperatorError, redact, VendorError } from "../domain/error.ts";
import manifest from "../package.json" with { type: "json" };
import { bench } from "./commands/bench.ts";
import { billingRoutes } from "./commands/billing.ts";
import { demo } from "./commands/demo.ts";
import { doctor } from "./commands/doctor.ts";
import { prRoutes } from "./commands/pr.ts";
import { sandboxRoutes } from "./commands/sandbox.ts";
import { destroy, env, preview, up } from "./commands/stack.ts";
import { tenantRoutes } from "./commands/tenant.ts";
import { test } from "./commands/test.ts";
import { watchRoutes } from "./commands/watch.ts";
import { fileAdvice } from "./file-advice.ts";

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
    pr: prRoutes,
    billing: billingRoutes,
    watch: watchRoutes,
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
  versionInfo: { currentVersion: manifest.version },
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  documentation: { disableAnsiColor: process.env.NO_COLOR !== undefined },
  localization: { text: { ...text_en, exceptionWhileRunningCommand: (error) => describeError(error) } },
  determineExitCode: (error) => (error instanceof OperatorError ? error.exitCode : exitCode.failed),
});

/** An operator's mistake, a vendor's refusal and a file system's without a stack, our own bug with it; no secret in any of them. */
export function describeError(error: unknown): string {
  if (error instanceof OperatorError || error instanceof VendorError) return redact(error.message);
  if (!(error instanceof Error)) return redact(String(error));
  const advice = "code" in error && "syscall" in error ? fileAdvice(error.code) : undefined;
  return redact(advice === undefined ? (error.stack ?? error.message) : `${error.message}; ${advice}, then run this again`);
}

/** The part of a command line that names a command: `fleet tenant new` of `tenant new acme --nam x`. */
export function commandOf(words: readonly string[]): string {
  const known = ["fleet"];
  let here: ReturnType<typeof rootRoutes.getRoutingTargetForInput> = rootRoutes;
  for (const word of words) {
    if (here === undefined || !("getRoutingTargetForInput" in here)) break;
    here = here.getRoutingTargetForInput(word);
    if (here !== undefined) known.push(word);
  }
  return known.join(" ");
}
