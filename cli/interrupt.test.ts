import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { processContext } from "./context.ts";
import { interruptible, passingSignals } from "./interrupt.ts";

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s aborts what runs, is said, and is not listened to afterwards",
  async (name) => {
    const said: string[] = [];
    const context = { ...processContext, say: (text: string) => void said.push(text) };
    const before = process.listenerCount(name);
    const aborted = await interruptible(context, async (signal) => {
      process.emit(name, name);
      return signal.aborted;
    });
    expect(aborted).toBe(true);
    expect(said).toEqual(["stopping: what is under way at a vendor is finished first …"]);
    expect(process.listenerCount(name)).toBe(before);
  },
);

test("a second signal, of the same or of another name, does not end us before the child, and is not said again", async () => {
  const said: string[] = [];
  const context = { ...processContext, say: (text: string) => void said.push(text) };
  const before = process.listenerCount("SIGINT");
  await interruptible(context, async () => {
    process.emit("SIGINT", "SIGINT");
    // Without a listener the next one would end this process.
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    process.emit("SIGINT", "SIGINT");
    process.emit("SIGHUP", "SIGHUP");
  });
  expect(said).toHaveLength(1);
});

test("a signal that is meant for us goes to the child, and the child's own answer counts", async () => {
  const program = 'process.on("SIGTERM", () => process.exit(7)); setInterval(() => {}, 1000); process.stdout.write("up")';
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const before = process.listenerCount("SIGTERM");
  const end = new Promise<number | null>((resolve) => child.once("close", resolve));
  const answer = passingSignals(child, end);
  process.emit("SIGTERM", "SIGTERM");
  expect(await answer).toBe(7);
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
