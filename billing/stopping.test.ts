import { expect, test } from "vitest";
import { stopOnSignals, unlessStopped } from "./stopping.ts";

test("a command that waits for something is left as soon as it is told to stop, with the reason", async () => {
  const abort = new AbortController();
  const never = unlessStopped(abort.signal, () => new Promise(() => undefined));
  abort.abort(new Error("told to stop"));
  await expect(never).rejects.toThrow("told to stop");
  await expect(unlessStopped(abort.signal, async () => "begun")).rejects.toThrow("told to stop");
  const { signal } = new AbortController();
  expect(await unlessStopped(signal, async () => "done")).toBe("done");
  await expect(unlessStopped(signal, () => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s stops, says so once, and the same wish told twice ends nothing",
  (name) => {
    const said: string[] = [];
    const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const before = new Map(names.map((one) => [one, process.listeners(one)]));
    const stop = stopOnSignals((text) => void said.push(text));
    try {
      expect(stop.aborted).toBe(false);
      process.emit(name, name);
      process.emit(name, name);
      expect(stop.aborted).toBe(true);
      expect(String(stop.reason)).toContain(`stopped by ${name}`);
      expect(said).toHaveLength(1);
    } finally {
      for (const [one, listeners] of before)
        for (const listener of process.listeners(one)) if (!listeners.includes(listener)) process.off(one, listener);
    }
  },
);
