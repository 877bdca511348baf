import { parseLine } from "../../billing/evidence/line.ts";
import { verdictsOfFile } from "../../billing/evidence/verdicts.ts";
import { type EvidenceLine, evidenceOf } from "../../billing/rules/evidence.ts";
import { loadRule } from "../../billing/rules/rule.ts";
import { judge } from "../../billing/rules/verdict.ts";
import { dayMs, hourMs, hoursBeginningIn, minuteMs } from "../../domain/hour.ts";
import { type Random, randomOf } from "../suites/random.ts";
import { naiveVerdicts, type RawLine } from "../suites/verdicts-naive.ts";
import type { BenchResult } from "./bench.ts";

const begin = Date.UTC(2026, 10, 1);
const days = 34;
const tenants = 10;
const naiveHours = 6;

/** Tenant-hours a second with minute samples of 34 days: judged from lines in memory, and from the text of a file. */
export async function bench(): Promise<BenchResult> {
  const rule = loadRule();
  const files = Array.from({ length: tenants }, (_, index) => monthOf(randomOf(1, index), `tn_${index}`));
  const texts = files.flatMap((lines) => lines.map((line) => JSON.stringify(line)));
  const lines = files.map((file) => file.map(parsed));
  const hours = hoursBeginningIn(begin, begin + days * dayMs);
  const tenantHours = hours.length * tenants;

  judge(evidenceOf(lines[0] ?? []), rule, hours); // Once to warm up: a schedule's run judges far more than this.
  const judged = seconds(() => lines.map((own) => judge(evidenceOf(own), rule, hours)));
  const started = performance.now();
  let answers = 0;
  for (const _ of await verdictsOfFile({ file: "", lines: texts, rule })) answers++;
  const fromFile = (performance.now() - started) / 1000;

  const range = {
    from: new Date(begin + 3 * hourMs).toISOString(),
    to: new Date(begin + (3 + naiveHours) * hourMs).toISOString(),
  };
  const naive = seconds(() => naiveVerdicts(files[0] ?? [], rule, range));
  const perSecond = tenantHours / judged;
  return {
    bench: "verdicts",
    ratio: Math.round((perSecond / (naiveHours / naive)) * 10) / 10,
    against:
      "tenant-hours judged in a second, in those of the same page read minute by minute over all lines (test/suites/verdicts-naive.ts)",
    details: {
      tenantHours,
      tenantHoursPerSecond: Math.round(perSecond),
      tenantHoursPerSecondFromFile: Math.round(answers / fromFile),
      naiveTenantHoursPerSecond: Math.round(naiveHours / naive),
      samplesPerTenant: days * 1440 * 2,
      fileBytes: texts.reduce((sum, text) => sum + text.length + 1, 0),
    },
  };
}

function seconds(work: () => unknown): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

function parsed(line: RawLine): EvidenceLine {
  const result = parseLine(JSON.stringify(line));
  if ("line" in result) return result.line;
  throw new Error(`the bench wrote a line that is not evidence: ${result.problems.join("; ")}`);
}

/** A month of life: a line of metrics a day, use in a third of the hours with its tails, complete records. */
function monthOf(random: Random, uid: string): RawLine[] {
  const lines: RawLine[] = [];
  let awakeUntil = 0;
  for (let day = begin; day < begin + days * dayMs; day += dayMs) {
    const span = { uid, from: new Date(day).toISOString(), to: new Date(day + dayMs).toISOString() };
    const requests: { at: string; user: string; class: string }[] = [];
    const app: [number, number][] = [];
    const tunnel: [number, number][] = [];
    for (let at = day; at < day + dayMs; at += minuteMs) {
      if (random.chance(1 / 180)) awakeUntil = at + random.int(5, 50) * minuteMs;
      const awake = at < awakeUntil;
      if (awake && random.chance(0.6))
        requests.push({ at: new Date(at + random.int(0, 59_999)).toISOString(), user: "k3f", class: "work" });
      app.push([at / 1000, awake ? 0.41 : 0]);
      tunnel.push([at / 1000, 0.05]);
    }
    lines.push({ ...span, source: "railway", appSamples: app, tunnelSamples: tunnel });
    lines.push({ ...span, source: "gateway", requests, sprintEvents: [] });
    lines.push({ ...span, source: "model", minutes: requests.filter(() => random.chance(0.3)).map((request) => request.at) });
  }
  return lines;
}
