/** `fleet bench memory`: the peak of the demo with every process it starts: engine, program, providers, sandbox, billing, Postgres. */
import { randomUUID } from "node:crypto";
import type { Context } from "../../cli/context.ts";
import { OperatorError } from "../../domain/error.ts";
import { ensureEngine } from "../../engine/engine.ts";
import { type BenchResult, rounded } from "./bench.ts";
import { runFleet } from "./command.ts";
import { ProcessFamily } from "./processes.ts";

const barBytes = 1.5e9;

export async function bench({ root, say, process: { env } }: Context): Promise<BenchResult> {
  if (process.platform !== "linux")
    throw new OperatorError(
      `memory is measured from Linux's /proc, which ${process.platform} does not have; run this bench on Linux`,
    );
  // Built in the demo, the engine would be measured while it compiles.
  await ensureEngine({ env, root });
  const mark = `FLEET_BENCH_MARK=${randomUUID()}`;
  const family = new ProcessFamily(mark);
  const [name = "", value] = mark.split("=");
  const ended = new AbortController();
  const watching = family.watch(ended.signal);
  const { seconds } = await runFleet(root, ["demo", "--json"], { ...env, [name]: value }, say).finally(() => ended.abort());
  const { bytes, byKind, mostByKind, processes, samples } = await watching;
  const left = family.living();
  return {
    bench: "memory",
    ratio: rounded(bytes / barBytes),
    against: "the demo's peak of proportional set sizes over all its processes, in the bar of 1.5 GB",
    details: {
      peakBytes: bytes,
      barBytes,
      byKindBytes: largestFirst(byKind),
      mostByKindBytes: largestFirst(mostByKind),
      processesMost: processes,
      processesLeft: left.length,
      ...(left.length > 0 ? { left: left.join("; ") } : {}),
      samples,
      seconds: rounded(seconds, 1),
    },
  };
}

function largestFirst(bytes: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(bytes).toSorted(([, a], [, b]) => b - a));
}
