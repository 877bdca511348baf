/** PURE. What is wrong with a stack's runs, in words. */
import type { RunsSeen } from "../../billing/ledger/runs.ts";
import { hourMs, minuteMs } from "../../domain/hour.ts";

/** Half of the day for which Access keeps log-ins: what runs miss beyond that day is lost as evidence, so this leaves as much time again to repair it. */
export const defaultMaxAgeHours = 12;
/** Longer than the jobs that make them may take. */
const longestDeployMs = 3 * hourMs;
const longestRunMs = 2 * hourMs;

/** The stack's newest `up` as the engine remembers it. Epoch milliseconds by the machine's clock. */
export interface Deploy {
  /** The engine's word: `succeeded`, `failed`, `in-progress`. */
  readonly result: string;
  readonly startedAt: number;
}

export interface Watched {
  /** Undefined where there is no ledger. */
  readonly runs: RunsSeen | undefined;
  /** Undefined before the first; a text says why it is not known. */
  readonly deploy: Deploy | string | undefined;
  /** By the clock that billing runs under. */
  readonly now: number;
  /** By the machine's: the sandbox's stack too is deployed in real time. */
  readonly realNow: number;
  readonly maxAgeHours: number;
}

/** Empty when all is well. */
export function judgeRuns({ runs, deploy, now, realNow, maxAgeHours }: Watched): string[] {
  return [...billingProblems(runs, now, maxAgeHours), ...deployProblems(deploy, realNow)];
}

function billingProblems(runs: RunsSeen | undefined, now: number, maxAgeHours: number): string[] {
  if (!runs) return ["there is no ledger: set DATABASE_URL to the one that billing writes, or FLEET_LEDGER_DIR to its folder"];
  const { finished, begunSince, unconfirmedPosts } = runs;
  const problems: string[] = [];
  if (!finished) problems.push("no billing run has ever finished");
  else {
    const age = now - finished.endedAt;
    if (age > maxAgeHours * hourMs)
      problems.push(`the newest finished billing run ended ${duration(age)} ago; the limit is ${maxAgeHours} h`);
    if (finished.problems > 0)
      problems.push(`the newest finished billing run (${finished.run}) had problems: ${finished.problems}, told in its log`);
  }
  const killed = begunSince.filter((startedAt) => now - startedAt > longestRunMs).length;
  if (killed > 0) problems.push(`billing runs that began since then and never ended: ${killed}`);
  if (unconfirmedPosts > 0)
    problems.push(`hours whose post Stripe refused, or has not shown in a summary for a day: ${unconfirmedPosts}`);
  return problems;
}

function deployProblems(deploy: Watched["deploy"], realNow: number): string[] {
  if (deploy === undefined) return ["the stack was never brought up"];
  if (typeof deploy === "string") return [`the last deploy is not known: ${deploy}`];
  if (deploy.result === "succeeded") return [];
  const since = realNow - deploy.startedAt;
  if (deploy.result === "in-progress" && since <= longestDeployMs) return [];
  return [`the last deploy, ${duration(since)} ago, is "${deploy.result}"`];
}

/** `3 h 20 min`, in whole minutes. */
export function duration(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / minuteMs));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
