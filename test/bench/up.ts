/** `fleet bench up`: what our provider costs beside one that does nothing, and what an up of the sample fleet costs when there is nothing to do. */
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { Context } from "../../cli/context.ts";
import { type BenchResult, median, rounded } from "./bench.ts";
import { providerCosts } from "./provider.ts";
import { callsBetween, callsOf, withStand } from "./stand.ts";

const runs = 5;
const up = ["up", "--yes", "--skip-preview"];

export function bench(context: Context): Promise<BenchResult> {
  const { root, say } = context;
  return withStand(context, async (stand) => {
    const { folder, sandbox, time } = stand;
    say("first up of the sample fleet …");
    const firstUpSeconds = await time(up, root);
    const made = await callsOf(sandbox, root);

    const floor = await emptyProject(folder);
    const floorStack = { PULUMI_STACK: "floor" };
    await time(["stack", "init", "floor"], floor);
    await time(up, floor, floorStack);

    const noops: number[] = [];
    const floors: number[] = [];
    for (let run = 1; run <= runs; run++) {
      say(`nothing to do, ${run} of ${runs} …`);
      noops.push(await time(up, root));
      floors.push(await time(up, floor, floorStack));
    }
    const spent = callsBetween(made, await callsOf(sandbox, root));
    const provider = await providerCosts(stand, root, say);
    return {
      bench: "up",
      ratio: provider.ratio,
      against:
        "seconds of an up, or of a no-op up (the worse of the two), of 50 tenants on our Railway provider, in those of the same program on a bare gRPC responder",
      details: {
        provider: provider.details,
        noopSeconds: rounded(median(noops)),
        noopSecondsLeast: rounded(Math.min(...noops)),
        noopSecondsMost: rounded(Math.max(...noops)),
        floorSeconds: rounded(median(floors)),
        firstUpSeconds: rounded(firstUpSeconds),
        barSeconds: 5,
        runs,
        firstUpCalls: made.byVendor,
        firstUpMutatingCalls: made.mutating,
        noopCalls: Object.fromEntries(Object.entries(spent.byVendor).map(([vendor, count]) => [vendor, count / runs])),
        noopMutatingCalls: spent.mutating / runs,
        loadAverage: rounded(loadavg()[0] ?? 0, 1),
      },
    };
  });
}

/** A program without a resource; what its up takes is the engine's, the language host's and the SDK's. */
async function emptyProject(parent: string): Promise<string> {
  const folder = join(parent, "floor");
  await mkdir(folder);
  await writeFile(
    join(folder, "Pulumi.yaml"),
    "name: floor\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: main.ts\n",
  );
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "main.ts"), "export {};\n");
  return folder;
}
