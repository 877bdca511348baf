/** What a command costs with everything it starts, from Linux's /proc: memory as proportional set sizes, so that shared pages count once, and time of the
 *  processor, which other work on the same machine disturbs far less than time on the wall. */
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { factsOf, MarkedProcesses, readProcess } from "../../sandbox/marked.ts";

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

/** Samples until `ended`. What belongs to the command is known by this variable in its environment, or by a parent that belonged. */
export class ProcessFamily {
  readonly #processes: MarkedProcesses;

  constructor(mark: string) {
    this.#processes = new MarkedProcesses(mark);
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
      this.#processes.look();
      for (const [pid, start] of this.#processes.members) {
        const facts = factsOf(pid);
        if (facts === undefined) continue;
        const seconds = facts.ticks / ticksPerSecond;
        const kind = kindOf(readProcess(pid, "cmdline") ?? "");
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
    this.#processes.look();
    return [...this.#processes.members.keys()]
      .map((pid) => readProcess(pid, "cmdline")?.replaceAll("\0", " ").trim() ?? "")
      .filter(Boolean);
  }

  #sample() {
    this.#processes.look();
    const byKind: Record<string, number> = {};
    let bytes = 0;
    let processes = 0;
    for (const pid of this.#processes.members.keys()) {
      const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readProcess(pid, "smaps_rollup") ?? "")?.[1];
      if (kilobytes === undefined) continue;
      const own = Number(kilobytes) * 1024;
      const kind = kindOf(readProcess(pid, "cmdline") ?? "");
      byKind[kind] = (byKind[kind] ?? 0) + own;
      bytes += own;
      processes++;
    }
    return { bytes, byKind, processes };
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
