import { EngineCases } from "./edits-engine.ts";
import { Lives, mostEdits } from "./edits-lives.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";

/** Lives on the model; suspensions on the real engine (the whole life comes back twice more), after each how many of them a preview follows; random lives on the
 *  real engine. */
const sizes = {
  everyday: { lives: 500, resumes: 1, previewEvery: 1, engine: 0 },
  full: { lives: 4000, resumes: 49, previewEvery: 1, engine: 24 },
};

/** A tenant's data through whatever people do to its file. */
export const suite = {
  name: "edits",
  about: "no edits of tenant files delete, change or detach a volume unless its tenant was offboarding before",
  async *cases({ full, seed }: SuiteOptions): AsyncGenerator<SuiteCase> {
    const { lives, resumes, previewEvery, engine } = full ? sizes.full : sizes.everyday;
    const model = new Lives(seed);
    const real = new EngineCases();
    try {
      for (let index = 0; index < lives; index++)
        yield { name: `life ${index} of seed ${seed}: up to ${mostEdits} random edits`, run: () => model.live(seed, index) };
      for (let round = 1; round <= resumes; round++)
        yield {
          name: `engine: suspended and back, round ${round} of ${resumes}: identical volume, no diff left over`,
          run: () => real.resume(round, round % previewEvery === 0),
        };
      yield { name: "engine: active, suspended, active, retained, active, offboarding, removed", run: () => real.life() };
      for (let index = 0; index < engine; index++)
        yield {
          name: `engine: life ${index} of seed ${seed}, after the one before it: up to ${mostEdits} random edits`,
          run: () => real.random(seed, index),
        };
    } finally {
      model.end();
      await real.end();
    }
  },
} satisfies Suite;
