import type Stripe from "stripe";
import { expect, test } from "vitest";
import { makeCatalog, makeCustomer, post, subscribe } from "./test-catalog.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const seconds = (iso: string) => Date.parse(iso) / 1000;

async function running(start: string, settings: Record<string, unknown> = {}, card = "pm_card_visa") {
  const server = await startTestServer(start, settings);
  const catalog = await makeCatalog(server);
  const customer = await makeCustomer(server, card);
  const subscription = await subscribe(server, customer.id, catalog);
  return { server, catalog, customer: customer.id, subscription: subscription.id };
}

async function invoices(server: TestServer, customer: string): Promise<Stripe.Invoice[]> {
  return (await server.stripe.invoices.list({ customer, limit: 100 })).data;
}

async function failingFrom(server: TestServer, customer: string): Promise<void> {
  const card = await server.stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer });
  await server.stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } });
}

test("without a card nothing is subscribed; a failing one leaves it incomplete, after 23 hours for good", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const catalog = await makeCatalog(server);
  const bare = await server.stripe.customers.create({ name: "No card" });
  await expect(subscribe(server, bare.id, catalog)).rejects.toMatchObject({ code: "resource_missing", statusCode: 400 });
  const customer = await makeCustomer(server, "pm_card_chargeCustomerFail");
  await expect(subscribe(server, customer.id, catalog, { payment_behavior: "error_if_incomplete" })).rejects.toMatchObject({
    type: "StripeCardError",
    code: "card_declined",
  });
  expect(await invoices(server, customer.id)).toEqual([]);
  const { id, status } = await subscribe(server, customer.id, catalog);
  expect(status).toBe("incomplete");
  server.wait(23 * 3600);
  expect((await server.stripe.subscriptions.retrieve(id)).status).toBe("incomplete_expired");
  expect((await invoices(server, customer.id))[0]?.status).toBe("void");
});

test("cancelling bills nothing more, with invoice_now the last usage; collection of open invoices stops", async () => {
  for (const invoice_now of [false, true]) {
    const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
    await using _ = server;
    server.until("2026-12-01T00:00:00Z");
    const draft = (await invoices(server, customer))[0];
    const open = await server.stripe.invoices.finalizeInvoice(draft?.id ?? "", { auto_advance: true });
    expect(open.next_payment_attempt).not.toBeNull();
    await post(server, customer, "2026-12-01T00:00:00Z");
    server.wait(120);
    const canceled = await server.stripe.subscriptions.cancel(subscription, { invoice_now });
    expect(canceled.status).toBe("canceled");
    expect(await server.stripe.invoices.retrieve(open.id ?? "")).toMatchObject({
      auto_advance: false,
      next_payment_attempt: null,
      status: "open",
    });
    const totals = (await invoices(server, customer)).map((invoice) => invoice.total);
    expect(totals).toEqual(invoice_now ? [100, 500, 350] : [500, 350]);
    expect((await server.stripe.subscriptions.list({ customer })).data).toEqual([]);
    expect((await server.stripe.subscriptions.list({ customer, status: "all" })).data).toHaveLength(1);
  }
});

test("cancel_at_period_end ends with a last draft of usage that late hours can still join", async () => {
  const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  const marked = await server.stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
  expect(marked.cancel_at).toBe(seconds("2026-12-01T00:00:00Z"));
  server.until("2026-12-01T01:00:00Z");
  expect((await server.stripe.subscriptions.retrieve(subscription)).status).toBe("canceled");
  await post(server, customer, "2026-11-30T23:00:00Z");
  server.until("2026-12-04T00:00:00Z");
  const [last] = await invoices(server, customer);
  expect([last?.total, last?.status]).toEqual([100, "paid"]);
  server.until("2027-02-01T00:00:00Z");
  expect(await invoices(server, customer)).toHaveLength(2);
});

test("cancel_at inside a later period shortens that period's fee", async () => {
  const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  await server.stripe.subscriptions.update(subscription, { cancel_at: seconds("2026-12-16T12:00:00Z") });
  server.until("2026-12-01T00:00:00Z");
  expect((await invoices(server, customer))[0]?.total).toBe(250);
  server.until("2026-12-16T12:00:00Z");
  expect((await server.stripe.subscriptions.retrieve(subscription)).status).toBe("canceled");
});

test("a pause stops fee and periods; resuming unchanged keeps the 1st, the default moves the anchor to now", async () => {
  for (const type of ["unchanged", "now"] as const) {
    const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
    await using _ = server;
    server.until("2026-11-20T00:00:00Z");
    const paused = await server.stripe.subscriptions.pause(subscription, {
      bill_for: { outstanding_usage_through: { type: "now" }, unused_time_from: { type: "none" } },
    });
    expect(paused.status).toBe("paused");
    server.until("2026-12-16T12:00:00Z");
    expect(await invoices(server, customer)).toHaveLength(1);
    await expect(server.stripe.invoices.createPreview({ subscription })).rejects.toMatchObject({ code: "invoice_upcoming_none" });
    const resumed = await server.stripe.subscriptions.resume(
      subscription,
      type === "now" ? {} : { billing_cycle_anchor: { type } },
    );
    expect(resumed.status).toBe("active");
    const [invoice] = await invoices(server, customer);
    expect(invoice?.total).toBe(type === "now" ? 500 : 250);
    expect(resumed.items.data[0]?.current_period_end).toBe(
      seconds(type === "now" ? "2027-01-16T12:00:00Z" : "2027-01-01T00:00:00Z"),
    );
  }
});

test("a resumption that must be paid first is void after 23 hours, and the pause goes on", async () => {
  const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  await server.stripe.subscriptions.pause(subscription);
  await failingFrom(server, customer);
  server.until("2026-12-05T00:00:00Z");
  const waiting = await server.stripe.subscriptions.resume(subscription, { payment_behavior: "resume_on_payment_success" });
  expect(waiting.status).toBe("paused");
  server.wait(23 * 3600);
  expect((await server.stripe.subscriptions.retrieve(subscription)).status).toBe("paused");
  expect((await invoices(server, customer))[0]?.status).toBe("void");
});

test("a failed renewal is past due at once, retried eight times in two weeks, then unpaid; paying brings it back", async () => {
  const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  await failingFrom(server, customer);
  server.until("2026-12-04T00:00:00Z");
  const status = async () => (await server.stripe.subscriptions.retrieve(subscription)).status;
  expect(await status()).toBe("past_due");
  const [first] = await invoices(server, customer);
  expect([first?.attempt_count, (first?.next_payment_attempt ?? 0) - server.now()]).toEqual([1, (14 * 86_400) / 8]);
  server.until("2026-12-17T00:00:00Z");
  expect(await status()).toBe("past_due");
  server.until("2026-12-18T00:00:00Z");
  expect(await status()).toBe("unpaid");
  expect((await server.stripe.events.list({ types: ["invoice.payment_failed"], limit: 100 })).data).toHaveLength(9);
  const ended = await server.stripe.invoices.retrieve(first?.id ?? "");
  expect([ended.attempt_count, ended.next_payment_attempt, ended.status]).toEqual([9, null, "open"]);
  server.until("2027-01-10T00:00:00Z");
  const [held] = await invoices(server, customer);
  expect([held?.status, held?.auto_advance, held?.attempted]).toEqual(["draft", false, false]);
  await expect(server.stripe.invoices.pay(first?.id ?? "")).rejects.toMatchObject({
    code: "card_declined",
    decline_code: "generic_decline",
  });
  await server.stripe.invoices.pay(first?.id ?? "", { payment_method: "pm_card_visa" });
  expect(await status()).toBe("active");
});

test("when the retries end the account can also cancel, or leave it past due", async () => {
  for (const [afterRetries, expected] of [
    ["cancel", "canceled"],
    ["past_due", "past_due"],
  ] as const) {
    const { server, customer, subscription } = await running("2026-11-10T00:00:00Z", { afterRetries });
    await using _ = server;
    await failingFrom(server, customer);
    server.until("2026-12-19T00:00:00Z");
    expect((await server.stripe.subscriptions.retrieve(subscription)).status).toBe(expected);
  }
});

test("after a hard decline only a new card is charged; the subscription's own card comes before the customer's", async () => {
  const { server, customer, subscription } = await running("2026-11-10T00:00:00Z", { declineCode: "lost_card" });
  await using _ = server;
  await failingFrom(server, customer);
  server.until("2026-12-04T00:00:00Z");
  const own = await server.stripe.paymentMethods.attach("pm_card_visa", { customer });
  await server.stripe.subscriptions.update(subscription, { default_payment_method: own.id });
  server.until("2026-12-06T00:00:00Z");
  expect((await invoices(server, customer))[0]).toMatchObject({ status: "paid", attempt_count: 2 });
  expect((await server.stripe.subscriptions.retrieve(subscription)).status).toBe("active");
});

test("a sent invoice is overdue after its days, and past due with it", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const catalog = await makeCatalog(server);
  const customer = await server.stripe.customers.create({ email: "a@b.example" });
  const { id } = await subscribe(server, customer.id, catalog, { collection_method: "send_invoice", days_until_due: 14 });
  server.until("2026-11-27T00:00:00Z");
  expect((await server.stripe.subscriptions.retrieve(id)).status).toBe("past_due");
  expect((await server.stripe.events.list({ type: "invoice.overdue" })).data).toHaveLength(1);
});

test("deleting a customer cancels its subscriptions and is final", async () => {
  const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  await server.stripe.customers.del(customer);
  expect((await server.stripe.subscriptions.retrieve(subscription)).status).toBe("canceled");
  expect(await server.stripe.customers.retrieve(customer)).toMatchObject({ deleted: true });
  await expect(server.stripe.customers.update(customer, { name: "x" })).rejects.toMatchObject({ statusCode: 404 });
});

test("test clocks go forwards only, two intervals at a time, in order, and hide their customers from lists", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const catalog = await makeCatalog(server);
  const clock = await server.stripe.testHelpers.testClocks.create({ frozen_time: seconds("2027-03-10T00:00:00Z") });
  const customer = await server.stripe.customers.create({
    test_clock: clock.id,
    payment_method: "pm_card_visa",
    invoice_settings: { default_payment_method: "pm_card_visa" },
  });
  const { id } = await subscribe(server, customer.id, catalog);
  expect((await server.stripe.customers.list()).data).toEqual([]);
  expect((await server.stripe.customers.list({ test_clock: clock.id })).data).toHaveLength(1);
  const advance = (iso: string) => server.stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: seconds(iso) });
  await expect(advance("2027-03-09T00:00:00Z")).rejects.toMatchObject({ param: "frozen_time" });
  await expect(advance("2027-06-01T00:00:00Z")).rejects.toMatchObject({ param: "frozen_time" });
  expect((await advance("2027-05-05T00:00:00Z")).status).toBe("advancing");
  await expect(advance("2027-05-06T00:00:00Z")).rejects.toMatchObject({ statusCode: 400 });
  server.wait(2);
  expect((await server.stripe.testHelpers.testClocks.retrieve(clock.id)).status).toBe("ready");
  const made = await invoices(server, customer.id);
  expect(made.map((invoice) => [new Date(invoice.created * 1000).toISOString().slice(0, 10), invoice.status])).toEqual([
    ["2027-05-01", "paid"],
    ["2027-04-01", "paid"],
    ["2027-03-10", "paid"],
  ]);
  await server.stripe.testHelpers.testClocks.del(clock.id);
  expect((await server.stripe.subscriptions.retrieve(id)).status).toBe("canceled");
});
