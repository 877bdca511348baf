import { accountCases } from "./hostile-machine-account.ts";
import { engineCases } from "./hostile-machine-engine.ts";
import { folderCases } from "./hostile-machine-folder.ts";
import { Ground, type HostileCase } from "./hostile-machine-ground.ts";
import { killedCases } from "./hostile-machine-killed.ts";
import { surroundingCases } from "./hostile-machine-surroundings.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";

const all: readonly HostileCase[] = [...killedCases, ...engineCases, ...folderCases, ...accountCases, ...surroundingCases];

/** The commands as processes on a machine that is against them. What a machine cannot show is not counted, and said. */
export const suite = {
  name: "hostile-machine",
  about: "whatever the machine is like, a command says what is wrong and the next run works",
  async *cases({ full }: SuiteOptions): AsyncGenerator<SuiteCase> {
    const ground = new Ground();
    const shown = all.filter((one) => (full || one.full !== true) && canBeShown(one));
    const begun = new Map<HostileCase, Promise<unknown>>();
    // Most of a case is waiting for one process: the next one runs beside it.
    const begin = (one: HostileCase | undefined) => {
      if (one && !begun.has(one)) begun.set(one, outcomeOf(one, ground));
    };
    try {
      for (const [index, one] of shown.entries()) {
        const run = async () => {
          begin(one);
          begin(shown[index + 1]);
          const fault = await begun.get(one);
          if (fault !== undefined) throw fault;
        };
        yield { name: one.name, run };
      }
    } finally {
      await Promise.all(begun.values());
      await ground.clear();
    }
  },
} satisfies Suite;

function canBeShown({ name, missing }: HostileCase): boolean {
  const why = missing?.();
  if (why !== undefined) process.stderr.write(`SKIPPED hostile-machine: ${name}: ${why}\n`);
  return why === undefined;
}

/** What the case threw; undefined when its guarantee held. */
async function outcomeOf(one: HostileCase, suiteGround: Ground): Promise<unknown> {
  const ground = new Ground(suiteGround);
  try {
    await one.run(ground);
    return undefined;
  } catch (error) {
    return error ?? new Error("threw nothing");
  } finally {
    await ground.clear();
  }
}
