/** What `billing` can do. Each command opens what it needs, does it, prints, and answers with its exit code. */
import { type ExitCode, exitCode, OperatorError } from "../domain/error.ts";
import { parseHour } from "../domain/hour.ts";
import type { TenantUid } from "../domain/ids.ts";
import { makeSetupLink } from "./account/cards.ts";
import { setUpCatalogue } from "./account/catalogue.ts";
import { ensureCustomer, listCustomers } from "./account/customers.ts";
import { beginRun, endRun } from "./ledger/closes.ts";
import { type Environment, type Opened, openBilling } from "./open.ts";
import { CatalogueReport, LinkReport } from "./report/account.ts";
import { hasChanges } from "./report/report.ts";
import { reportText } from "./report/text.ts";
import { why, whyText } from "./report/why.ts";
import { runBilling, type Stage, stages } from "./run.ts";
import { unlessStopped } from "./stopping.ts";

export interface CommandFlags {
  readonly only?: string | undefined;
  readonly stack?: string | undefined;
  readonly outputs?: string | undefined;
  readonly rule?: string | undefined;
  readonly live?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly help?: boolean | undefined;
}

export interface Call {
  readonly words: readonly string[];
  readonly flags: CommandFlags;
  readonly env: Environment;
  readonly say: (message: string) => void;
  readonly print: (text: string) => void;
  /** Aborted when the operator wants the command to end. */
  readonly stop: AbortSignal;
}

export const billingCommands: Readonly<Record<string, (call: Call) => Promise<ExitCode>>> = {
  plan: (call) => bill(call, new Set<Stage>(["collect", "plan"])),
  run: (call) => bill(call, stagesOf(call.flags.only)),

  why: (call) =>
    withBilling(call, async (billing) => {
      const [slug, text] = exactly(call, 2, "why <slug> <hour>");
      const hour = parseHour(text ?? "");
      if (!slug || !hour) throw new OperatorError(`"${text}" is no hour; write it like 2026-11-23T18Z`);
      const report = await why(billing, slug, hour);
      call.print(call.flags.json ? JSON.stringify(report) : whyText(report));
      return exitCode.done;
    }),

  setup: (call) =>
    withBilling(call, async (billing) => {
      exactly(call, 0, "setup");
      const parts = await setUpCatalogue(billing.stripe(), [...billing.plans.values()]);
      if (call.flags.json) call.print(JSON.stringify(CatalogueReport.parse({ schemaVersion: 1, parts })));
      else
        for (const part of parts)
          call.print(`${part.made ? "made" : "kept"}  ${part.kind}${part.plan ? ` of ${part.plan}` : ""}  ${part.id}`);
      return exitCode.done;
    }),

  link: (call) =>
    withBilling(call, async (billing) => {
      const [slug] = exactly(call, 1, "link <slug>");
      const lease = await billing.lock();
      try {
        const entry = Object.entries(billing.outputs.tenants).find(([, tenant]) => tenant.slug === slug);
        const plan = entry && billing.plans.get(entry[1].plan);
        if (!entry || !plan) throw new OperatorError(`stack ${billing.stack} has no tenant "${slug}" with a known plan`);
        if (entry[1].exempt !== null) throw new OperatorError(`${slug} is never billed (${entry[1].exempt}): it needs no card`);
        // The outputs' schema has checked the uid's form.
        const uid = entry[0] as TenantUid;
        const owner = { uid, slug: entry[1].slug, name: entry[1].name, customer: entry[1].customer };
        const stripe = billing.stripe();
        const customer = await ensureCustomer(stripe, await listCustomers(stripe, billing.stack), billing.stack, owner);
        const link = { customer: customer.id, uid, returnUrl: entry[1].url, currency: plan.currency, run: billing.run };
        const session = await makeSetupLink(stripe, link);
        const expiresAt = new Date(session.expires_at * 1000).toISOString();
        const report = { schemaVersion: 1, uid, slug, customer: customer.id, session: session.id, url: session.url, expiresAt };
        call.print(call.flags.json ? JSON.stringify(LinkReport.parse(report)) : `${session.url}\n(until ${expiresAt})`);
        return exitCode.done;
      } finally {
        await lease.release();
      }
    }),
};

async function bill(call: Call, only: ReadonlySet<Stage>): Promise<ExitCode> {
  exactly(call, 0, "run [--only …]");
  return withBilling(call, async (billing) => {
    const lease = await billing.lock();
    try {
      const started = await billing.clock.now();
      await lease.write((tx) => beginRun(tx, billing.run, [...only].join(","), started));
      const report = await runBilling({ ...billing, lease }, only);
      const ended = await billing.clock.now();
      const { posts, invoicesFinalized, problems } = report;
      await lease.write((tx) =>
        endRun(
          tx,
          billing.run,
          { posts, closed: invoicesFinalized.length, problems: billing.problems.count, fleet: problems },
          ended,
        ),
      );
      call.print(call.flags.json ? JSON.stringify(report) : reportText(report));
      if (billing.problems.count > 0) return exitCode.partial;
      return report.command === "plan" && only.has("plan") && hasChanges(report) ? exitCode.pending : exitCode.done;
    } finally {
      await lease.release();
    }
  });
}

async function withBilling(call: Call, work: (billing: Opened) => Promise<ExitCode>): Promise<ExitCode> {
  const { stop } = call;
  const billing = await openBilling(call.flags, call.env, call.say).catch((error: unknown) => {
    // A terminal's Ctrl-C also ends the programs that opening waits for.
    throw stop.aborted ? stop.reason : error;
  });
  try {
    return await unlessStopped(stop, () => work(billing));
  } finally {
    await (stop.aborted ? billing.abandon() : billing.close());
  }
}

function stagesOf(only: string | undefined): ReadonlySet<Stage> {
  if (only === undefined) return new Set(stages);
  const wanted = only.split(",").map((stage) => stage.trim());
  const wrong = wanted.filter((stage) => !stages.some((one) => one === stage));
  if (wrong.length) throw new OperatorError(`--only ${only}: ${wrong.join(", ")} is none of ${stages.join(", ")}`);
  return new Set(stages.filter((stage) => wanted.includes(stage)));
}

function exactly(call: Call, count: number, form: string): readonly string[] {
  if (call.words.length !== count) throw new OperatorError(`wrong number of words; write: billing ${form}`);
  return call.words;
}
