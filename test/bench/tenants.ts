/** `fleet bench tenants`: how long the check of a thousand tenant files takes, and how long a person waits for `--help`. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../cli/context.ts";
import { keygen, seal } from "../../tenants/seal.ts";
import { copyCheckout } from "../checkout.ts";
import { type BenchResult, median, rounded } from "./bench.ts";
import { runFleet } from "./command.ts";

const files = 1000;
const membersOfOne = 2;
const runs = 3;

export async function bench({ say, process: { env } }: Context): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-bench-"));
  try {
    const clone = join(folder, "clone");
    copyCheckout(clone);
    const { identity, recipient } = await keygen();
    const stack = join(clone, "tenants", "test");
    await writeFile(join(stack, "recipient.txt"), `${recipient}\n`);
    for (let index = 0; index < files; index++)
      await writeFile(join(stack, `${slugOf(index)}.yaml`), await entryOf(index, recipient));
    const { FLEET_AGE_IDENTITY: _, ...without } = env;
    const time = async (words: readonly string[], own: NodeJS.ProcessEnv = without) => {
      const seconds: number[] = [];
      for (let run = 1; run <= runs; run++) {
        say(`fleet ${words.join(" ")}, ${run} of ${runs} …`);
        seconds.push((await runFleet(clone, words, own, say)).seconds);
      }
      return median(seconds);
    };
    await time(["--help"]); // Compiled code is kept from here on.
    const help = await time(["--help"]);
    const few = await time(["tenant", "check", "--stack", "sandbox"]);
    const many = await time(["tenant", "check"]);
    const opened = await time(["tenant", "check"], { ...without, FLEET_AGE_IDENTITY: identity });
    return {
      bench: "tenants",
      ratio: rounded(many / few),
      against: `seconds of fleet tenant check with ${files} files, in those of the three files of the sandbox`,
      details: {
        checkSeconds: rounded(many),
        checkWithIdentitySeconds: rounded(opened),
        barCheckSeconds: 3,
        sandboxCheckSeconds: rounded(few),
        helpSeconds: rounded(help),
        barHelpSeconds: 0.3,
        files,
        sealedAddresses: files * membersOfOne,
        runs,
        loadAverage: rounded(loadavg()[0] ?? 0, 1),
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Names that no two of which look alike. */
function slugOf(index: number): string {
  return `t${[...String(index)].map((digit) => "abefghjkpq"[Number(digit)]).join("")}x`;
}

async function entryOf(index: number, recipient: string): Promise<string> {
  const sealed = await Promise.all(
    Array.from({ length: membersOfOne }, (_, member) => seal(`person${member}@t${index}.example`, recipient)),
  );
  return [
    "# yaml-language-server: $schema=../tenant.schema.json",
    `uid: tn_${String(index).padStart(10, "0")}`,
    `name: Tenant ${index}`,
    "plan: standard-2026-01",
    "access:",
    "  members:",
    ...sealed.map((address) => `    - email: ${address}`),
    "app: { memoryGB: 2, sleep: true }",
    "",
  ].join("\n");
}
