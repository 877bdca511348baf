import { expect, test } from "vitest";
import { memoryClock } from "../../../domain/clock.ts";
import { sessions } from "./sessions.ts";

const call = { signal: new AbortController().signal, log: () => undefined };
const inputs = { accountId: "acc", applicationId: "app", admitted: ["a", "b"] };

function edge(fail = false) {
  const revoked: unknown[] = [];
  const cloudflare = {
    accessRequests: () => Promise.reject(new Error("not asked here")),
    revokeTokens: async (ask: unknown) => {
      if (fail) throw new Error("no answer");
      revoked.push(ask);
    },
  };
  return { revoked, context: { cloudflare, clock: memoryClock(Date.parse("2026-11-24T10:00:00Z")) } };
}

test.each([
  ["one goes", ["a"], 1],
  ["one is exchanged", ["a", "c"], 1],
  ["one comes", ["a", "b", "c"], 0],
  ["only the order changes", ["b", "a"], 0],
])("sessions end exactly when somebody loses access: %s", async (_, admitted, times) => {
  const { revoked, context } = edge();
  const { id, state } = await sessions.create(inputs, context, call);
  const after = await sessions.update(id, state, { ...inputs, admitted }, context, call, inputs);
  expect(revoked).toEqual(Array(times).fill({ accountId: "acc", applicationId: "app" }));
  expect(after).toEqual({ ...inputs, admitted, revokedAt: times ? "2026-11-24T10:00:00.000Z" : null });
});

test("a revocation that fails fails the update, so that the next up tries again", async () => {
  const { context } = edge(true);
  const { id, state } = await sessions.create(inputs, context, call);
  await expect(sessions.update(id, state, { ...inputs, admitted: [] }, context, call, inputs)).rejects.toThrow("no answer");
});
