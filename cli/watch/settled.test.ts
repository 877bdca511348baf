import { expect, test } from "vitest";
import { memoryClock } from "../../domain/clock.ts";
import { OperatorError } from "../../domain/error.ts";
import { settledLook } from "./settled.ts";

const idle = (serial: number) => JSON.stringify({ deployment: { resources: [], serial } });
const busy = JSON.stringify({ deployment: { pending_operations: [{ type: "updating" }] } });

/** The state as it is read time after time; the last one stays. */
async function looking(...states: readonly string[]) {
  const clock = memoryClock(0);
  const looks: string[] = [];
  let reads = 0;
  let waits = 0;
  const outcome = await settledLook({
    stack: "prod",
    read: async () => states[Math.min(reads++, states.length - 1)] ?? "",
    look: async (exported) => {
      looks.push(exported);
      return looks.length;
    },
    clock,
    waiting: () => {
      waits += 1;
    },
  }).catch((error: unknown) => error);
  return { outcome, looks, waits, slept: clock.sleeps };
}

test("a look at a stack on which nothing works counts at once", async () => {
  const seen = await looking(idle(1));
  expect(seen).toEqual({ outcome: { exported: idle(1), look: 1 }, looks: [idle(1)], waits: 0, slept: [] });
});

test("while an up has a step under way nothing is looked at, and what it had changed meanwhile is looked at again", async () => {
  // Under way; then it ends a step during the look; then it has ended.
  const seen = await looking(busy, idle(1), idle(2), idle(3));
  expect(seen.outcome).toEqual({ exported: idle(3), look: 2 });
  expect(seen).toMatchObject({ looks: [idle(1), idle(3)], waits: 2, slept: [60_000, 60_000] });
});

test("an up that does not end is no drift and no calm: it fails, and says what to do after a killed one", async () => {
  const { outcome, looks, slept } = await looking(busy);
  expect(outcome).toBeInstanceOf(OperatorError);
  expect(outcome).toMatchObject({ exitCode: 1, message: expect.stringContaining("docs/runbooks/up-was-killed.md") });
  expect([looks, slept.length]).toEqual([[], 2]);
});
