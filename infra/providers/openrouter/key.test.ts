import { expect, test } from "vitest";
import { TransportError } from "../../../vendors/http/request.ts";
import type { ModelKey, OpenRouter, WantedKey } from "../../../vendors/openrouter/client.ts";
import { key } from "./key.ts";

const inputs = { name: "fleet:prod:tn_1", limitDollars: 20, limitReset: "monthly" } as const;
const call = { signal: new AbortController().signal, log: () => undefined };

/** OpenRouter's keys in memory; `lose` makes that many creates do the work and lose the answer. */
function account(held: ModelKey[] = [], lose = 0) {
  let made = held.length;
  let lost = 0;
  const openRouter: OpenRouter = {
    keysNamed: async (name) => held.filter((candidate) => candidate.name === name),
    createKey: async (wanted) => {
      const one = { hash: `h${++made}`, ...wanted };
      held.push(one);
      if (lost++ < lose)
        throw new TransportError(
          { vendor: "openrouter", operation: "POST /keys", vendorMessage: "no answer", retryable: true },
          true,
        );
      return { key: `sk-or-v1-secret-${made}`, made: one };
    },
    readKey: async (hash) => held.find((candidate) => candidate.hash === hash),
    updateKey: async (hash, wanted: WantedKey) => {
      const at = held.findIndex((candidate) => candidate.hash === hash);
      held[at] = { hash, ...wanted };
      return held[at];
    },
    deleteKey: async (hash) => {
      const at = held.findIndex((candidate) => candidate.hash === hash);
      if (at >= 0) held.splice(at, 1);
    },
    analytics: () => Promise.reject(new Error("not asked here")),
  };
  return { held, context: { openRouter } };
}

test("a tenant has exactly one key, whatever was left behind or lost on the way", async () => {
  for (const lose of [0, 1]) {
    const leftBehind = ["h1", "h2"].map((hash) => ({ hash, ...inputs, disabled: false }));
    const other = { hash: "h3", ...inputs, name: "fleet:prod:tn_2", disabled: false };
    const { held, context } = account([...leftBehind, other], lose);
    const { id, state } = await key.create(inputs, context, call);
    expect(held.filter(({ name }) => name === inputs.name).map(({ hash }) => hash)).toEqual([id]);
    expect(held).toContainEqual(other);
    expect(state).toEqual({ ...inputs, hash: id, key: `sk-or-v1-secret-${id.slice(1)}` });
  }
});

test("the key stays what it was when its limit changes or it is cut off", async () => {
  const { held, context } = account();
  const { id, state } = await key.create(inputs, context, call);
  const after = await key.update(id, state, { ...inputs, limitDollars: 5, disabled: true }, context, call, inputs);
  expect(after).toEqual({ ...inputs, limitDollars: 5, disabled: true, hash: id, key: state.key });
  expect(held).toEqual([{ hash: id, ...inputs, limitDollars: 5, disabled: true }]);
});

test("what a person changed at OpenRouter is read as drift, and a deleted key as gone", async () => {
  const { held, context } = account();
  const { id, state } = await key.create(inputs, context, call);
  held[0] = { hash: id, ...inputs, limitDollars: 999, disabled: true };
  expect(await key.read(id, context, call, { inputs, state })).toEqual({
    id,
    inputs: { ...inputs, limitDollars: 999, disabled: true },
    state: { ...state, limitDollars: 999, disabled: true },
  });
  held.length = 0;
  expect(await key.read(id, context, call, { inputs, state })).toBeUndefined();
});

test("an unchanged key reads back without any difference", async () => {
  const { context } = account();
  const { id, state } = await key.create(inputs, context, call);
  expect(await key.read(id, context, call, { inputs, state })).toEqual({ id, inputs, state });
});

test("an import is refused, because nobody can see the key again", async () => {
  const { context } = account([{ hash: "h1", ...inputs, disabled: false }]);
  await expect(key.read("h1", context, call)).rejects.toThrow("cannot be imported");
});
