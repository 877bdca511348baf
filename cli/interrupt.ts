import type { ChildProcess } from "node:child_process";
import type { Context } from "./context.ts";

/** Runs something whose child has a process group of its own: Ctrl-C, SIGTERM and a closed terminal, which would end us and leave it running, abort the signal instead.
 *  So does a second one: whoever called us may pass on what the terminal has sent to all, and the engine is killed anyway where it does not stop in time. */
export async function interruptible<T>(context: Context, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) return;
    context.say("stopping: what is under way at a vendor is finished first …");
    abort.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt).on("SIGHUP", interrupt);
  try {
    return await run(abort.signal);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt).off("SIGHUP", interrupt);
  }
}

/** Waits for `end` of a child that ends in order by itself: whatever signal is meant for us goes to it, and we wait for its answer. */
export async function passingSignals<T>(child: ChildProcess, end: Promise<T>): Promise<T> {
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on("SIGINT", pass).on("SIGTERM", pass).on("SIGHUP", pass);
  try {
    return await end;
  } finally {
    process.off("SIGINT", pass).off("SIGTERM", pass).off("SIGHUP", pass);
  }
}
