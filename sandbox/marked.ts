/** Processes that belong together, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Those that were started with this text in their environment, and what they start: both, because a detached process gets another parent, and Postgres
 *  another environment. */
export class MarkedProcesses {
  readonly #mark: string;
  /** Start time by process id: an id may be given again. */
  readonly #members = new Map<number, string>();
  readonly #strangers = new Map<number, string>();

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** Start times by process id, as the last look found them. */
  get members(): ReadonlyMap<number, string> {
    return this.#members;
  }

  /** Looks at every process; whether more were found than ended. Nothing is found where there is no /proc. */
  look(): boolean {
    const before = this.#members.size;
    const present = new Set<number>();
    for (const name of listed("")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      const facts = factsOf(name);
      if (facts === undefined || facts.state === "Z") continue;
      const { parent, start } = facts;
      present.add(pid);
      if (this.#members.get(pid) === start || (this.#strangers.get(pid) === start && !this.#members.has(parent))) continue;
      const belongs = this.#members.has(parent) || readProcess(name, "environ")?.includes(this.#mark);
      (belongs ? this.#members : this.#strangers).set(pid, start);
      (belongs ? this.#strangers : this.#members).delete(pid);
    }
    const gone = [...this.#members.keys()].filter((pid) => !present.has(pid));
    for (const pid of gone) this.#members.delete(pid);
    return this.#members.size > before - gone.length;
  }
}

export interface ProcessFacts {
  /** One letter of proc(5), such as R, S, D or Z. */
  readonly state: string;
  readonly parent: number;
  readonly start: string;
  /** Time of the processor, of user and system, in Linux's ticks. */
  readonly ticks: number;
}

/** Of a process (`123`) or a thread (`123/task/124`). */
export function factsOf(place: number | string): ProcessFacts | undefined {
  const text = readProcess(place, "stat");
  // The second field is the program's name in parentheses, and may hold blanks and parentheses itself.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  if (!fields) return undefined;
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { state: fields[0] ?? "", parent: Number(fields[1]), start: fields[19] ?? "", ticks };
}

/** A file of /proc/<place>; undefined where the process has just ended, or is not ours to look at. */
export function readProcess(place: number | string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${place}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** Names in a folder of /proc; none where it is not there. */
export function listed(folder: string): string[] {
  try {
    return readdirSync(`/proc/${folder}`);
  } catch {
    return [];
  }
}
