/** A resource of the provider shell out of a shape: which request each operation sends. It never looks for an object before it makes one. */
import { z } from "zod";
import { OperatorError, VendorError } from "../../../domain/error.ts";
import type { Properties, Resource } from "../../../infra/providers/shell/resource.ts";
import type { Api } from "./api.ts";
import { createBody, updateBody } from "./body.ts";
import { importedInputs, outputsOf, refreshedInputs, saysTheSame } from "./drift.ts";
import { isObject } from "./json.ts";
import type { Shape } from "./shape.ts";

export function resourceOf(shape: Shape): Resource<Properties, Properties, Api> {
  const pathOf = (at: Properties, id: string) => {
    const collection = shape.collection(at);
    return shape.path ? shape.path(collection, id) : `${collection}/${id}`;
  };
  return {
    token: `cloudflare:index/${shape.name.charAt(0).toLowerCase()}${shape.name.slice(1)}:${shape.name}`,
    description: shape.description,
    inputs: inputShape(shape),
    outputs: z.object(Object.fromEntries(shape.outputs.map((name) => [name, z.unknown().optional()]))),
    replaceOnChange: [...shape.owners, ...(shape.replaceOnChange ?? [])],
    stable: shape.stable ?? [],
    secrets: shape.secrets ?? [],
    check: (inputs) => shape.check?.(inputs) ?? [],

    async create(inputs, api, { signal }) {
      const path = shape.create ? pathOf(inputs, shape.id?.(inputs) ?? "") : shape.collection(inputs);
      const answer = object(await api.call(shape.create ?? "POST", path, createBody(shape, inputs), signal), path);
      return { id: shape.id?.(inputs) ?? idOf(answer, path), state: outputsOf(shape, answer, inputs) };
    },

    async read(id, api, { signal }, given) {
      // A pending create that a refresh takes in comes with an import id and no outputs: to the official plugin that is an import.
      const known = id.includes("/") && Object.keys(given?.state ?? {}).length === 0 ? undefined : given;
      const { owner, own } = known ? { owner: { ...known.state, ...known.inputs }, own: id } : imported(shape, id);
      const path = pathOf(owner, own);
      const result = await api.call("GET", path, undefined, signal).catch((error: unknown) => {
        if (error instanceof VendorError && error.refusal.status === 404) return undefined;
        throw error;
      });
      if (result === undefined) return undefined;
      const answer = object(result, path);
      const inputs = known ? refreshedInputs(shape, answer, known.inputs) : importedInputs(shape, answer, owner);
      const state = outputsOf(shape, answer, inputs);
      return { id: shape.id?.({ ...owner, ...inputs }) ?? own, inputs, state };
    },

    async update(id, state, inputs, api, { signal }) {
      if (saysTheSame(shape, state, inputs)) {
        const filledIn = ([name]: [string, unknown]) =>
          shape.outputs.includes(name) || (name in shape.fields && !(name in inputs));
        return Object.fromEntries(Object.entries(state).filter(filledIn));
      }
      const path = pathOf(inputs, id);
      const answer = object(await api.call(shape.update ?? "PUT", path, updateBody(shape, state, inputs), signal), path);
      return outputsOf(shape, answer, inputs);
    },

    async delete(id, state, api, { signal }) {
      if (!shape.keepOnDelete) await api.call("DELETE", pathOf(state, id), undefined, signal);
    },
  };
}

function inputShape(shape: Shape): z.ZodType<Properties> {
  const entries = [...shape.owners, ...Object.keys(shape.fields)].map((name): [string, z.ZodType] => [
    name,
    shape.required[name] ?? (shape.owners.includes(name) ? z.string().optional() : z.unknown().optional()),
  ]);
  return z.object(Object.fromEntries(entries));
}

/** Import ids as in the provider's documentation: `<owner id>/<id>`, for what may lie in either with `accounts/` or `zones/` before. */
function imported(shape: Shape, id: string): { owner: Properties; own: string } {
  const parts = id.split("/");
  const [first, second] = parts;
  if (first === "accounts" || first === "zones") {
    const [, scope = "", own = scope] = parts;
    return { owner: { [first === "zones" ? "zoneId" : "accountId"]: scope }, own };
  }
  const [owner, inner] = shape.owners;
  if (!first || !second || !owner)
    throw new OperatorError(`"${id}" is no import id of ${shape.name}; say <${owner ?? "owner"}>/<id>, or accounts/<id>/<id>`);
  // A singleton of a tunnel or a setting of a zone is found by its second owner.
  return { owner: { [owner]: first, ...(inner && inner !== "zoneId" && { [inner]: second }) }, own: second };
}

function object(result: unknown, path: string): Properties {
  if (isObject(result)) return result;
  throw new OperatorError(`${path} was answered without an object; the sandbox's emulator should have sent one`);
}

function idOf(answer: Properties, path: string): string {
  if (typeof answer.id === "string") return answer.id;
  throw new OperatorError(`${path} was answered without an id; the sandbox's emulator should have sent one`);
}
