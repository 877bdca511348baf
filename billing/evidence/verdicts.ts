import { OperatorError } from "../../domain/error.ts";
import { hoursBeginningIn } from "../../domain/hour.ts";
import { evidenceOf } from "../rules/evidence.ts";
import { read } from "../rules/reading.ts";
import { defaultRuleName, loadRule, type Rule } from "../rules/rule.ts";
import { judgeHour, touchedHours, type Verdict } from "../rules/verdict.ts";
import { type EvidenceByTenant, linesOfFile, readEvidence } from "./file.ts";
import { parseTime } from "./time.ts";

/** One answer of `fleet billing verdicts`; its keys are written in this order. */
export interface TenantVerdict extends Verdict {
  readonly uid: string;
}

/** Hours that begin in `[fromMs, toMs)`. */
export interface HourRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The verdicts of all tenants, sorted by uid (code points) and hour. Without a range exactly the hours that a tenant's evidence
 *  touches are judged; with one, all its hours for every tenant. */
export function* verdictsOf(tenants: EvidenceByTenant, rule: Rule, range?: HourRange): Generator<TenantVerdict> {
  for (const uid of [...tenants.keys()].sort(byCodePoint)) {
    const evidence = evidenceOf(tenants.get(uid) ?? []);
    const reading = read(evidence, rule);
    const hours = range ? hoursBeginningIn(range.fromMs, range.toMs) : touchedHours(evidence);
    for (const hour of hours) yield { uid, ...judgeHour(reading, hour) };
  }
}

export interface EvidenceRequest {
  /** The file's name in messages. */
  readonly file: string;
  readonly lines: Iterable<string> | AsyncIterable<string>;
  readonly rule: Rule;
  /** Both or neither, ISO 8601 as in the file. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Verdicts of an evidence file's lines. Throws OperatorError (exit 2) before the first verdict if anything is wrong. */
export async function verdictsOfFile({ file, lines, rule, from, to }: EvidenceRequest): Promise<Iterable<TenantVerdict>> {
  const range = rangeOf(from, to);
  return verdictsOf(await readEvidence(file, lines), rule, range);
}

export interface VerdictsCommand {
  readonly file: string;
  readonly rule?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Where the lines go, several at a time; awaited, so that a slow reader holds the program back. */
  readonly write: (text: string) => void | Promise<void>;
}

/** `fleet billing verdicts --json`: one object a line. Resolves with exit code 0; throws OperatorError (exit 2) for an unknown rule, a
 *  wrong range, a file that cannot be read and a line that is not evidence, and has then written nothing. */
export async function runVerdicts({ file, rule = defaultRuleName, from, to, write }: VerdictsCommand): Promise<0> {
  const verdicts = await verdictsOfFile({ file, lines: linesOfFile(file), rule: loadRule(rule), from, to });
  let batch = "";
  for (const verdict of verdicts) {
    batch += `${JSON.stringify(verdict)}\n`;
    if (batch.length < 65_536) continue;
    await write(batch);
    batch = "";
  }
  if (batch) await write(batch);
  return 0;
}

function rangeOf(from: string | undefined, to: string | undefined): HourRange | undefined {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) throw new OperatorError("give both --from and --to, or neither");
  const fromMs = parseTime(from);
  const toMs = parseTime(to);
  if (fromMs === undefined || toMs === undefined) {
    const wrong = fromMs === undefined ? `--from ${from}` : `--to ${to}`;
    throw new OperatorError(`${wrong} is not a time; write it in UTC as 2026-11-23T18:00:00Z`);
  }
  if (fromMs > toMs) throw new OperatorError(`--from ${from} is after --to ${to}`);
  return { fromMs, toMs };
}

/** JavaScript sorts by UTF-16 units, which puts characters beyond U+FFFF before U+E000 to U+FFFF; UTF-8 bytes sort as code points do. */
function byCodePoint(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
