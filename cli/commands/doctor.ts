import { buildCommand } from "@stricli/core";
import type { Context } from "../context.ts";
import { json } from "../flags.ts";

export const doctor = buildCommand<{ json?: boolean }, [], Context>({
  func: async function (flags) {
    const { examine } = await import("../../engine/doctor.ts");
    const report = await examine(this.process.env);
    if (flags.json) return this.print(JSON.stringify(report));
    for (const [topic, value] of Object.entries(report)) this.print(`${topic.padEnd(12)} ${line(value)}`);
  },
  parameters: { flags: { json } },
  docs: { brief: "Which engine, Node and tools are used, and why", fullDescription: "Example:\n  fleet doctor" },
});

function line(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(line).join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .filter(([, part]) => part !== null && part !== undefined)
    .map(([name, part]) => `${name} ${line(part)}`)
    .join("; ");
}
