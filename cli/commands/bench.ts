import { buildCommand } from "@stricli/core";
import { OperatorError } from "../../domain/error.ts";
import type { Context } from "../context.ts";
import { toggle } from "../flags.ts";

const benches: Readonly<Record<string, () => Promise<() => unknown>>> = {
  verdicts: async () => (await import("../../test/bench/verdicts.ts")).bench,
};

export const bench = buildCommand<{ json?: boolean }, [string], Context>({
  func: async function (_flags, name) {
    const load = benches[name];
    if (!load) throw new OperatorError(`there is no bench "${name}"; there are: ${Object.keys(benches).join(", ")}`);
    this.print(JSON.stringify(await (await load())()));
  },
  parameters: {
    flags: {
      json: toggle("only the JSON object (the last line in any case)"),
    },
    positional: { kind: "tuple", parameters: [{ brief: "its name", parse: String, placeholder: "bench" }] },
  },
  docs: { brief: "Measure one thing against another, side by side in one run" },
});
