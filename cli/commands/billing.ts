import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, text, toggle } from "../flags.ts";
import { passingSignals } from "../interrupt.ts";
import { among, rules, slugs, stacks } from "../proposals.ts";

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
      rule: text("a rule of billing/rules/; default fleet-2026-11", "name", rules),
      from: text("judge the hours that begin in [from, to); default: those the evidence touches", "ISO"),
      to: text("with --from", "ISO"),
      json: toggle("an object a line (as always here)"),
    },
  },
  docs: {
    brief: "Judge evidence alone, without any vendor: one verdict an hour, an object a line",
    fullDescription: "Example:\n  fleet billing verdicts --evidence evidence.jsonl --json",
  },
});

interface BillingFlags {
  readonly stack?: string;
  readonly outputs?: string;
  readonly live?: boolean;
  readonly json?: boolean;
}

/** Of the commands that judge hours. */
interface JudgingFlags extends BillingFlags {
  readonly rule?: string;
}

interface RunFlags extends JudgingFlags {
  readonly only?: string;
}

const stages = among(["collect", "plan", "apply", "reconcile", "close"]);
const programFlags = {
  stack: text("default: Pulumi's current stack", "name", stacks),
  outputs: text("the stack's outputs as a file instead of asking Pulumi", "file"),
  live: toggle("needed for a live Stripe key"),
  json,
} as const;
const rule = text("a rule of billing/rules/", "name", rules);
const judgingFlags = { ...programFlags, rule };

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
      // A group of its own: a Ctrl-C reaches it through us, once. The same again would end it at once.
      detached: true,
      env,
    });
    child.stdout?.on("data", (chunk: Buffer) => progress.around(() => process.stdout.write(chunk)));
    child.stderr?.on("data", (chunk: Buffer) => progress.around(() => process.stderr.write(chunk)));
    this.process.exitCode = await passingSignals(
      child,
      new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? 1));
      }),
    );
  };
}

/** A stack that is named brings its environment with it; without a name, or after `fleet env`, the one that is there counts. */
async function environmentFor(context: Context, { stack, outputs }: BillingFlags): Promise<NodeJS.ProcessEnv> {
  const { env } = context.process;
  if (stack === undefined || outputs !== undefined || env.PULUMI_STACK === stack) return env;
  const { stackEnvironment } = await import("../environment.ts");
  return (await stackEnvironment(context, stack)).env;
}

const slug = { brief: "the tenant", parse: String, placeholder: "slug", proposeCompletions: slugs } as const;
const hour = { brief: "a UTC clock hour: 2026-11-23T18Z", parse: String, placeholder: "hour" } as const;

const setup = buildCommand<BillingFlags, [], Context>({
  func: call("setup"),
  parameters: { flags: programFlags },
  docs: {
    brief: "Make the meter, products and prices that the plans need",
    fullDescription: "Example:\n  fleet billing setup --stack sandbox",
  },
});

const plan = buildCommand<JudgingFlags, [], Context>({
  func: call("plan"),
  parameters: { flags: judgingFlags },
  docs: {
    brief: "What a run would change, in hours and money",
    fullDescription: "Example:\n  fleet billing plan --stack sandbox",
  },
});

const run = buildCommand<RunFlags, [], Context>({
  func: call("run"),
  parameters: { flags: { ...judgingFlags, only: text("only these of collect,plan,apply,reconcile,close", "stages", stages) } },
  docs: {
    brief: "Collect, plan, apply, reconcile, close",
    fullDescription:
      "Examples:\n  fleet billing run --stack sandbox\n  fleet billing run --stack prod --live\n  fleet billing run --stack prod --only collect",
  },
});

const why = buildCommand<JudgingFlags, [string, string], Context>({
  func: call("why"),
  parameters: { flags: judgingFlags, positional: { kind: "tuple", parameters: [slug, hour] } },
  docs: { brief: "Why an hour is billed or not", fullDescription: "Example:\n  fleet billing why acme 2026-11-23T18Z" },
});

const link = buildCommand<BillingFlags, [string], Context>({
  func: call("link"),
  parameters: { flags: programFlags, positional: { kind: "tuple", parameters: [slug] } },
  docs: {
    brief: "A fresh link to Stripe's page for a card",
    fullDescription: "Example:\n  fleet billing link acme --stack sandbox",
  },
});

export const billingRoutes = buildRouteMap({
  routes: { setup, plan, run, why, link, verdicts },
  docs: { brief: "Evidence, verdicts, money" },
});
