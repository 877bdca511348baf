import { CrashLives, effects, nameOf, phases } from "./crash-life.ts";
import { randomOf } from "./random.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";

/** Lives with a point in each phase. */
const everydayLives = 2;

/** A run that goes wrong at a vendor call, at any of them. */
export const suite = {
  name: "crash",
  about: "whatever vendor call a run was killed at or lost the answer of, at most two more runs end where a clean one does",
  async *cases({ full, seed }: SuiteOptions): AsyncGenerator<SuiteCase> {
    const lives = new CrashLives();
    try {
      const calls = await lives.record();
      const points = calls.flatMap((call) => effects.map((effect) => ({ ...call, effect })));
      const random = randomOf(seed, 0);
      const chosen = full
        ? points
        : Array.from({ length: everydayLives }).flatMap(() =>
            phases.flatMap((phase) => random.shuffle(points.filter((point) => point.phase === phase)).slice(0, 1)),
          );
      for (const point of chosen) yield { name: nameOf(point), run: () => lives.run(point) };
    } finally {
      await lives.end();
    }
  },
} satisfies Suite;
