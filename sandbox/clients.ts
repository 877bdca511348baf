/** Whether the sandbox's clients compute, from Linux's /proc: on a busy machine a client may be silent for long because it gets no processor, not because
 *  it waits. */
import { factsOf, listed, MarkedProcesses } from "./marked.ts";

export class Clients {
  readonly #processes: MarkedProcesses;

  /** Clients are the processes that were started with this variable in their environment, and what they start. */
  constructor(mark: string) {
    this.#processes = new MarkedProcesses(`${mark}\0`);
  }

  /** Whether, in this moment, one of their threads runs, waits for a processor or waits for a disk. Never where there is no /proc. */
  busy(): boolean {
    // Those that are known first: to look for others takes a look at every process.
    return this.#anyBusy() || (this.#processes.look() && this.#anyBusy());
  }

  #anyBusy(): boolean {
    for (const pid of this.#processes.members.keys())
      for (const thread of listed(`${pid}/task`)) if (/^[RD]$/.test(factsOf(`${pid}/task/${thread}`)?.state ?? "")) return true;
    return false;
  }
}
