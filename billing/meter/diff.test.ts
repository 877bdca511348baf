import fc from "fast-check";
import { expect, test } from "vitest";
import { dayMs, type HourZ, hourMs, hourOf, hourStart, minuteMs } from "../../domain/hour.ts";
import {
  confirmWithinMs,
  difference,
  eventTime,
  firstBillableHour,
  isSealed,
  type LastPost,
  type MeterView,
  type Post,
  type Wanted,
} from "./diff.ts";

const base = Date.parse("2026-11-20T00:00:00Z");
const hourAt = (index: number): HourZ => hourOf(base + index * hourMs);
const lag = fc.integer({ min: 0, max: 40 * minuteMs });

const world = fc.record({
  now: fc.integer({ min: base, max: base + 4 * dayMs }),
  subscribedAt: fc.integer({ min: base - dayMs, max: base + dayMs }),
  wanted: fc.array(fc.constantFrom<Wanted>(0, 1, "unknown"), { minLength: 1, maxLength: 100 }),
  held: fc.array(fc.constantFrom(0, 1), { maxLength: 100 }),
});

function viewOf(sample: { now: number; subscribedAt: number; wanted: Wanted[]; held: number[] }): MeterView {
  return {
    now: sample.now,
    subscribedAt: sample.subscribedAt,
    wanted: new Map(sample.wanted.map((value, index) => [hourAt(index), value])),
    held: new Map(sample.held.map((value, index) => [hourAt(index), value])),
    lastPosts: new Map(),
    isClosed: () => false,
  };
}

function afterPosting(view: MeterView, posts: readonly Post[], now: number, shown: boolean): MeterView {
  const lastPosts = new Map(view.lastPosts);
  const held = new Map(view.held);
  for (const post of posts) {
    const state: LastPost["state"] = "accepted";
    lastPosts.set(post.hour, {
      identifier: `${post.hour}`,
      value: post.value,
      state,
      intendedAt: view.now,
      eventAt: post.eventAt,
    });
    if (shown) held.set(post.hour, post.value);
  }
  return { ...view, held, lastPosts, now };
}

test("posting the difference leaves no difference: at once while summaries lag, and any time after they show it", () => {
  fc.assert(
    fc.property(world, lag, (sample, later) => {
      const view = viewOf(sample);
      const { posts } = difference(view);
      const wanted = new Set(posts.map((post) => post.hour));
      const again = difference(afterPosting(view, posts, view.now + later, false)).posts.filter((post) => wanted.has(post.hour));
      expect(again).toEqual([]);
      const shown = difference(afterPosting(view, posts, view.now + 25 * hourMs, true)).posts.filter((post) =>
        wanted.has(post.hour),
      );
      expect(shown).toEqual([]);
    }),
  );
});

test("an unknown hour is never posted, whatever Stripe holds", () => {
  fc.assert(
    fc.property(world, (sample) => {
      const view = viewOf(sample);
      for (const post of difference(view).posts) expect(view.wanted.get(post.hour)).toBe(post.value);
    }),
  );
});

test("only sealed hours from the first full hour of the subscription are posted, each at most once, so at most 24 a day", () => {
  fc.assert(
    fc.property(world, (sample) => {
      const view = viewOf(sample);
      const { posts } = difference(view);
      expect(new Set(posts.map((post) => post.hour)).size).toBe(posts.length);
      for (const post of posts) {
        expect(hourStart(post.hour)).toBeGreaterThanOrEqual(view.subscribedAt);
        expect(isSealed(post.hour, view.now)).toBe(true);
      }
    }),
  );
});

test("after all posts the held hours are the wanted ones wherever they are known and billable", () => {
  fc.assert(
    fc.property(world, (sample) => {
      const view = viewOf(sample);
      const after = afterPosting(view, difference(view).posts, view.now, true);
      for (const [hour, value] of view.wanted) {
        if (value === "unknown" || !isSealed(hour, view.now) || hour < firstBillableHour(view.subscribedAt)) continue;
        expect(after.held.get(hour) ?? 0).toBe(value);
      }
    }),
  );
});

test("whatever is wanted when, an hour never gets two values within 15 minutes, and a later value has a later event time", () => {
  const steps = fc.array(
    fc.record({
      wait: fc.integer({ min: 0, max: 90 * minuteMs }),
      value: fc.constantFrom<Wanted>(0, 1, "unknown"),
      shown: fc.boolean(),
    }),
    {
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const hour = hourAt(0);
      let view: MeterView = viewOf({ now: base + 2 * hourMs, subscribedAt: base - hourMs, wanted: [0], held: [] });
      const sent: { at: number; value: number; eventAt: number }[] = [];
      for (const step of list) {
        view = { ...view, now: view.now + step.wait, wanted: new Map([[hour, step.value]]) };
        const { posts } = difference(view);
        for (const post of posts) sent.push({ at: view.now, value: post.value, eventAt: post.eventAt });
        view = afterPosting(view, posts, view.now, step.shown);
      }
      for (const [index, post] of sent.entries()) {
        const before = sent[index - 1];
        if (!before || before.value === post.value) continue;
        expect(post.at - before.at).toBeGreaterThanOrEqual(15 * minuteMs);
        expect(post.eventAt).toBeGreaterThan(before.eventAt);
        expect(hourOf(post.eventAt)).toBe(hour);
      }
    }),
  );
});

test("a call whose answer was never recorded is sent again with the same identifier and time", () => {
  const view = viewOf({ now: base + 3 * hourMs, subscribedAt: base, wanted: [1], held: [] });
  const last: LastPost = { identifier: "bh:x", value: 1, state: "intent", intendedAt: view.now - minuteMs, eventAt: base + 5000 };
  const { posts } = difference({ ...view, lastPosts: new Map([[hourAt(0), last]]) });
  expect(posts).toEqual([{ hour: hourAt(0), value: 1, eventAt: base + 5000, resend: "bh:x" }]);
});

test("a post that no summary shows within an hour is posted again under a new identifier", () => {
  const view = viewOf({ now: base + 9 * hourMs, subscribedAt: base, wanted: [1], held: [] });
  const last: LastPost = {
    identifier: "bh:x",
    value: 1,
    state: "accepted",
    intendedAt: view.now - confirmWithinMs,
    eventAt: base + 5000,
  };
  const { posts } = difference({ ...view, lastPosts: new Map([[hourAt(0), last]]) });
  expect(posts).toEqual([{ hour: hourAt(0), value: 1, eventAt: eventTime(hourAt(0), view.now) }]);
});

test("hours of a closed month and hours older than 34 days are left alone", () => {
  const view = viewOf({ now: base + 40 * dayMs, subscribedAt: base, wanted: Array(20 * 24).fill(1), held: [] });
  expect(difference(view).posts[0]?.hour).toBe(hourAt(6 * 24));
  expect(difference({ ...view, isClosed: () => true }).posts).toEqual([]);
});

test("the event time stays inside its hour for 34 days", () => {
  expect(hourOf(eventTime(hourAt(0), base + 36 * dayMs))).toBe(hourAt(0));
  expect(eventTime(hourAt(0), base + hourMs)).toBe(base + 1000);
  expect(eventTime(hourAt(0), base + hourMs + 15 * minuteMs)).toBe(base + 2000);
});
