/** Whether the sandbox's clients compute, from Linux's /proc: on a busy machine a client may be silent for long because it gets no processor, not because
 *  it waits. */
import { readdirSync, readFileSync } from "node:fs";

export class Clients {
  readonly #mark: string;
  /** Start time by process id: an id may be given again. */
  readonly #members = new Map<number, string>();
  readonly #strangers = new Map<number, string>();

  /** Clients are the processes that were started with this text in their environment, and what they start. */
  constructor(mark: string) {
    this.#mark = `${mark}\0`;
  }

  /** Whether, in this moment, one of their threads runs, waits for a processor or waits for a disk. Never where there is no /proc. */
  busy(): boolean {
    // Those that are known first: to look for others takes a look at every process.
    return this.#anyBusy() || (this.#look() && this.#anyBusy());
  }

  #anyBusy(): boolean {
    for (const pid of this.#members.keys())
      for (const thread of list(`/proc/${pid}/task`)) if (/^[RD]$/.test(stat(`${pid}/task/${thread}`)?.state ?? "")) return true;
    return false;
  }

  /** Whether there are new ones. */
  #look(): boolean {
    const before = this.#members.size;
    const present = new Set<number>();
    for (const name of list("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      const facts = stat(name);
      if (facts === undefined || facts.state === "Z") continue;
      const { parent, start } = facts;
      present.add(pid);
      if (this.#members.get(pid) === start || (this.#strangers.get(pid) === start && !this.#members.has(parent))) continue;
      const belongs = this.#members.has(parent) || read(`/proc/${name}/environ`)?.includes(this.#mark);
      (belongs ? this.#members : this.#strangers).set(pid, start);
      (belongs ? this.#strangers : this.#members).delete(pid);
    }
    const gone = [...this.#members.keys()].filter((pid) => !present.has(pid));
    for (const pid of gone) this.#members.delete(pid);
    return this.#members.size > before - gone.length;
  }
}

function stat(place: string): { readonly state: string; readonly parent: number; readonly start: string } | undefined {
  const text = read(`/proc/${place}/stat`);
  // The second field is the program's name in parentheses, and may hold blanks and parentheses itself.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields && { state: fields[0] ?? "", parent: Number(fields[1]), start: fields[19] ?? "" };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined where the process has just ended, or is not ours to look at. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
