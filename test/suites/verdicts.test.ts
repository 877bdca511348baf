import { describe, test } from "vitest";
import { suite } from "./verdicts.ts";

/** The everyday cases of the suite among the other tests, with one seed, so that a failure here is the same tomorrow. */
describe(suite.about, () => {
  for (const one of suite.cases({ full: false, seed: 20_261_123 })) test(one.name, async () => one.run());
});
