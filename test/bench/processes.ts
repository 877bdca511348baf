/** What a command costs with everything it starts, from Linux's /proc: memory as proportional set sizes, so that shared pages count once, and time of the
 *  processor, which other work on the same machine disturbs far less than time on the wall. */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface Peak {
  readonly bytes: number;
  /** Bytes by kind of process in the moment of the peak. */
  readonly byKind: Readonly<Record<string, number>>;
  /** The most bytes of each kind in any one moment: some kinds do not live at the peak. */
  readonly mostByKind: Readonly<Record<string, number>>;
  /** The most processes at once. */
  readonly processes: number;
  readonly samples: number;
}

const everyMs = 200;
/** What a process used between the last look and its end is missed. */
const processorEveryMs = 20;
/** Linux's USER_HZ. */
const ticksPerSecond = 100;

/** Samples until `ended`. What belongs to the command is known by this variable in its environment, or by a parent that belonged: both, because a detached
 *  process (the sandbox) gets another parent, and Postgres another environment. */
export class ProcessFamily {
  readonly #mark: string;
  /** Start time by process id: an id may be given again. */
  readonly #members = new Map<number, string>();
  readonly #strangers = new Map<number, string>();

  constructor(mark: string) {
    this.#mark = mark;
  }

  async watch(ended: AbortSignal): Promise<Peak> {
    let peak: { bytes: number; byKind: Record<string, number> } = { bytes: 0, byKind: {} };
    const mostByKind: Record<string, number> = {};
    let samples = 0;
    let processes = 0;
    while (!ended.aborted) {
      const now = this.#sample();
      samples++;
      processes = Math.max(processes, now.processes);
      if (now.bytes > peak.bytes) peak = now;
      for (const [kind, bytes] of Object.entries(now.byKind)) mostByKind[kind] = Math.max(mostByKind[kind] ?? 0, bytes);
      await pause(everyMs, undefined, { signal: ended }).catch(() => undefined);
    }
    return { bytes: peak.bytes, byKind: peak.byKind, mostByKind, samples, processes };
  }

  /** Seconds of the processor until `ended`, by kind of process; none where there is no /proc. */
  async processor(ended: AbortSignal): Promise<Record<string, number>> {
    if (process.platform !== "linux") return {};
    const used = new Map<string, { readonly kind: string; readonly seconds: number }>();
    for (let last = false; !last; ) {
      last = ended.aborted;
      this.#look();
      for (const [pid, start] of this.#members) {
        const fields = statOf(pid);
        if (fields === undefined) continue;
        const seconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
        const kind = kindOf(read(pid, "cmdline") ?? "");
        // It has no command line while it ends either.
        const known = kind === starting ? used.get(`${pid} ${start}`)?.kind : kind;
        used.set(`${pid} ${start}`, { kind: known ?? kind, seconds });
      }
      if (!last) await pause(processorEveryMs, undefined, { signal: ended }).catch(() => undefined);
    }
    const byKind: Record<string, number> = {};
    for (const { kind, seconds } of used.values()) byKind[kind] = (byKind[kind] ?? 0) + seconds;
    return byKind;
  }

  /** The members that still live, as command lines. */
  living(): string[] {
    this.#look();
    return [...this.#members.keys()].map((pid) => read(pid, "cmdline")?.replaceAll("\0", " ").trim() ?? "").filter(Boolean);
  }

  #sample() {
    this.#look();
    const byKind: Record<string, number> = {};
    let bytes = 0;
    let processes = 0;
    for (const pid of this.#members.keys()) {
      const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(read(pid, "smaps_rollup") ?? "")?.[1];
      if (kilobytes === undefined) continue;
      const own = Number(kilobytes) * 1024;
      const kind = kindOf(read(pid, "cmdline") ?? "");
      byKind[kind] = (byKind[kind] ?? 0) + own;
      bytes += own;
      processes++;
    }
    return { bytes, byKind, processes };
  }

  #look(): void {
    const present = new Set<number>();
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      const fields = statOf(pid);
      if (fields === undefined) continue;
      const [state, parent, start] = [fields[0], Number(fields[1]), fields[19] ?? ""];
      if (state === "Z") continue;
      present.add(pid);
      if (this.#members.get(pid) === start || (this.#strangers.get(pid) === start && !this.#members.has(parent))) continue;
      const belongs = this.#members.has(parent) || read(pid, "environ")?.includes(this.#mark);
      (belongs ? this.#members : this.#strangers).set(pid, start);
      (belongs ? this.#strangers : this.#members).delete(pid);
    }
    for (const pid of this.#members.keys()) if (!present.has(pid)) this.#members.delete(pid);
  }
}

const starting = "starting";

const kinds: readonly (readonly [RegExp, string])[] = [
  [/\/infra\/providers\/(\w+)\/main\.ts/, "provider $1"],
  [/\/sandbox\/plugins\/(\w+)\/main\.ts/, "provider $1 (stand-in)"],
  [/\/@pulumi\/pulumi\/cmd\/run/, "program"],
  [/\/engine\/host\/main\.ts/, "language host"],
  [/\/test\/bench\/bare\/main\.ts/, "provider bare"],
  [/\/sandbox\/process\.ts/, "sandbox"],
  [/\/billing\/main\.ts/, "billing"],
  [/\/cli\/main\.ts/, "fleet"],
  [/postgres/, "postgres"],
];

function kindOf(commandLine: string): string {
  for (const [pattern, kind] of kinds) {
    const found = pattern.exec(commandLine);
    if (found) return kind.replace("$1", found[1] ?? "");
  }
  // In the moment of its exec a process has no command line.
  return basename(commandLine.split("\0")[0] ?? "") || starting;
}

/** The fields of /proc/<pid>/stat from the third on: the second is the program's name in parentheses, and may hold blanks and parentheses itself. */
function statOf(pid: number): string[] | undefined {
  const stat = read(pid, "stat");
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Undefined where the process has just ended, or is not ours to look at. */
function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
