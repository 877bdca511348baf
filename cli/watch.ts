/** `fleet watch`: is a billing run or deploy missing, or did one fail? Looks only; and tells whoever waits outside that billing is alive. */
import { z } from "zod";
import { type RunsSeen, readRuns } from "../billing/ledger/runs.ts";
import { ledgerFolder } from "../billing/open.ts";
import { systemClock } from "../domain/clock.ts";
import { exitCode, OperatorError, redact } from "../domain/error.ts";
import { hourMs } from "../domain/hour.ts";
import { runPulumi } from "../engine/run.ts";
import { sendHeartbeat } from "../vendors/heartbeat/client.ts";
import { clockFromEnvironment } from "../vendors/http/clock.ts";
import type { PingFlags, RunsFlags } from "./commands/watch.ts";
import type { Context } from "./context.ts";
import { type StackEnvironment, stackEnvironment } from "./environment.ts";
import type { PingReport } from "./reports.ts";
import { type Deploy, defaultMaxAgeHours, duration, judgeRuns } from "./watch/judge.ts";
import type { WatchReport } from "./watch/report.ts";

export async function runs(this: Context, flags: RunsFlags): Promise<void> {
  const maxAgeHours = flags.maxAge ?? defaultMaxAgeHours;
  if (!(maxAgeHours > 0)) throw new OperatorError("--maxAge is a number of hours above 0");
  const whole = await stackEnvironment(this, flags.stack);
  const { env, stack } = whole;
  const now = await clockFromEnvironment(env).now();
  const realNow = await systemClock.now();
  const seen = await readRuns({ url: env.DATABASE_URL, dir: ledgerFolder(env), stack, say: this.say }, now);
  const deploy = await lastDeploy(this, whole);
  const problems = judgeRuns({ runs: seen, deploy, now, realNow, maxAgeHours });
  const report = reportOf({ stack, now, maxAgeHours, seen, deploy, problems });
  if (flags.json) this.print(JSON.stringify(report));
  else this.print(textOf(report, realNow));
  for (const problem of problems) this.say(redact(problem));
  this.process.exitCode = problems.length > 0 ? exitCode.failed : exitCode.done;
}

export async function ping(this: Context, flags: PingFlags): Promise<void> {
  const { env } = this.process;
  const url = env.FLEET_HEARTBEAT_URL?.trim();
  if (!url)
    throw new OperatorError("FLEET_HEARTBEAT_URL is not set: the address that a service like healthchecks.io gives for a check");
  await sendHeartbeat({ url, clock: systemClock, log: this.say }, flags.failed ? "failed" : "done");
  this.say(`told the heartbeat's service: ${flags.failed ? "a run failed" : "alive"}`);
  if (flags.json) this.print(JSON.stringify({ told: flags.failed ? "failed" : "alive" } satisfies PingReport));
}

/** As `pulumi stack history --json` has it; `preview` and `refresh` are not deploys. */
const History = z.array(z.object({ kind: z.string(), startTime: z.string(), result: z.string() }));

async function lastDeploy(context: Context, { engine, env, stack }: StackEnvironment): Promise<Deploy | string | undefined> {
  const args = ["stack", "history", "--json", "--page-size", "50", "--stack", stack];
  const { code, stdout, stderr } = await runPulumi(engine, args, { cwd: context.root, env });
  if (code !== 0) return redact(stderr.trim().split("\n")[0] || `pulumi stack history ended with code ${code}`);
  const newest = History.parse(JSON.parse(stdout.trim() || "[]")).find(({ kind }) => kind === "update");
  return newest && { result: newest.result, startedAt: Date.parse(newest.startTime) };
}

interface Found {
  readonly stack: string;
  readonly now: number;
  readonly maxAgeHours: number;
  readonly seen: RunsSeen | undefined;
  readonly deploy: Deploy | string | undefined;
  readonly problems: readonly string[];
}

function reportOf({ stack, now, maxAgeHours, seen, deploy, problems }: Found): WatchReport {
  const { finished, unconfirmedPosts } = seen ?? { finished: undefined, unconfirmedPosts: 0 };
  return {
    schemaVersion: 1,
    stack,
    at: new Date(now).toISOString(),
    ok: problems.length === 0,
    maxAgeHours,
    billing: finished
      ? {
          run: finished.run,
          endedAt: new Date(finished.endedAt).toISOString(),
          ageHours: Math.round(((now - finished.endedAt) / hourMs) * 100) / 100,
          problems: finished.problems,
        }
      : null,
    unconfirmedPosts,
    deploy:
      deploy === undefined || typeof deploy === "string"
        ? null
        : { result: deploy.result, startedAt: new Date(deploy.startedAt).toISOString() },
    problems: problems.map(redact),
  };
}

function textOf({ stack, billing, deploy, ok }: WatchReport, realNow: number): string {
  const age = billing && duration(billing.ageHours * hourMs);
  return [
    `billing  ${billing ? `finished ${age} ago (${billing.endedAt}), problems: ${billing.problems}` : "never finished"}`,
    `deploy   ${deploy ? `${deploy.result}, ${duration(realNow - Date.parse(deploy.startedAt))} ago (${deploy.startedAt})` : "none known"}`,
    `${stack}: ${ok ? "all is well" : "needs a person"}`,
  ].join("\n");
}
