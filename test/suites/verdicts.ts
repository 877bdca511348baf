import { deepStrictEqual, ok } from "node:assert/strict";
import { parseLine } from "../../billing/evidence/line.ts";
import { verdictsOfFile } from "../../billing/evidence/verdicts.ts";
import { byDay, type EvidenceLine, evidenceOf } from "../../billing/rules/evidence.ts";
import { judge } from "../../billing/rules/verdict.ts";
import { type HourZ, parseHour } from "../../domain/hour.ts";
import { type Random, randomOf } from "./random.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";
import { fileCases } from "./verdicts-files.ts";
import { randomTenant } from "./verdicts-generator.ts";
import { minuteExamples } from "./verdicts-minutes.ts";
import { naiveVerdicts, type RawLine, type RawVerdict } from "./verdicts-naive.ts";
import { fleet, holds, literal } from "./verdicts-scene.ts";
import { sourceExamples, verdictExamples } from "./verdicts-sources.ts";
import { tailExamples } from "./verdicts-tails.ts";

/** Random tenants of an everyday run, and of a full one. */
const tenants = { everyday: 300, full: 20_000 };

/** Every sentence of the page as an example, then random tenants against a second reading of the page. */
export const suite = {
  name: "verdicts",
  about: "an hour is judged exactly as the rule's page says, whatever the evidence",
  *cases({ full, seed }: SuiteOptions): Generator<SuiteCase> {
    for (const one of [...minuteExamples, ...tailExamples, ...sourceExamples, ...verdictExamples]) {
      yield { name: `${one.says} (${one.rule.name}: ${one.is})`, run: () => holds(one) };
    }
    yield* fileCases();
    yield* randomCases(full ? tenants.full : tenants.everyday, seed);
  },
} satisfies Suite;

function* randomCases(count: number, seed: number): Generator<SuiteCase> {
  const seen = new Map<string, number>();
  for (let tenant = 0; tenant < count; tenant++) {
    yield {
      name: `random tenant ${tenant} of seed ${seed}: both readings agree`,
      run: () => readingsAgree(randomOf(seed, tenant), seen),
    };
  }
  yield {
    name: `the random tenants of seed ${seed} reached every kind of verdict`,
    run() {
      for (const kind of kinds)
        ok((seen.get(kind) ?? 0) >= count / 100, `${kind}: ${seen.get(kind) ?? 0} of ${count} tenants' hours`);
    },
  };
}

const kinds = ["idle", "contradiction", "unknown", "railwayUptime", "cloudflareSessions", "sprintActivity", "several sources"];

async function readingsAgree(random: Random, seen: Map<string, number>): Promise<void> {
  const lines = [randomTenant(random, "tn_b"), random.chance(0.2) ? randomTenant(random, "tn_a") : []].flat();
  const text = lines.map((line) => JSON.stringify(line));
  for (const rule of [fleet, literal]) {
    const verdicts = [...(await verdictsOfFile({ file: "evidence.jsonl", lines: text, rule }))];
    const second = naiveVerdicts(lines, rule);
    deepStrictEqual(verdicts, second, `\n${text.join("\n")}\n`);
    for (const verdict of second) seen.set(kindOf(verdict), (seen.get(kindOf(verdict)) ?? 0) + 1);
    // No answer depends on the range, on the order of the lines, or on how they were cut into the ledger's days.
    const hour = random.pick([second[0]?.hour ?? "2026-11-23T10Z", second.at(-1)?.hour ?? "2026-11-23T10Z"]);
    const from = hour.replace("Z", ":00:00Z");
    const shuffled = await verdictsOfFile({
      file: "",
      lines: random.shuffle(text),
      rule,
      from,
      to: from.replace(":00Z", ":01Z"),
    });
    for (const one of shuffled) {
      const known = second.find((other) => other.uid === one.uid && other.hour === one.hour);
      if (known) deepStrictEqual(one, known, "with a range");
      deepStrictEqual(judge(fromDays(lines, one.uid), rule, [one.hour]), [without(one)], "from the ledger's days");
    }
  }
}

function kindOf({ verdict, because, contradiction }: RawVerdict): string {
  if (contradiction) return "contradiction";
  if (verdict !== "active") return verdict;
  return because.length === 1 ? (because[0] ?? "") : "several sources";
}

/** A tenant's evidence put together again from rows of one day each. */
function fromDays(lines: readonly RawLine[], uid: string) {
  const rows = lines
    .filter((line) => line.uid === uid)
    .flatMap((line): EvidenceLine[] => {
      const parsed = parseLine(JSON.stringify(line));
      ok("line" in parsed);
      return [...byDay(parsed.line).values()].flat();
    });
  return evidenceOf(rows.reverse());
}

function without<T extends { uid: string; hour: HourZ }>({ uid: _uid, ...verdict }: T): Omit<T, "uid"> {
  ok(parseHour(verdict.hour));
  return verdict;
}
