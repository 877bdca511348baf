import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, text, toggle } from "../flags.ts";

interface VerdictsFlags {
  readonly evidence: string;
  readonly rule?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

const verdicts = buildCommand<VerdictsFlags, [], Context>({
  func: async function (flags) {
    const { runVerdicts } = await import("../../billing/evidence/verdicts.ts");
    this.process.exitCode = await runVerdicts({
      file: flags.evidence,
      ...(flags.rule === undefined ? {} : { rule: flags.rule }),
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.to === undefined ? {} : { to: flags.to }),
      // Awaited by the judge, so that a slow reader holds it back instead of filling memory.
      write: (chunk) => new Promise((done) => this.progress.around(() => process.stdout.write(chunk, () => done()))),
    });
  },
  parameters: {
    flags: {
      evidence: { kind: "parsed", parse: String, brief: "evidence as JSON lines", placeholder: "file" },
      rule: text("a rule of billing/rules/; default fleet-2026-11", "name"),
      from: text("judge the hours that begin in [from, to); default: those the evidence touches", "ISO"),
      to: text("with --from", "ISO"),
      json: toggle("an object a line (as always here)"),
    },
  },
  docs: { brief: "Judge evidence alone, without any vendor: one verdict an hour, an object a line" },
});

interface BillingFlags {
  readonly stack?: string;
  readonly outputs?: string;
  readonly rule?: string;
  readonly only?: string;
  readonly live?: boolean;
  readonly json?: boolean;
}

const programFlags = {
  stack: text("default: Pulumi's current stack", "name"),
  outputs: text("the stack's outputs as a file instead of asking Pulumi", "file"),
  rule: text("a rule of billing/rules/", "name"),
  only: text("run: only these of collect,plan,apply,reconcile,close", "stages"),
  live: toggle("needed for a live Stripe key"),
  json,
} as const;

/** What takes seconds, in the words of its progress. */
const longOnes: Readonly<Record<string, string>> = {
  run: "collecting, posting, reconciling, closing",
  plan: "collecting and comparing",
  setup: "making the catalogue at Stripe",
};

/** The billing program is a process of its own: these commands only call it, with the same words and flags. */
function call(name: string) {
  return async function (this: Context, flags: BillingFlags, ...words: readonly string[]): Promise<void> {
    const { spawn } = await import("node:child_process");
    const { join } = await import("node:path");
    const given = Object.entries(flags).filter(([, value]) => value !== undefined && value !== false);
    const args = given.flatMap(([flag, value]) => (value === true ? [`--${flag}`] : [`--${flag}`, String(value)]));
    const env = await environmentFor(this, flags);
    const { progress } = this;
    if (name in longOnes)
      progress.begin(`billing ${name}${flags.stack === undefined ? "" : ` ${flags.stack}`}`, longOnes[name] ?? name);
    const child = spawn(process.execPath, [join(this.root, "billing", "main.ts"), name, ...words, ...args], {
      stdio: progress.live ? ["inherit", "pipe", "pipe"] : "inherit",
      env,
    });
    child.stdout?.on("data", (chunk: Buffer) => progress.around(() => process.stdout.write(chunk)));
    child.stderr?.on("data", (chunk: Buffer) => progress.around(() => process.stderr.write(chunk)));
    this.process.exitCode = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
  };
}

/** A stack that is named brings its environment with it; without a name, or after `fleet env`, the one that is there counts. */
async function environmentFor(context: Context, { stack, outputs }: BillingFlags): Promise<NodeJS.ProcessEnv> {
  const { env } = context.process;
  if (stack === undefined || outputs !== undefined || env.PULUMI_STACK === stack) return env;
  const { stackEnvironment } = await import("../environment.ts");
  return (await stackEnvironment(context, stack)).env;
}

function program(name: string, brief: string) {
  return buildCommand<BillingFlags, [], Context>({ func: call(name), parameters: { flags: programFlags }, docs: { brief } });
}

const slug = { brief: "the tenant", parse: String, placeholder: "slug" } as const;
const hour = { brief: "a UTC clock hour: 2026-11-23T18Z", parse: String, placeholder: "hour" } as const;

const why = buildCommand<BillingFlags, [string, string], Context>({
  func: call("why"),
  parameters: { flags: programFlags, positional: { kind: "tuple", parameters: [slug, hour] } },
  docs: { brief: "Why an hour is billed or not: why acme 2026-11-23T18Z" },
});

const link = buildCommand<BillingFlags, [string], Context>({
  func: call("link"),
  parameters: { flags: programFlags, positional: { kind: "tuple", parameters: [slug] } },
  docs: { brief: "A fresh link to Stripe's page for a card" },
});

export const billingRoutes = buildRouteMap({
  routes: {
    setup: program("setup", "Make the meter, products and prices that the plans need"),
    plan: program("plan", "What a run would change, in hours and money"),
    run: program("run", "Collect, plan, apply, reconcile, close"),
    why,
    link,
    verdicts,
  },
  docs: { brief: "Evidence, verdicts, money" },
});
