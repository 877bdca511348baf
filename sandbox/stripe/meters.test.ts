import type Stripe from "stripe";
import { expect, test } from "vitest";
import { makeCatalog, makeCustomer, post } from "./test-catalog.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const day = { from: "2026-11-11T00:00:00Z", to: "2026-11-12T00:00:00Z" };
const seconds = (iso: string) => Date.parse(iso) / 1000;

async function hours(server: TestServer, meter: string, customer: string, limit = 100): Promise<[string, number][]> {
  const rows = await server.stripe.billing.meters.listEventSummaries(meter, {
    customer,
    start_time: seconds(day.from),
    end_time: seconds(day.to),
    value_grouping_window: "hour",
    limit,
  });
  return rows.data.map((row) => [new Date(row.start_time * 1000).toISOString().slice(11, 13), row.aggregated_value]);
}

async function refusal(promise: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  return promise.then(
    () => {
      throw new Error("was not refused");
    },
    (error: Stripe.errors.StripeError) => error,
  );
}

test("a meter's window and event name never change, and one active meter has an event name", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const { meter } = await makeCatalog(server);
  const again = { display_name: "x", event_name: "billable_hours", default_aggregation: { formula: "sum" } } as const;
  expect((await refusal(server.stripe.billing.meters.create(again))).code).toBe("resource_already_exists");
  const changed = await server.request(`/v1/billing/meters/${meter.id}`, { method: "POST", body: "event_time_window=day" });
  expect(changed.status).toBe(400);
  expect(await changed.json()).toMatchObject({ error: { code: "parameter_unknown", param: "event_time_window" } });
  await server.stripe.billing.meters.deactivate(meter.id);
  const second = await server.stripe.billing.meters.create(again);
  expect((await refusal(server.stripe.billing.meters.reactivate(meter.id))).code).toBe("resource_already_exists");
  expect((await server.stripe.billing.meters.list({ status: "active" })).data.map((found) => found.id)).toEqual([second.id]);
});

test("a repeated identifier is refused for 24 hours of receipt with the exact words, then accepted again", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  await makeCatalog(server);
  const customer = await makeCustomer(server);
  await post(server, customer.id, "2026-11-11T10:00:00Z");
  server.wait(24 * 3600 - 1);
  const error = await refusal(post(server, customer.id, "2026-11-11T10:00:00Z"));
  expect(error.statusCode).toBe(400);
  expect(error.type).toBe("StripeInvalidRequestError");
  expect(error.message).toBe(`An event already exists with identifier bh:${customer.id}:2026-11-11T10:00:00Z:1:r0.`);
  expect(error.headers?.["stripe-should-retry"]).toBe("false");
  server.wait(1);
  await expect(post(server, customer.id, "2026-11-11T10:00:00Z")).resolves.toMatchObject({ object: "billing.meter_event" });
});

test("an hourly meter keeps the last received event of each customer and UTC hour", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const { meter } = await makeCatalog(server);
  const [one, two] = [await makeCustomer(server), await makeCustomer(server)];
  await post(server, one.id, "2026-11-11T10:00:00Z", "1", "a");
  await post(server, two.id, "2026-11-11T10:00:00Z", "1", "a");
  await post(server, one.id, "2026-11-11T10:59:58Z", "0", "b");
  await post(server, one.id, "2026-11-11T11:00:00Z", "1", "c");
  await post(server, one.id, "2026-11-11T10:00:00Z", "1", "d");
  await post(server, one.id, "2026-11-11T11:00:00Z", "0", "e");
  server.wait(200);
  expect(await hours(server, meter.id, one.id)).toEqual([
    ["11", 0],
    ["10", 1],
  ]);
  expect(await hours(server, meter.id, two.id)).toEqual([["10", 1]]);
});

test("overwriting by timestamp, and across customers, can be switched on", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z", { overwriteOrder: "timestamp" });
  const { meter } = await makeCatalog(server);
  const [one, two] = [await makeCustomer(server), await makeCustomer(server)];
  await post(server, one.id, "2026-11-11T10:30:00Z", "1", "late");
  await post(server, one.id, "2026-11-11T10:00:00Z", "0", "early");
  await post(server, two.id, "2026-11-11T10:40:00Z", "1", "other");
  server.wait(200);
  expect(await hours(server, meter.id, one.id)).toEqual([["10", 1]]);
  server.emulator.configure?.({ overwriteScope: "meter" });
  expect(await hours(server, meter.id, one.id)).toEqual([]);
  expect(await hours(server, meter.id, two.id)).toEqual([["10", 1]]);
});

test("a raw meter adds up decimals without loss; count and last aggregate as they say", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const customer = await makeCustomer(server);
  const expected = { sum: 0.6, count: 3, last: 0.3 };
  for (const formula of ["sum", "count", "last"] as const) {
    const meter = await server.stripe.billing.meters.create({
      display_name: formula,
      event_name: formula,
      default_aggregation: { formula },
    });
    for (const [minute, value] of [
      [10, "0.1"],
      [30, "0.3"],
      [20, "0.2"],
    ] as const)
      await server.stripe.billing.meterEvents.create({
        event_name: formula,
        timestamp: seconds(`2026-11-11T10:${minute}:00Z`),
        payload: { stripe_customer_id: customer.id, value },
      });
    server.wait(200);
    expect(await hours(server, meter.id, customer.id)).toEqual([["10", expected[formula]]]);
  }
});

test("timestamps reach from 35 days ago to 5 minutes ahead; the refusal is at once or by report, as switched", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  await makeCatalog(server);
  const customer = await makeCustomer(server);
  const at = (timestamp: number) =>
    server.stripe.billing.meterEvents.create({
      event_name: "billable_hours",
      timestamp,
      payload: { stripe_customer_id: customer.id, value: "1" },
    });
  await at(server.now() - 35 * 86_400);
  await at(server.now() + 300);
  expect((await refusal(at(server.now() - 35 * 86_400 - 1))).code).toBe("timestamp_too_far_in_past");
  expect((await refusal(at(server.now() + 301))).code).toBe("timestamp_in_future");
  server.emulator.configure?.({ timestampCheck: "async" });
  await at(server.now() + 400);
  server.wait(400);
  const reports = await server.stripe.v2.core.events.list({ types: ["v1.billing.meter.error_report_triggered"] });
  expect(JSON.stringify(reports.data)).toContain("timestamp_in_future");
});

test("events are accepted after a delay and shown by summaries after another", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const { meter } = await makeCatalog(server);
  const customer = await makeCustomer(server);
  await post(server, customer.id, "2026-11-11T10:00:00Z");
  expect(await hours(server, meter.id, customer.id)).toEqual([]);
  server.wait(79);
  expect(await hours(server, meter.id, customer.id)).toEqual([]);
  server.wait(1);
  expect(await hours(server, meter.id, customer.id)).toEqual([["10", 1]]);
});

test("events that cannot count answer 200 and end in one report a meter, with counts and only some samples", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z", { errorSamples: 2 });
  const { meter } = await makeCatalog(server);
  const customer = await makeCustomer(server);
  const send = (event_name: string, payload: Record<string, string>) =>
    server.stripe.billing.meterEvents.create({ event_name, payload });
  for (let count = 0; count < 3; count++) await send("billable_hours", { stripe_customer_id: "cus_nobody", value: "1" });
  await send("billable_hours", { stripe_customer_id: customer.id, value: "abc" });
  await send("billable_hours", { value: "1" });
  await send("billable_hours", { stripe_customer_id: customer.id, value: "1234567890.1234567" });
  await send("unheard_of", { stripe_customer_id: customer.id, value: "1" });
  server.wait(600);
  const events = (await server.stripe.v2.core.events.list()).data;
  expect(events.map((event) => event.type).sort()).toEqual([
    "v1.billing.meter.error_report_triggered",
    "v1.billing.meter.no_meter_found",
  ]);
  const report = events.find((event) => event.type === "v1.billing.meter.error_report_triggered");
  const data =
    report && "data" in report
      ? (report.data as {
          reason: { error_count: number; error_types: { code: string; error_count: number; sample_errors: unknown[] }[] };
        })
      : undefined;
  expect(data?.reason.error_count).toBe(6);
  const unknown = data?.reason.error_types.find((type) => type.code === "meter_event_customer_not_found");
  expect(unknown).toMatchObject({ error_count: 3 });
  expect(unknown?.sample_errors).toHaveLength(2);
  expect(data?.reason.error_types.map((type) => type.code)).toContain("meter_event_value_too_many_digits");
  expect(report && "related_object" in report ? report.related_object : undefined).toMatchObject({ id: meter.id });
});

test("an archived meter accepts no events", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const { meter } = await makeCatalog(server);
  const customer = await makeCustomer(server);
  await server.stripe.billing.meters.deactivate(meter.id);
  await post(server, customer.id, "2026-11-11T10:00:00Z");
  server.wait(600);
  expect(JSON.stringify((await server.stripe.v2.core.events.list()).data)).toContain("archived_meter");
  expect(await hours(server, meter.id, customer.id)).toEqual([]);
});

test("an event can be cancelled within 24 hours of receipt; what a cancelled hour becomes can be switched", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const { meter } = await makeCatalog(server);
  const customer = await makeCustomer(server);
  await post(server, customer.id, "2026-11-11T10:00:00Z", "1", "first");
  await post(server, customer.id, "2026-11-11T10:00:00Z", "0", "second");
  const identifier = `bh:${customer.id}:2026-11-11T10:00:00Z:0:second`;
  const cancel = () =>
    server.stripe.billing.meterEventAdjustments.create({ type: "cancel", event_name: "billable_hours", cancel: { identifier } });
  expect((await cancel()).status).toBe("pending");
  server.wait(200);
  expect(await hours(server, meter.id, customer.id)).toEqual([["10", 1]]);
  server.emulator.configure?.({ cancelOnWindowedMeter: "zero" });
  expect(await hours(server, meter.id, customer.id)).toEqual([]);
  server.wait(24 * 3600);
  expect((await refusal(cancel())).statusCode).toBe(400);
});

test("summaries are half-open, aligned, grouped, paged, and empty hours can be rows of 0", async () => {
  await using server = await startTestServer("2026-11-12T12:00:00Z");
  const { meter } = await makeCatalog(server);
  const customer = await makeCustomer(server);
  for (let hour = 0; hour < 24; hour += 3) await post(server, customer.id, `2026-11-11T${String(hour).padStart(2, "0")}:00:00Z`);
  await post(server, customer.id, "2026-11-12T00:00:00Z");
  server.wait(200);
  const query = { customer: customer.id, start_time: seconds(day.from), end_time: seconds(day.to) };
  const whole = await server.stripe.billing.meters.listEventSummaries(meter.id, query);
  expect(whole.data.map((row) => row.aggregated_value)).toEqual([8]);
  const byDay = await server.stripe.billing.meters.listEventSummaries(meter.id, { ...query, value_grouping_window: "day" });
  expect(byDay.data.map((row) => row.aggregated_value)).toEqual([8]);
  const paged: number[] = [];
  for await (const row of server.stripe.billing.meters.listEventSummaries(meter.id, {
    ...query,
    value_grouping_window: "hour",
    limit: 3,
  }))
    paged.push(row.start_time);
  expect(paged).toHaveLength(8);
  expect(new Set(paged).size).toBe(8);
  for (const start_time of [query.start_time + 30, query.start_time + 60])
    expect(
      (
        await refusal(
          server.stripe.billing.meters.listEventSummaries(meter.id, { ...query, start_time, value_grouping_window: "hour" }),
        )
      ).param,
    ).toBe("start_time");
  server.emulator.configure?.({ emptySummaryRows: true });
  expect(await hours(server, meter.id, customer.id)).toHaveLength(24);
});

test("v2 meter events take ISO times and JSON, and meet the same meters", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const { meter } = await makeCatalog(server);
  const customer = await makeCustomer(server);
  const event = await server.stripe.v2.billing.meterEvents.create({
    event_name: "billable_hours",
    identifier: "v2",
    timestamp: "2026-11-11T10:00:01.000Z",
    payload: { stripe_customer_id: customer.id, value: "1" },
  });
  expect(event).toMatchObject({ object: "v2.billing.meter_event", timestamp: "2026-11-11T10:00:01.000Z" });
  server.wait(200);
  expect(await hours(server, meter.id, customer.id)).toEqual([["10", 1]]);
});
