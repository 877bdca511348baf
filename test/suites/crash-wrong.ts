/** A run of `up` that goes wrong at a vendor's call. */
import { ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { alone, type Point } from "./crash-points.ts";
import { type Answer, type EditedStack, killed, told } from "./edits-stack.ts";
import { kill } from "./hostile-machine-ground.ts";

const faults = { "killed before": "hold", "killed after": "holdAnswer", "answer lost": "dropAnswer", [alone]: "hold" } as const;

/** `up`, in which the point's call goes wrong; throws where it never came to that call, or ended before it was killed. */
export async function wrong(stack: EditedStack, { vendor, operation, nth, effect }: Point): Promise<Answer> {
  await stack.order(vendor, { operation, nth, effect: faults[effect] });
  const { pid, answer } = stack.begin(["up", "sandbox"]);
  let over = false;
  void answer.then(() => {
    over = true;
  });
  while (!over && (effect === "answer lost" || (await stack.waits(vendor))))
    await Promise.race([answer, new Promise((done) => setTimeout(done, 50))]);
  // All die together, as on a machine that is switched off; or the plugins stay, and what they were held at goes on.
  for (const one of over ? [] : family(pid)) if (effect !== alone || !one.plugin) kill(one.pid, "SIGKILL");
  const missed = await stack.waits(vendor);
  // What a dying plugin is held at is not let go, or a point before the call would become one after it.
  if (missed || effect === alone) await stack.clearFaults(vendor);
  const said = await answer;
  ok(!missed, `the run never came to its call:\n${told(said)}`);
  ok(effect === "answer lost" || said.code === killed, `the run ended before it was killed:\n${told(said)}`);
  return said;
}

/** A process and all below it, and which of them are providers' plugins. */
function family(first: number): { readonly pid: number; readonly plugin: boolean }[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).trim().split("\n");
  const rows = lines.flatMap((line) => {
    const [, pid, parent, words = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), words }];
  });
  const all = [{ pid: first, plugin: false }];
  for (const one of all)
    for (const { pid, parent, words } of rows)
      if (parent === one.pid) all.push({ pid, plugin: one.plugin || /pulumi-resource-|providers\/\w+\/main\.ts/.test(words) });
  return all;
}
