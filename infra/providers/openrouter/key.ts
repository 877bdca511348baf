/** A tenant's own model key: its cost is known, its limit is the plan's, and it can be cut off alone.
 *  OpenRouter shows a key once. A key with our name whose secret no state holds is of no use to anybody: it is deleted and made again. */

import { isAmbiguous } from "../../../vendors/http/request.ts";
import type { OpenRouter, WantedKey } from "../../../vendors/openrouter/client.ts";
import type { Call, Created, Resource } from "../shell/resource.ts";
import { KeyInputs, KeyOutputs } from "./shapes.ts";

export interface Context {
  readonly openRouter: OpenRouter;
}

export const key: Resource<KeyInputs, KeyOutputs, Context> = {
  token: "openrouter:index:Key",
  description: "An API key with a credit limit of its own.",
  inputs: KeyInputs,
  outputs: KeyOutputs,
  stable: ["hash", "key"],
  secrets: ["key"],

  async create(inputs, { openRouter }, call) {
    await removeLost(inputs.name, openRouter, call);
    try {
      return await make(inputs, openRouter, call);
    } catch (error) {
      if (!isAmbiguous(error)) throw error;
      // The work may have been done and the answer lost, and with it the only sight of the key.
      await removeLost(inputs.name, openRouter, call);
      return make(inputs, openRouter, call);
    }
  },

  async read(id, { openRouter }, call, known) {
    const found = await openRouter.readKey(id, call);
    if (!found) return undefined;
    if (!known)
      throw new Error(
        `the key ${id} cannot be imported: OpenRouter shows a key only once. Leave it out; the next up makes a new one`,
      );
    const inputs: KeyInputs = {
      name: found.name,
      // Without a limit it is worth more than any plan's: shown as drift.
      limitDollars: found.limitDollars ?? Number.MAX_SAFE_INTEGER,
      limitReset: found.limitReset ?? "monthly",
      ...(found.disabled || known.inputs.disabled !== undefined ? { disabled: found.disabled } : {}),
    };
    return { id, inputs, state: { ...known.state, ...inputs } };
  },

  async update(id, state, inputs, { openRouter }, call) {
    await openRouter.updateKey(id, wanted(inputs), call);
    return { ...inputs, hash: state.hash, key: state.key };
  },

  async delete(id, _state, { openRouter }, call) {
    await openRouter.deleteKey(id, call);
  },
};

async function make(inputs: KeyInputs, openRouter: OpenRouter, call: Call): Promise<Created<KeyOutputs>> {
  const { key, made } = await openRouter.createKey(wanted(inputs), call);
  if (inputs.disabled) await openRouter.updateKey(made.hash, wanted(inputs), call);
  return { id: made.hash, state: { ...inputs, hash: made.hash, key } };
}

async function removeLost(name: string, openRouter: OpenRouter, call: Call): Promise<void> {
  for (const { hash } of await openRouter.keysNamed(name, call)) {
    call.log(`a key named ${name} exists whose secret nobody holds; deleting it and making a new one`);
    await openRouter.deleteKey(hash, call);
  }
}

function wanted({ name, limitDollars, limitReset, disabled }: KeyInputs): WantedKey {
  return { name, limitDollars, limitReset, disabled: disabled ?? false };
}
