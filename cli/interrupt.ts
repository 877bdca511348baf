import type { Context } from "./context.ts";

/** Runs something whose child has a process group of its own: Ctrl-C, SIGTERM and a closed terminal, which would end us and leave it running, abort the signal instead. */
export async function interruptible<T>(context: Context, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const interrupt = () => {
    context.say("stopping: what is under way at a vendor is finished first …");
    abort.abort();
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt).once("SIGHUP", interrupt);
  try {
    return await run(abort.signal);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt).off("SIGHUP", interrupt);
  }
}
