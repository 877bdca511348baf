/** `fleet bench demo`: how long the main job takes from nothing to invoices, with engine and dependencies in place. */
import { loadavg } from "node:os";
import type { Context } from "../../cli/context.ts";
import { DemoReport } from "../../cli/demo/report.ts";
import { ensureEngine } from "../../engine/engine.ts";
import { type BenchResult, rounded } from "./bench.ts";
import { runFleet } from "./command.ts";

/** The demo's progress: `  9.1 s  looking again: nothing may be left to change …`. */
const step = /^\s*(\d+\.\d) s {2}(.+) …$/;

export async function bench({ root, say, process: { env } }: Context): Promise<BenchResult> {
  await ensureEngine({ env, root });
  const steps: { name: string; at: number }[] = [];
  const { stdout, seconds } = await runFleet(root, ["demo", "--json"], env, (line) => {
    const found = step.exec(line);
    if (found) steps.push({ name: found[2] ?? "", at: Number(found[1]) });
    say(line);
  });
  const report = DemoReport.parse(JSON.parse(stdout));
  const phases = Object.fromEntries(
    steps.map(({ name, at }, index) => [name, rounded((steps[index + 1]?.at ?? report.seconds) - at, 1)]),
  );
  const [up] = Object.values(phases);
  if (up === undefined)
    throw new Error("the demo told of no step; its progress lines have changed their form (test/bench/demo.ts)");
  return {
    bench: "demo",
    ratio: rounded(seconds / up),
    against: "seconds of the whole demo, in those of its first up of the sample fleet (the same run)",
    details: {
      seconds: rounded(seconds, 1),
      barSeconds: 60,
      phaseSeconds: phases,
      vendorCalls: report.vendorCalls,
      loadAverage: rounded(loadavg()[0] ?? 0, 1),
    },
  };
}
