import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { json } from "../flags.ts";

export const doctor = buildCommand<{ json?: boolean }, [], Context>({
  func: async function (flags) {
    const { examine } = await import("../../engine/doctor.ts");
    const { DoctorReport } = await import("../reports.ts");
    const { lines } = await import("../table.ts");
    const report = DoctorReport.parse(await examine(this.process.env));
    if (flags.json) return this.print(JSON.stringify(report));
    for (const [topic, value] of Object.entries(report)) {
      const told = facts(value).flatMap((fact) => lines(fact, 80 - indent));
      this.print(told.map((line, at) => `${(at === 0 ? topic : "").padEnd(indent)}${line}`).join("\n"));
    }
  },
  parameters: { flags: { json } },
  docs: { brief: "Which engine, Node and tools are used, and why", fullDescription: "Example:\n  fleet doctor" },
});

const indent = 15;

/** A line a fact. */
function facts(value: unknown): readonly string[] {
  if (value === null || value === undefined) return ["none"];
  if (Array.isArray(value)) return value.flatMap((item) => facts(item).join("; "));
  if (typeof value !== "object") return [String(value)];
  return Object.entries(value)
    .filter(([, part]) => part !== null && part !== undefined)
    .flatMap(([name, part]) => (typeof part === "object" ? facts(part).map((fact) => `${name} ${fact}`) : [`${name} ${part}`]));
}
