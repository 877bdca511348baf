import { expect, test } from "vitest";
import { OperatorError } from "../domain/error.ts";
import type { Suite } from "../test/suites/suite.ts";
import type { Context } from "./context.ts";
import { silent } from "./progress.ts";
import { runSuite, runTests, suites } from "./test.ts";

function recorded() {
  const printed: string[] = [];
  const said: string[] = [];
  const context = {
    process: { stdout: process.stdout, stderr: process.stderr, env: {}, exitCode: undefined as number | undefined },
    root: "",
    print: (text: string) => void printed.push(text),
    say: (text: string) => void said.push(text),
    progress: silent,
  } satisfies Context;
  return { context, printed, said };
}

const three: Suite = {
  name: "three",
  about: "",
  *cases({ seed }) {
    yield { name: "holds", run: () => undefined };
    yield {
      name: `breaks at ${seed}`,
      run: () => {
        throw new Error("1 is not 2");
      },
    };
    yield { name: "breaks later", run: () => Promise.reject(new Error("late")) };
  },
};

test("a suite counts what it really ran, goes on after a failure, and names each failure with the seed that brings it back", async () => {
  const said: string[] = [];
  const result = await runSuite(three, { full: false, seed: 7 }, (text) => said.push(text));
  expect(result).toEqual({ suite: "three", cases: 3, failed: 2, seed: 7, seconds: expect.any(Number) });
  expect(said).toEqual(["FAILED three: breaks at 7 (seed 7)\n  1 is not 2", "FAILED three: breaks later (seed 7)\n  late"]);
});

test.each(Object.keys(suites))("%s: each case has a name of its own, the same each time for the same seed", async (name) => {
  const lists = [recorded(), recorded()];
  for (const { context } of lists) await runTests.call(context, { list: true, seed: 3 }, name);
  const [first = [], second] = lists.map(({ printed }) => printed);
  expect(first.length).toBeGreaterThan(0);
  expect(new Set(first).size).toBe(first.length);
  expect(second).toEqual(first);
});

test("--only runs the cases whose name holds a text, and a text that none holds is refused before anything runs", async () => {
  const said: string[] = [];
  const options = { full: false, seed: 7, only: "breaks" };
  const result = await runSuite(three, options, (text) => said.push(text));
  expect(result).toMatchObject({ cases: 2, failed: 2 });
  const one = recorded();
  await runTests.call(one.context, { list: true, only: "volumeDelete 1, killed after" }, "crash");
  expect(one.printed).toEqual([expect.stringMatching(/^delete: railway volumeDelete 1, killed after \((engine|wire)\)$/)]);
  await expect(runTests.call(recorded().context, { only: "nosuch" }, "crash")).rejects.toThrow('has "nosuch" in its name');
});

test("a suite without a case has not passed", async () => {
  const none: Suite = { name: "none", about: "", *cases() {} };
  await expect(runSuite(none, { full: true, seed: 1 }, () => undefined)).rejects.toThrow("suite none has no case");
});

test("an unknown suite is refused with the known ones, also where its name is one that every object has", async () => {
  for (const name of ["nosuch", "toString"]) {
    const refused = runTests.call(recorded().context, {}, name);
    await expect(refused).rejects.toThrow(OperatorError);
    await expect(refused).rejects.toThrow("verdicts");
  }
});

test.each([
  [{ list: true }, "--list"],
  [{ seed: 7 }, "--seed"],
  [{ only: "x" }, "--only"],
])("what only a suite knows is refused without one, before anything runs: %o", async (flags, named) => {
  const { context, said } = recorded();
  await expect(runTests.call(context, flags)).rejects.toThrow(`${named} needs a suite's name; there are: verdicts`);
  expect(said).toEqual([]);
});
