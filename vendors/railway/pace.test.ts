import { expect, test } from "vitest";
import { memoryClock } from "../../domain/clock.ts";
import { paceOf } from "./pace.ts";

const startMs = Date.parse("2026-11-24T10:00:00Z");

function stand() {
  const clock = memoryClock(startMs);
  const waits: number[] = [];
  const pace = paceOf({
    now: clock.now,
    sleep: (ms, signal) => {
      waits.push(ms);
      return clock.sleep(ms, signal);
    },
  });
  const answer = (facts: Record<string, string>, status = 200) => pace.ended({ status, headers: new Headers(facts) });
  const ask = async (facts: Record<string, string> = {}) => {
    await pace.admit("services");
    await answer(facts);
  };
  return { pace, ask, answer, waits, clock };
}

const policy = { "RateLimit-Policy": "10000;w=3600, 50;w=1" };

test("nothing is held back while no limit is known", async () => {
  const { ask, waits } = stand();
  for (let n = 0; n < 200; n++) await ask();
  expect(waits).toEqual([]);
});

test("no second gets more requests than its limit, also when all are asked for at once", async () => {
  const { ask, waits } = stand();
  await ask(policy);
  await Promise.all(Array.from({ length: 94 }, () => ask(policy)));
  // 5 in the first second, 45 of 50 in each that follows.
  expect(waits).toEqual([1_000, 1_000]);
});

test("a run that begins in the second in which another ended leaves that one its share", async () => {
  const { ask, waits } = stand();
  for (let n = 0; n < 5; n++) await ask(policy);
  expect(waits).toEqual([]);
  await ask(policy);
  expect(waits).toEqual([1_000]);
});

test("a slow answer holds its place until a second after it came", async () => {
  const { ask, answer, pace, waits, clock } = stand();
  await ask(policy);
  await clock.sleep(2_000);
  for (let n = 0; n < 45; n++) await pace.admit("services");
  let sent = false;
  const next = pace.admit("services").then(() => {
    sent = true;
  });
  await clock.sleep(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBe(false);
  await answer(policy);
  await next;
  expect(waits).toEqual([1_000]);
});

test("many that come at once wait until the first one's answer has told the limit", async () => {
  const { pace, answer, waits } = stand();
  const all = Array.from({ length: 5 }, () => pace.admit("services"));
  await all[0];
  expect(await Promise.race([all[1]?.then(() => "sent"), new Promise((resolve) => setImmediate(() => resolve("held")))])).toBe(
    "held",
  );
  await answer(policy);
  await Promise.all(all);
  expect(waits).toEqual([]);
});

test("once one request is refused as too many, none is sent before the time that the refusal names", async () => {
  const { ask, answer, pace, waits } = stand();
  await ask();
  await pace.admit("services");
  await answer({ "Retry-After": "7" }, 429);
  await ask();
  await ask();
  expect(waits).toEqual([7_000]);
});

test("an hour's last request is not sent into the wall: the next one waits for the hour's end", async () => {
  const { ask, waits } = stand();
  const reset = { "X-RateLimit-Reset": String(startMs / 1000 + 90) };
  await ask({ ...reset, "X-RateLimit-Remaining": "1" });
  await ask({ ...reset, "X-RateLimit-Remaining": "0" });
  expect(waits).toEqual([]);
  await ask();
  expect(waits).toEqual([90_000]);
});

test("requests underway count as used", async () => {
  const { pace, ask, answer, waits } = stand();
  await ask();
  await pace.admit("services");
  await pace.admit("services");
  await answer({ "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "20" });
  await pace.admit("services");
  expect(waits).toEqual([20_000]);
});

test("an hour that ends too late is an error that says when to come back, and whoever is next is not stuck", async () => {
  const { ask, pace } = stand();
  await ask({ "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(startMs / 1000 + 1_800) });
  const refused = 'services ("this hour\'s requests are used up until 2026-11-24T10:30:00.000Z; run this again then")';
  await expect(pace.admit("services")).rejects.toThrow(refused);
  await expect(pace.admit("projects")).rejects.toThrow("used up");
});

test("whoever gives up while it waits leaves its turn to the next", async () => {
  const { ask, pace } = stand();
  await ask(policy);
  const gone = AbortSignal.abort(new Error("the engine cancelled"));
  await expect(pace.admit("services", { signal: gone })).rejects.toThrow("the engine cancelled");
  await expect(pace.admit("services")).resolves.toBeUndefined();
});
