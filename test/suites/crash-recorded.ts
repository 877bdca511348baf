/** The calls of a clean run, as they were recorded: crash-calls.json beside this file. A case of the suite holds them against a clean run. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Calls, type Phase, phases, type Recorded, type Vendor, vendors } from "./crash-points.ts";

const file = join(import.meta.dirname, "crash-calls.json");
const Recording = z.record(z.enum(phases), z.record(z.enum(vendors), z.record(z.string(), z.int().positive())));

export function recorded(): Recorded {
  return Recording.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** Keeps the calls of each phase. */
export function record(calls: Recorded): void {
  writeFileSync(file, `${JSON.stringify(calls, undefined, 2)}\n`);
}

/** The calls of all phases together; throws where one is missing. */
export function joined(calls: readonly (readonly [Phase, Calls])[]): Recorded {
  return Recording.parse(Object.fromEntries(calls));
}

/** What a clean run asks, from two: through the engine and over the wire. A refused call that was tried again counts in one of them, never in both alike. */
export function agreed(engine: Calls, wire: Partial<Calls>): Calls {
  const both = (vendor: Vendor) =>
    Object.fromEntries(
      Object.entries(engine[vendor]).map(
        ([operation, times]) => [operation, Math.min(times, wire[vendor]?.[operation] ?? times)] as const,
      ),
    );
  return { railway: both("railway"), cloudflare: both("cloudflare"), openrouter: both("openrouter") };
}

/** One line for each operation that is asked more or less often than recorded; empty where nothing changed. */
export function differences(before: Recorded, now: Recorded): string[] {
  const lines: string[] = [];
  const at = (phase: Phase, calls: Recorded) =>
    new Map(
      vendors.flatMap((vendor) => Object.entries(calls[phase][vendor]).map(([name, times]) => [`${vendor} ${name}`, times])),
    );
  for (const phase of phases) {
    const [old, current] = [at(phase, before), at(phase, now)];
    for (const name of new Set([...old.keys(), ...current.keys()]))
      if (old.get(name) !== current.get(name))
        lines.push(`${phase}: ${name}: ${old.get(name) ?? 0} recorded, ${current.get(name) ?? 0} now`);
  }
  return lines;
}
