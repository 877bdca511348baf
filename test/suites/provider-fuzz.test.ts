import { expect, test } from "vitest";
import { volume } from "../../infra/providers/railway/volume.ts";
import { fuzzCases, namesProperty, suite } from "./provider-fuzz.ts";

/** Another seed than `fleet test` has. */
test(`${suite.about}: 250 inputs`, async () => {
  let run = 0;
  for await (const one of fuzzCases(250, 20_261_124)) {
    await one.run();
    run++;
  }
  expect(run).toBe(250);
});

test("the judge of the cases does not let a poor message pass", () => {
  const judged = (property: string, reason: string) => () => namesProperty(volume, { mountPath: 1 }, property, reason);
  expect(judged("mountPath", "is not a path")).not.toThrow();
  expect(judged("sizeGB", "is missing")).not.toThrow();
  expect(judged("", "is not known")).toThrow("names no property");
  expect(judged("colour", "is not known")).toThrow("neither an input");
  expect(judged("mountPath", "")).toThrow("a poor reason");
  expect(judged("mountPath", "boom\n    at check (x.ts:1)")).toThrow("a poor reason");
});
