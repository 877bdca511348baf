import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runVerdicts } from "../../billing/evidence/verdicts.ts";
import { OperatorError } from "../../domain/error.ts";
import type { SuiteCase } from "./suite.ts";
import { acceptedLines, good, refusedLines, span } from "./verdicts-lines.ts";
import { access, awake, day, line, ours, state } from "./verdicts-scene.ts";

/** "Evidence as a file": what is read, what is refused, which hours are judged, how the answer looks. */
export function fileCases(): SuiteCase[] {
  return [...answerCases, ...hourCases, ...refusedLines.map(refusal), ...acceptedLines.map(acceptance), ...optionCases];
}

const text = (...lines: object[]) => lines.map((one) => JSON.stringify(one)).join("\n");

const answerCases: SuiteCase[] = [
  {
    name: "the answer is one object a line with the keys in the documented order",
    async run() {
      const { out } = await verdicts(text(awake("10:20-10:30")), { from: day("10:00"), to: day("11:00") });
      strictEqual(
        out,
        '{"uid":"tn_a","hour":"2026-11-23T10Z","verdict":"active","because":["railwayUptime"],"uptimeOnly":true,"contradiction":false,"rule":"fleet-2026-11"}\n',
      );
    },
  },
  {
    name: "the answer is sorted by uid in code points and by hour",
    async run() {
      const uids = ["tn_b", "tn_\u{1f600}", "tn_\uffee", "tn_B", "tn_a"];
      const { rows } = await verdicts(text(...uids.map((uid) => ({ ...state("10:30-11:30", "active"), uid }))));
      deepStrictEqual(
        rows.map((row) => `${row.uid} ${row.hour.slice(11)}`),
        ["tn_B", "tn_a", "tn_b", "tn_\uffee", "tn_\u{1f600}"].flatMap((uid) => [`${uid} 10Z`, `${uid} 11Z`]),
      );
    },
  },
  {
    name: "the rule that was asked for is named in the answer",
    async run() {
      const { rows } = await verdicts(text(access("10:00-11:00")), { rule: "seed-literal" });
      deepStrictEqual(
        rows.map((row) => row.rule),
        ["seed-literal"],
      );
    },
  },
  {
    name: "an empty file has no verdicts",
    async run() {
      strictEqual((await verdicts("")).out, "");
    },
  },
];

/** Without a range: a line, and the hours it touches. */
const touching: [string, object, string[]][] = [
  ["an interval touches the hours that it shares time with", access("10:59:59.999-12:00:00.001"), ["10", "11", "12"]],
  ["an interval does not touch the hour it ends at", access("10:00-11:00"), ["10"]],
  ["an empty interval touches none", access("10:30-10:30"), []],
  ["an `ours` interval touches", ours("10:30-11:30"), ["10", "11"]],
  ["a state interval touches, active too", state("10:30-11:30", "active"), ["10", "11"]],
  ["a log-in touches the hour it lies in", access("10:00-10:00", "12:00"), ["12"]],
  ["a model minute touches the hour it lies in", line("model", "10:00-10:00", { minutes: [day("12:59:59.999")] }), ["12"]],
  ["a sprint event touches the hour it lies in", line("gateway", "10:00-10:00", { sprintEvents: [day("12:00")] }), ["12"]],
  [
    "a request of any class without user touches",
    line("gateway", "10:00-10:00", { requests: [{ at: day("12:10"), class: "poll" }] }),
    ["12"],
  ],
  ["an app sample touches", line("railway", "10:00-10:00", { appSamples: [[Date.parse(day("12:59:59")) / 1000, 0]] }), ["12"]],
  ["a tunnel sample touches", line("railway", "10:00-10:00", { tunnelSamples: [[Date.parse(day("13:00")) / 1000, 0]] }), ["13"]],
];

const hourCases: SuiteCase[] = [
  ...touching.map(([name, one, hours]) => ({
    name: `without a range: ${name}`,
    async run() {
      const { rows } = await verdicts(text(one));
      deepStrictEqual(
        rows.map((row) => row.hour.slice(11, 13)),
        hours,
      );
    },
  })),
  ...(
    [
      ["10:00", "12:00", ["10", "11"]],
      ["10:00:00.001", "12:00:00.001", ["11", "12"]],
      ["10:30", "11:00", []],
      ["10:00", "10:00", []],
    ] as const
  ).map(([from, to, hours]) => ({
    name: `--from ${from} --to ${to} judges the hours that begin in it: ${hours.join(" ") || "none"}`,
    async run() {
      const { rows } = await verdicts(text(access("20:00-21:00")), { from: day(from), to: day(to) });
      deepStrictEqual(
        rows.map((row) => row.hour.slice(11, 13)),
        [...hours],
      );
    },
  })),
  {
    name: "evidence outside the range counts",
    async run() {
      const { rows } = await verdicts(text(awake("10:00-10:20"), access("00:00-23:00", "09:55")), {
        from: day("10:00"),
        to: day("11:00"),
      });
      deepStrictEqual(
        rows.map((row) => row.verdict),
        ["idle"],
      );
    },
  },
  {
    name: "lines of one tenant do not judge another",
    async run() {
      const { rows } = await verdicts(text(awake("10:20-10:30"), { ...awake(), uid: "tn_b" }), {
        from: day("10:00"),
        to: day("11:00"),
      });
      deepStrictEqual(
        rows.map((row) => row.verdict),
        ["active", "idle"],
      );
    },
  },
];

function refusal([name, wrong]: [string, unknown]): SuiteCase {
  return {
    name: `refused with the line's number, nothing judged: ${name}`,
    async run() {
      // The blank line is skipped but counted, and the good lines before and after are not judged.
      const content = `${JSON.stringify(good)}\n\n${JSON.stringify(wrong)}\n${JSON.stringify(good)}\n`;
      await refusedAt(content, 3);
    },
  };
}

function acceptance([name, right]: [string, unknown]): SuiteCase {
  return {
    name: `accepted: ${name}`,
    async run() {
      const { rows } = await verdicts(JSON.stringify(right), { from: day("10:00"), to: day("11:00") });
      strictEqual(rows.length, 1);
    },
  };
}

const optionCases: SuiteCase[] = [
  { name: "refused: a line that is not JSON", run: () => refusedAt(`${JSON.stringify(good)}\n{"uid":`, 2) },
  {
    name: "refused: one number of JSON that is too large",
    run: () => refusedAt(`{"uid":"a","source":"railway","from":"${span.from}","to":"${span.to}","appSamples":[[1e999,0]]}`, 1),
  },
  {
    name: "blank lines and carriage returns are skipped",
    async run() {
      const { rows } = await verdicts(`\r\n  \n${JSON.stringify(good)}\r\n\n`);
      strictEqual(rows.length, 1);
    },
  },
  {
    name: "all wrong lines are named at once",
    async run() {
      const { error } = await verdicts("1\n2\n", {}, true);
      ok(error?.message.includes("evidence.jsonl:1 ") && error.message.includes("evidence.jsonl:2 "), error?.message);
    },
  },
  ...(
    [
      ["an unknown rule", { rule: "fleet-2099-01" }],
      ["a rule that is a path", { rule: "../rules/seed-literal" }],
      ["--from without --to", { from: span.from }],
      ["--to without --from", { to: span.to }],
      ["--from in another form of time", { from: "2026-11-23", to: span.to }],
      ["--from after --to", { from: span.to, to: span.from }],
    ] as const
  ).map(([name, options]) => ({
    name: `refused with exit 2, nothing judged: ${name}`,
    async run() {
      const { error, out } = await verdicts(text(good), options, true);
      deepStrictEqual([error?.exitCode, out], [2, ""]);
    },
  })),
  {
    name: "refused with exit 2: a file that does not exist",
    async run() {
      const missing = join(tmpdir(), "fleet-no-such-folder", "evidence.jsonl");
      await rejects(
        runVerdicts({ file: missing, write: () => {} }),
        (error) => error instanceof OperatorError && error.exitCode === 2,
      );
    },
  },
];

interface Row {
  readonly uid: string;
  readonly hour: string;
  readonly verdict: string;
  readonly rule: string;
}

async function refusedAt(content: string, number: number): Promise<void> {
  const { error, out } = await verdicts(content, {}, true);
  deepStrictEqual([error?.exitCode, out], [2, ""]);
  ok(error?.message.includes(`evidence.jsonl:${number} `), error?.message);
  ok(!error?.message.includes(`evidence.jsonl:${number + 1} `), error?.message);
}

/** What the command writes for a file with this content. An error is thrown unless it is expected. */
async function verdicts(content: string, options: { rule?: string; from?: string; to?: string } = {}, mayFail = false) {
  const folder = mkdtempSync(join(tmpdir(), "fleet-verdicts-"));
  const file = join(folder, "evidence.jsonl");
  let out = "";
  let error: OperatorError | undefined;
  try {
    writeFileSync(file, content);
    await runVerdicts({
      file,
      ...options,
      write: (part) => {
        out += part;
      },
    });
  } catch (thrown) {
    if (!mayFail || !(thrown instanceof OperatorError)) throw thrown;
    error = thrown;
  } finally {
    rmSync(folder, { recursive: true });
  }
  const rows = out
    .split("\n")
    .filter(Boolean)
    .map((row): Row => JSON.parse(row));
  return { out, rows, error };
}
