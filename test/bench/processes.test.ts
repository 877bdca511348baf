import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { ProcessFamily } from "./processes.ts";

const linux = process.platform === "linux";

/** Prints a line when it runs, and stays until it is killed. */
const stays = "console.log(process.pid); setInterval(() => {}, 1000);";

test.runIf(linux)(
  "what a command detached, or started without its environment, counts as the command's, and a stranger does not",
  async () => {
    const mark = `FLEET_BENCH_MARK=${process.pid}-${performance.now()}`;
    const [name = "", value] = mark.split("=");
    const start = (script: string, env: NodeJS.ProcessEnv): ChildProcess => {
      const child = spawn(process.execPath, ["-e", script], { env, stdio: ["ignore", "pipe", "inherit"], detached: true });
      onTestFinished(() => void child.kill("SIGKILL"));
      return child;
    };
    const grandchild = (script: string) => `const own = require("node:child_process").spawn(process.execPath, ["-e",
    ${JSON.stringify(script)}, "grandchild"], { env: {}, detached: true, stdio: "inherit" });
    process.on("SIGTERM", () => { own.kill("SIGKILL"); own.on("exit", () => process.exit()); }); setInterval(() => {}, 1000);`;
    // Half a second of the processor for the grandchild, before it says that it is there.
    const works = "while (process.cpuUsage().user + process.cpuUsage().system < 500e3);";
    const member = start(grandchild(`${works} ${stays}`), { ...process.env, [name]: value });
    const stranger = start(stays, process.env);
    await Promise.all([member, stranger].map((child) => once(child.stdout ?? child, "data")));

    const family = new ProcessFamily(mark);
    const living = family.living();
    expect(living).toHaveLength(2);
    expect(living.filter((line) => line.endsWith(" grandchild"))).toHaveLength(1);
    const ended = new AbortController();
    const watching = family.watch(ended.signal);
    ended.abort();
    const peak = await watching;
    expect(peak).toMatchObject({ processes: 2, samples: 1, byKind: { node: peak.bytes }, mostByKind: { node: peak.bytes } });
    // Two Nodes, each with a heap of its own.
    expect(peak.bytes).toBeGreaterThan(10e6);

    const { node = 0, ...others } = await family.processor(ended.signal);
    expect(node).toBeGreaterThan(0.45);
    expect(others).toEqual({});

    member.kill("SIGTERM");
    await once(member, "exit");
    expect(family.living()).toEqual([]);
  },
);
