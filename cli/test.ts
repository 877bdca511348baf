/** `fleet test`: lint, then vitest beside the type check and every named suite at everyday size. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exitCode, OperatorError } from "../domain/error.ts";
import type { Suite, SuiteCase, SuiteOptions } from "../test/suites/suite.ts";
import { describeError } from "./app.ts";
import { unknown } from "./choose.ts";
import type { TestFlags } from "./commands/test.ts";
import { type Context, lively } from "./context.ts";
import { engineProgress } from "./engine-progress.ts";
import { type Progress, silent } from "./progress.ts";

/** Suites by name; each is loaded when it runs. */
export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  verdicts: async () => (await import("../test/suites/verdicts.ts")).suite,
  "hostile-machine": async () => (await import("../test/suites/hostile-machine.ts")).suite,
  edits: async () => (await import("../test/suites/edits.ts")).suite,
  tenants: async () => (await import("../test/suites/tenants.ts")).suite,
  herd: async () => (await import("../test/suites/herd.ts")).suite,
  crash: async () => (await import("../test/suites/crash.ts")).suite,
  "provider-fuzz": async () => (await import("../test/suites/provider-fuzz.ts")).suite,
};

/** Too long for every day's run of everything, also at everyday size. */
export const longSuites: ReadonlySet<string> = new Set(["crash"]);

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

export async function runTests(this: Context, flags: TestFlags, name?: string): Promise<Error | undefined> {
  if (name === undefined) {
    const stray = flags.list ? "--list" : flags.seed !== undefined ? "--seed" : flags.only !== undefined ? "--only" : undefined;
    if (stray !== undefined)
      throw new OperatorError(`${stray} needs a suite's name; there are: ${Object.keys(suites).join(", ")}`);
    return everything(this, flags.full ?? false);
  }
  const load = Object.hasOwn(suites, name) ? suites[name] : undefined;
  if (!load) throw new OperatorError(unknown("suite", name, Object.keys(suites)));
  const suite = await load();
  const options = { full: flags.full ?? false, seed: flags.seed ?? 1, only: flags.only };
  if (flags.list) {
    const all = { ...options, only: flags.only ?? "" };
    for await (const testCase of suite.cases(all)) if (isWanted(testCase, all)) this.print(testCase.name);
    return undefined;
  }
  this.progress.begin(`test ${name}${options.full ? " --full" : ""}`, `suite ${name}`);
  const result = await runSuite(suite, options, this.say, this.progress);
  this.print(JSON.stringify(result));
  this.process.exitCode = result.failed > 0 ? exitCode.failed : exitCode.done;
  return undefined;
}

/** Runs the cases one after the other; each failure is told with its name and the seed. Throws an OperatorError if there is no case: nothing would be proven. */
export async function runSuite(suite: Suite, options: SuiteOptions, say: (text: string) => void, progress: Progress = silent) {
  const begun = performance.now();
  let cases = 0;
  let failed = 0;
  for await (const testCase of suite.cases(options)) {
    if (!isWanted(testCase, options)) continue;
    cases++;
    progress.detail(`case ${cases}, ${testCase.name}`);
    try {
      await testCase.run();
    } catch (error) {
      failed++;
      say(
        `FAILED ${suite.name}: ${testCase.name} (seed ${options.seed})\n  ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  if (cases === 0)
    throw new OperatorError(
      options.only === undefined
        ? `suite ${suite.name} has no case`
        : `no case of ${suite.name} has "${options.only}" in its name; see them with: fleet test ${suite.name} --list`,
    );
  return { suite: suite.name, cases, failed, seed: options.seed, seconds: seconds(begun) };
}

function isWanted({ name }: SuiteCase, { only }: SuiteOptions): boolean {
  return only === undefined || name.includes(only);
}

async function everything(context: Context, full: boolean): Promise<Error | undefined> {
  const { root, say, print, progress } = context;
  // The tools show on a terminal by themselves what they do.
  progress.plain();
  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  const broken: string[] = [];
  const step = async (title: string, work: () => Promise<Count>) => {
    const begun = performance.now();
    progress.step(title);
    // Others run beside it, and each is to be told.
    const count = await work().catch((error: unknown): Count => {
      say(`${title}: ${describeError(error)}`);
      return { passed: 0, failed: 1, skipped: 0 };
    });
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    if (count.failed > 0) broken.push(title);
    const outcome = count.failed > 0 ? `${count.failed} FAILED` : "ok";
    say(`${title}: ${outcome}, ${count.passed} passed${count.skipped ? `, ${count.skipped} skipped` : ""} (${seconds(begun)} s)`);
  };
  const typesAndSuites = async () => {
    await step("type check", () => tool(root, ["node_modules/typescript/bin/tsc", "--noEmit", "--pretty", "false"]));
    for (const [name, load] of Object.entries(suites)) {
      if (!full && longSuites.has(name)) {
        say(`SKIPPED: suite ${name}, which takes minutes: fleet test ${name}, or all with --full`);
        continue;
      }
      await step(`suite ${name}`, async () => {
        const result = await runSuite(await load(), { full, seed: 1 }, say, progress);
        return { passed: result.cases - result.failed, failed: result.failed, skipped: 0 };
      });
    }
  };
  if (!existsSync(join(root, "..", "shared", "specs"))) say("SKIPPED: contract tests against ../shared/specs, which is not here");
  progress.begin(full ? "test --full" : "test", "lint");
  await step("lint", () => tool(root, ["node_modules/@biomejs/biome/bin/biome", "check", "."]));
  await step("engine", () => prepareEngine(context));
  // Tests on the real engine take a case or two of each kind unless this is set.
  if (full) process.env.FLEET_TEST_FULL = "1";
  // Both wait for processes and their start for a third of their time: beside each other they fill two cores.
  await Promise.all([step("tests", () => vitest(root)), typesAndSuites()]);
  if (broken.length > 0) say(`FAILED: ${broken.join(", ")}; what failed is told above, each where it ran`);
  // The last line is a contract; what was skipped, and why, stands above.
  if (total.skipped > 0) say(`${total.skipped} skipped`);
  print(`${total.passed} passed, ${total.failed} failed`);
  context.process.exitCode = total.failed > 0 ? exitCode.failed : exitCode.done;
  return undefined;
}

/** The engine is built before the tests, with its progress shown, so that no test's time limit has to cover it. */
async function prepareEngine({ say, progress }: Context): Promise<Count> {
  const { ensureEngine } = await import("../engine/engine.ts");
  try {
    const engine = await ensureEngine({ env: process.env, onProgress: engineProgress(progress) });
    say(`engine: ${engine.version}, ${engine.why}`);
    return { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function tool(root: string, args: readonly string[]): Promise<Count> {
  const code = await runNode(root, args);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

async function vitest(root: string): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-test-"));
  const report = join(folder, "report.json");
  const code = await runNode(root, [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  try {
    const counts = JSON.parse(await readFile(report, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      numFailedTestSuites: number;
    };
    // A file that cannot be loaded, or an unhandled rejection, fails the run without a failed test.
    const failed = Math.max(counts.numFailedTests, code === 0 ? 0 : 1);
    return { passed: counts.numPassedTests, failed, skipped: counts.numPendingTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Everything a tool prints is for the reader: stderr, so that stdout stays the result. */
function runNode(root: string, args: readonly string[]): Promise<number> {
  // Some tools colour whenever CI is set.
  const env = lively() ? process.env : { ...process.env, NO_COLOR: "1" };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"], env });
    child.stdout.pipe(process.stderr, { end: false });
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

function seconds(begun: number): number {
  return Math.round((performance.now() - begun) / 100) / 10;
}
