import * as z from "zod";
import { boundaryAfter } from "./billing-cycle.ts";
import type { Customer } from "./customers.ts";
import { emit } from "./events.ts";
import { page } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { clearable, expand, integer, paging } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import { cycleOf, isLive } from "./subscriptions.ts";
import type { World } from "./world.ts";

const customersPerClock = 3;
const twoYears = 2 * 365 * 86_400;
const livesSeconds = 30 * 86_400;

/** Frozen time for a few customers. It only goes forwards, and everything due on the way happens in order. */
export const TestClock = z.object({
  id: z.string(),
  created: z.number(),
  frozen_time: z.number(),
  name: z.string().nullable().default(null),
  status: z.enum(["ready", "advancing", "internal_failure"]).default("ready"),
  target: z.number().nullable().default(null),
  deletes_after: z.number(),
});
export type TestClock = z.infer<typeof TestClock>;

/** Puts a new customer under the clock; it cannot leave. */
export function joinClock(world: World, customer: Customer, id: string): void {
  const clock = world.testClocks.get(id);
  if (!clock) throw missing("test clock", id, "test_clock", 400);
  const members = world.customers.all().filter((other) => other.test_clock === id && !other.deleted);
  if (members.length >= customersPerClock)
    throw new Refusal(`A test clock can have up to ${customersPerClock} customers.`, { param: "test_clock" });
  customer.test_clock = id;
  customer.created = clock.frozen_time;
}

/** Deletes the clock and, with it, its customers and their subscriptions. */
export function deleteClock(world: World, id: string): void {
  if (!world.testClocks.get(id)) return;
  for (const customer of world.customers.values()) {
    if (customer.test_clock !== id) continue;
    customer.deleted = true;
    for (const subscription of world.subscriptions.values()) {
      if (subscription.customer !== customer.id || !isLive(subscription)) continue;
      subscription.status = "canceled";
      subscription.ended_at = world.now(id);
    }
  }
  world.testClocks.remove(id);
}

/** The test clock as Stripe answers it. */
export function renderClock(clock: TestClock): object {
  const { target, ...fields } = clock;
  return {
    ...fields,
    object: "test_helpers.test_clock",
    livemode: false,
    status_details: clock.status === "advancing" && target !== null ? { advancing: { target_frozen_time: target } } : {},
  };
}

/** The calls of this kind that are served. */
export const testClockOperations: readonly Operation[] = [
  operation(
    "POST",
    "/v1/test_helpers/test_clocks",
    z.strictObject({ frozen_time: integer, name: clearable(300).optional(), expand }),
    (world, params) => {
      const now = world.now();
      const clock = world.testClocks.add(
        TestClock.parse({
          id: world.id("clock_"),
          created: now,
          frozen_time: params.frozen_time,
          name: params.name ?? null,
          deletes_after: now + livesSeconds,
        }),
      );
      world.schedule("deleteClock", clock.id, clock.deletes_after);
      emit(world, "test_helpers.test_clock.created", renderClock(clock));
      return renderClock(clock);
    },
  ),
  operation("GET", "/v1/test_helpers/test_clocks", z.strictObject(paging), (world, params) =>
    page(world, world.testClocks.newestFirst(), params, "/v1/test_helpers/test_clocks", renderClock),
  ),
  operation("GET", "/v1/test_helpers/test_clocks/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderClock(existing(world, id)),
  ),
  operation("DELETE", "/v1/test_helpers/test_clocks/:id", z.strictObject({}), (world, _params, id) => {
    existing(world, id);
    deleteClock(world, id);
    return { id, object: "test_helpers.test_clock", deleted: true };
  }),
  operation(
    "POST",
    "/v1/test_helpers/test_clocks/:id/advance",
    z.strictObject({ frozen_time: integer, expand }),
    (world, params, id) => {
      const clock = existing(world, id);
      if (clock.status !== "ready")
        throw new Refusal("The test clock is already advancing.", { code: "test_clock_advance_in_progress" });
      if (params.frozen_time <= clock.frozen_time)
        throw new Refusal("The new frozen time must be after the present one.", { param: "frozen_time" });
      const latest = latestTarget(world, clock);
      if (params.frozen_time > latest)
        throw new Refusal(
          `You can only advance a test clock by two intervals of its shortest subscription at a time (until ${latest}).`,
          { param: "frozen_time" },
        );
      clock.status = "advancing";
      clock.target = params.frozen_time;
      world.schedule("advanceClock", id, world.nowMs() / 1000 + world.settings.testClockAdvanceSeconds);
      emit(world, "test_helpers.test_clock.advancing", renderClock(clock));
      return renderClock(clock);
    },
  ),
];

function latestTarget(world: World, clock: TestClock): number {
  const limits = world.subscriptions
    .all()
    .filter((subscription) => subscription.test_clock === clock.id && isLive(subscription))
    .map((subscription) => {
      const cycle = { ...cycleOf(world, subscription), anchor: clock.frozen_time, day: undefined };
      return boundaryAfter(cycle, boundaryAfter(cycle, clock.frozen_time));
    });
  return limits.length > 0 ? Math.min(...limits) : clock.frozen_time + twoYears;
}

function existing(world: World, id: string): TestClock {
  const clock = world.testClocks.get(id);
  if (!clock) throw missing("test clock", id);
  return clock;
}
