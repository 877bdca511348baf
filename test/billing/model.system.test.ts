import { serve } from "@hono/node-server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { askHours, askMinutes, modelUseOf } from "../../billing/collect/model.ts";
import type { ModelPort } from "../../billing/collect/ports.ts";
import { memoryClock } from "../../domain/clock.ts";
import { dayMs, hourMs, minuteMs } from "../../domain/hour.ts";
import { createOpenRouter, defaultManagementKey } from "../../sandbox/openrouter/emulator.ts";
import { openRouter } from "../../vendors/openrouter/client.ts";

const now = Date.parse("2026-11-30T12:00:00Z");
const uid = "tn_aaaaaaaaaa" as never;
let seed = 7;
const random = () => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};
const emulator = createOpenRouter({ clock: { now: () => now }, random });
let stop: () => void;
let client: ReturnType<typeof openRouter>;
const asked: Parameters<ModelPort["analytics"]>[0][] = [];

beforeEach(async () => {
  asked.length = 0;
  const address = await new Promise<unknown>((resolve) => {
    const server = serve({ fetch: emulator.fetch, port: 0, hostname: "127.0.0.1" }, resolve);
    stop = () => server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(address);
  const clock = memoryClock(now);
  const never = (_: number, signal?: AbortSignal) =>
    new Promise<void>((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  client = openRouter({
    baseUrl: `http://127.0.0.1:${port}`,
    managementKey: defaultManagementKey,
    clock: { ...clock, sleep: never },
  });
});
afterEach(() => stop());

test("a month of model use is read in a few calls that OpenRouter's limits allow, to the minute and the millionth of a dollar", async () => {
  const wanted = { name: `fleet:prod:${uid}`, limitDollars: 20, limitReset: "monthly", disabled: false } as const;
  const { made } = await client.createKey(wanted);
  const other = await client.createKey({ ...wanted, name: "fleet:test:tn_bbbbbbbbbb" });
  // A sprint from 09:58 to 10:02 on one day, one call on another; somebody else's key is used every day.
  const sprint = Array.from({ length: 5 }, (_, minute) => now - 10 * dayMs - 2 * hourMs - 2 * minuteMs + minute * minuteMs);
  const minutes = [...sprint, now - dayMs];
  for (const at of minutes) expect(emulator.recordCalls(made.hash, at + 1_234, 2, 4_001n)).toBe("recorded");
  for (let day = 1; day < 30; day++) emulator.recordCalls(other.made.hash, now - day * dayMs, 1, 1n);
  const model: ModelPort = {
    analytics: (query) => {
      asked.push(query);
      return client.analytics(query);
    },
  };
  const span = { from: now - 30 * dayMs, to: now };
  const answer = await askMinutes(model, "prod", await askHours(model, span), span, now - 15 * minuteMs);
  expect(modelUseOf(answer, "prod", uid, span)).toEqual({
    source: "model",
    from: span.from,
    to: now - 15 * minuteMs,
    minutes,
    // Two of the sprint's minutes are before 10:00, three after.
    spent: [
      [now - 10 * dayMs - 3 * hourMs, 8_002],
      [now - 10 * dayMs - 2 * hourMs, 12_003],
      [now - dayMs, 4_001],
    ],
  });
  expect(asked.map((query) => [query.granularity, (query.toMs - query.fromMs) / hourMs])).toEqual([
    ["hour", 720],
    ["minute", 2],
    ["minute", 1],
  ]);
  const disabled = await client.updateKey(made.hash, { ...wanted, disabled: true });
  expect(await client.keysNamed(wanted.name)).toEqual([disabled]);
});
