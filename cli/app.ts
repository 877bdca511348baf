/** The command tree. Only names and one-line descriptions are loaded here. */
import { buildApplication, buildRouteMap, text_en, version } from "@stricli/core";
import { exitCode, OperatorError, redact, VendorError } from "../domain/error.ts";
import manifest from "../package.json" with { type: "json" };
import { bench } from "./commands/bench.ts";
import { billingRoutes } from "./commands/billing.ts";
import { complete, completion } from "./commands/completion.ts";
import { demo } from "./commands/demo.ts";
import { doctor } from "./commands/doctor.ts";
import { prRoutes } from "./commands/pr.ts";
import { sandboxRoutes } from "./commands/sandbox.ts";
import { destroy, env, preview, up } from "./commands/stack.ts";
import { tenantRoutes } from "./commands/tenant.ts";
import { test } from "./commands/test.ts";
import { watchRoutes } from "./commands/watch.ts";
import type { Context } from "./context.ts";
import { fileAdvice } from "./file-advice.ts";
import { fittedHelp } from "./help.ts";

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
    completion,
    complete,
  },
  docs: {
    hideRoute: { complete: true },
    brief: "AI-DIY Fleet: one Railway project, one Access application, one invoice per customer",
    fullDescription: [
      "AI-DIY Fleet runs AI-DIY as a paid service: every tenant is one YAML file, a Pulumi program makes it real, a billing program invoices it.",
      "",
      "Begin with:",
      "  ./fleet demo                     the whole of it against emulated vendors",
      "  ./fleet doctor                   which engine and tools are used, and why",
      "  ./fleet tenant check             are all tenant files right?",
      "  ./fleet test                     type check, lint, all tests",
    ].join("\n"),
  },
});

/** The application; `onError` is told of everything that goes wrong, with the words that a person reads. */
export function buildFleet(onError: (error: unknown, told: string) => void = () => undefined) {
  const wrongUse = (told: string) => {
    onError(new OperatorError(told), told);
    return told;
  };
  const text: typeof text_en = {
    ...text_en,
    briefs: { ...text_en.briefs, help: "this text", version: "the version", argumentEscapeSequence: "what follows is no flag" },
    exceptionWhileRunningCommand: (error) => {
      const told = describeError(error);
      onError(error, told);
      return told;
    },
    exceptionWhileParsingArguments(error, ansiColor) {
      return wrongUse(text_en.exceptionWhileParsingArguments.call(text_en, error, ansiColor));
    },
    noCommandRegisteredForInput: (wanted) => wrongUse(text_en.noCommandRegisteredForInput(wanted)),
  };
  const config = {
    name: "fleet",
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: Boolean(process.env.NO_COLOR) || process.env.TERM === "dumb" },
    localization: { text },
    determineExitCode: (error: unknown) => (error instanceof OperatorError ? error.exitCode : exitCode.failed),
  } as const;
  return buildApplication<Context>(rootRoutes, config, {
    help: fittedHelp(text.briefs.help),
    version: version({ brief: text.briefs.version, info: { currentVersion: manifest.version } }),
  });
}

export const app = buildFleet();

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

/** Whether `--json` is among the flags, also as `--json=true` in any of stricli's words for it. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return (end < 0 ? words : words.slice(0, end)).some((word) => /^--json(?:=(?:true|t|yes|y|on|1|))?$/i.test(word));
}
