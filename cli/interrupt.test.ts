import { expect, test } from "vitest";
import { processContext } from "./context.ts";
import { interruptible } from "./interrupt.ts";

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
