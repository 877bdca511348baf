import { ok } from "node:assert/strict";
import { CrashEngine } from "./crash-engine.ts";
import { type Calls, dayOf, nameOf, ofDay, type Phase, phases, pointsOf } from "./crash-points.ts";
import { agreed, differences, joined, record, recorded } from "./crash-recorded.ts";
import { CrashWire } from "./crash-wire.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";

/** A run that goes wrong at a vendor call, at any of them. */
export const suite = {
  name: "crash",
  about: "whatever vendor call a run was killed at or lost the answer of, at most two more runs end where a clean one does",
  async *cases({ full, seed, only }: SuiteOptions): AsyncGenerator<SuiteCase> {
    const engine = new CrashEngine();
    const wire = new CrashWire();
    try {
      const all = pointsOf(recorded());
      const everything = full || only !== undefined;
      const day = dayOf(Date.now());
      if (everything) yield { name: "the recorded calls are those of a clean run", run: () => compare(engine, wire) };
      if (everything)
        for (const point of all)
          yield { name: nameOf(point), run: () => (point.way === "wire" ? wire.run(point) : engine.run(point)) };
      else
        for (const point of ofDay(all, day, seed))
          yield { name: `${nameOf(point)} [day ${day}]`, run: () => engine.runShort(point) };
      yield {
        name: "the lock of another machine stops up before it changes anything; in CI an old one is broken",
        run: () => engine.foreignLock(),
      };
    } finally {
      await engine.end();
      wire.end();
    }
  },
} satisfies Suite;

/** With FLEET_TEST_RENEW=1 the calls of this clean run are recorded. */
async function compare(engine: CrashEngine, wire: CrashWire): Promise<void> {
  const calls: [Phase, Calls][] = [];
  for (const phase of phases) {
    const [through, over] = [(await engine.clean(phase)).calls, (await wire.clean(phase)).calls];
    calls.push([phase, agreed(through, over)]);
  }
  const now = joined(calls);
  if (process.env.FLEET_TEST_RENEW === "1") record(now);
  const lines = differences(recorded(), now);
  ok(
    lines.length === 0,
    `${lines.join("\n")}\nif that is meant: FLEET_TEST_RENEW=1 ./fleet test crash --only "the recorded calls"`,
  );
}
