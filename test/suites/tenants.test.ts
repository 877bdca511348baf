import { describe, expect, test } from "vitest";
import { inProcess, suite } from "./tenants.ts";
import { checked, refusedAsJson, refusedWell, text } from "./tenants-scene.ts";

/** Another seed than `fleet test` has, and none that is new every day, so that a failure here is the same tomorrow. */
describe(suite.about, () => {
  for (const one of inProcess({ broken: 100, right: 5 }, 20_261_124)) test(one.name, async () => one.run());
});

test("the judge of the cases does not let a poor answer pass", async () => {
  const good = await checked(text("", "uid: x\n"), []);
  expect(() => refusedWell(good, 1)).not.toThrow();
  for (const [poor, why] of [
    [{ ...good, code: 1 }, "exit code 1"],
    [{ ...good, out: "x" }, "stdout is not empty"],
    [{ ...good, err: "tenants/sandbox/zephyr.yaml is wrong\n" }, "no file:line:column"],
    [{ ...good, err: `${good.err}    at readDocument (x)\n` }, "no file:line:column"],
    [{ ...good, err: "" }, "no file:line:column"],
    [{ ...good, err: good.err.repeat(1000) }, "characters on stderr"],
    [{ ...good, err: good.err.replace("is missing", "is \u001b[2J") }, "unprintable"],
    [{ ...good, err: good.err.replace("is missing", "is planted.person@x") }, "in the clear"],
  ] as const)
    expect(() => refusedWell(poor), why).toThrow(why);
  expect(() => refusedWell(good, 7)).toThrow("line 7 is not named");
  expect(() => refusedAsJson({ code: 2, err: "", out: '{"stacks":{},"problems":[{"message":"x"}]}' })).toThrow();
});
