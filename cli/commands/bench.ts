import { buildCommand } from "@stricli/core";
import { OperatorError } from "../../domain/error.ts";
import type { Bench, Detail } from "../../test/bench/bench.ts";
import type { Context } from "../context.ts";
import { toggle } from "../flags.ts";
import { among } from "../proposals.ts";

/** Benches by name; each is loaded when it runs. */
const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  verdicts: async () => (await import("../../test/bench/verdicts.ts")).bench,
  up: async () => (await import("../../test/bench/up.ts")).bench,
  demo: async () => (await import("../../test/bench/demo.ts")).bench,
  memory: async () => (await import("../../test/bench/memory.ts")).bench,
  tenants: async () => (await import("../../test/bench/tenants.ts")).bench,
};

export const bench = buildCommand<{ json?: boolean }, [string], Context>({
  func: async function (flags, name) {
    const load = Object.hasOwn(benches, name) ? benches[name] : undefined;
    if (!load) {
      const { unknown } = await import("../choose.ts");
      throw new OperatorError(unknown("bench", name, Object.keys(benches)));
    }
    this.progress.begin(`bench ${name}`, `measuring ${name}`);
    const result = await (await load())(this);
    if (!flags.json) {
      for (const [what, value] of Object.entries(result.details)) this.print(`${what}: ${shown(value)}`);
      this.print(`${result.ratio} = ${result.against}`);
    }
    this.print(JSON.stringify(result));
  },
  parameters: {
    flags: {
      json: toggle("only the JSON object (the last line in any case)"),
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: `one of ${Object.keys(benches).join(", ")}`,
          parse: String,
          placeholder: "bench",
          proposeCompletions: among(Object.keys(benches)),
        },
      ],
    },
  },
  docs: {
    brief: "Measure one thing against another, side by side in one run",
    fullDescription: "Example:\n  fleet bench verdicts",
  },
});

function shown(value: Detail): string {
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([key, number]) => `${key} ${number}`)
    .join(", ");
}
