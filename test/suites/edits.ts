import { EngineCases } from "./edits-engine.ts";
import { Lives, mostEdits } from "./edits-lives.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";

/** Lives on the model; rounds of two suspensions on the real engine (the whole life comes back twice more), a preview after each; random lives on the real
 *  engine. */
const sizes = {
  everyday: { lives: 500, rounds: 1, engine: 0 },
  full: { lives: 4000, rounds: 25, engine: 20 },
};

/** A tenant's data through whatever people do to its file. */
export const suite = {
  name: "edits",
  about: "no edits of tenant files delete, change or detach a volume unless its tenant was offboarding before",
  async *cases({ full, seed }: SuiteOptions): AsyncGenerator<SuiteCase> {
    const { lives, rounds, engine } = full ? sizes.full : sizes.everyday;
    const model = new Lives(seed);
    const real = new EngineCases();
    try {
      for (let index = 0; index < lives; index++)
        yield { name: `life ${index} of seed ${seed}: up to ${mostEdits} random edits`, run: () => model.live(seed, index) };
      for (let round = 1; round <= rounds; round++)
        yield {
          name: `engine: both tenants suspended and back, round ${round} of ${rounds}: identical volumes, no diff left over`,
          run: () => real.resume(round),
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
