/** The resources of @pulumi/random: made once, kept in state, replaced when any input changes. Nothing outside of the state exists. */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { OperatorError } from "../../../domain/error.ts";
import type { Properties, Resource } from "../../../infra/providers/shell/resource.ts";
import { randomText, textProblems } from "./text.ts";

const count = z.number().int().min(0).optional();
const flag = z.boolean().optional();
const keepers = z.record(z.string(), z.string()).optional();
const textInputs = z.object({
  keepers,
  length: z.number().int().min(1),
  ...{ lower: flag, upper: flag, numeric: flag, number: flag, special: flag, overrideSpecial: z.string().optional() },
  ...{ minLower: count, minUpper: count, minNumeric: count, minSpecial: count },
});

interface Kind {
  readonly name: string;
  readonly description: string;
  readonly inputs: z.ZodObject;
  readonly outputs: readonly string[];
  readonly secret: boolean;
  readonly check?: (inputs: Properties) => { property: string; reason: string }[];
  readonly make: (inputs: Properties) => { readonly id: string; readonly state: Properties };
}

const kinds: readonly Kind[] = [
  {
    name: "RandomPassword",
    description: "A random text that is secret.",
    inputs: textInputs,
    outputs: ["result"],
    secret: true,
    check: textProblems,
    make: (inputs) => ({ id: "none", state: { result: randomText(inputs) } }),
  },
  {
    name: "RandomString",
    description: "A random text.",
    inputs: textInputs,
    outputs: ["result"],
    secret: false,
    check: textProblems,
    make(inputs) {
      const result = randomText(inputs);
      return { id: result, state: { result } };
    },
  },
  {
    name: "RandomBytes",
    description: "Random bytes that are secret.",
    inputs: z.object({ keepers, length: z.number().int().min(1) }),
    outputs: ["base64", "hex"],
    secret: true,
    make(inputs) {
      const bytes = randomBytes(Number(inputs.length));
      return { id: "none", state: { base64: bytes.toString("base64"), hex: bytes.toString("hex") } };
    },
  },
  {
    name: "RandomId",
    description: "A random number in several spellings.",
    inputs: z.object({ keepers, byteLength: z.number().int().min(1), prefix: z.string().optional() }),
    outputs: ["b64Std", "b64Url", "dec", "hex"],
    secret: false,
    make(inputs) {
      const bytes = randomBytes(Number(inputs.byteLength));
      const prefix = typeof inputs.prefix === "string" ? inputs.prefix : "";
      const hex = bytes.toString("hex");
      const state = {
        b64Std: prefix + bytes.toString("base64"),
        b64Url: prefix + bytes.toString("base64url"),
        dec: prefix + BigInt(`0x${hex}`).toString(),
        hex: prefix + hex,
      };
      return { id: bytes.toString("base64url"), state };
    },
  },
  {
    name: "RandomUuid",
    description: "A random UUID (version 4).",
    inputs: z.object({ keepers }),
    outputs: ["result"],
    secret: false,
    make() {
      const result = randomUUID();
      return { id: result, state: { result } };
    },
  },
];

/** Everything the stand-in can make. A password's `bcryptHash` is left out: nothing in the fleet reads it. */
export const resources: readonly Resource<Properties, Properties, unknown>[] = kinds.map((kind) => ({
  token: `random:index/${kind.name.charAt(0).toLowerCase()}${kind.name.slice(1)}:${kind.name}`,
  description: kind.description,
  inputs: kind.inputs,
  outputs: z.object(Object.fromEntries(kind.outputs.map((name) => [name, z.string()]))),
  replaceOnChange: Object.keys(kind.inputs.shape),
  stable: kind.outputs,
  secrets: kind.secret ? kind.outputs : [],
  check: (inputs) => kind.check?.(inputs) ?? [],
  create: async (inputs) => kind.make(inputs),
  async read(id, _context, _call, known) {
    if (known) return { id, inputs: known.inputs, state: known.state };
    throw new OperatorError(`random values cannot be imported in the sandbox: ${kind.name} lives in the state alone`);
  },
  async update() {
    throw new Error(`bug: every input of ${kind.name} replaces it, so there is nothing to update`);
  },
  async delete() {},
}));
