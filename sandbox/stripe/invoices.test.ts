import type Stripe from "stripe";
import { expect, test } from "vitest";
import { makeCatalog, makeCustomer, post, subscribe } from "./test-catalog.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const seconds = (iso: string) => Date.parse(iso) / 1000;
const grace = 259_200;

async function running(
  start: string,
  settings: Record<string, unknown> = {},
  extra: Partial<Stripe.SubscriptionCreateParams> = {},
) {
  const server = await startTestServer(start, settings);
  const catalog = await makeCatalog(server);
  const customer = await makeCustomer(server);
  const subscription = await subscribe(server, customer.id, catalog, extra);
  return { server, catalog, customer: customer.id, subscription: subscription.id };
}

async function newest(server: TestServer, customer: string): Promise<Stripe.Invoice> {
  const [invoice] = (await server.stripe.invoices.list({ customer, limit: 1 })).data;
  if (!invoice) throw new Error("no invoice");
  return invoice;
}

const amounts = (invoice: Stripe.Invoice) => invoice.lines.data.map((line) => [line.amount, line.quantity]);

test("the first partial month is prorated to the second, half a cent up, and charged in the request", async () => {
  const { server, customer, subscription } = await running("2026-11-10T10:30:15Z");
  await using _ = server;
  const sub = await server.stripe.subscriptions.retrieve(subscription);
  expect(sub.status).toBe("active");
  expect(sub.billing_mode.type).toBe("flexible");
  expect(sub.items.data.map((item) => [item.quantity, item.current_period_start, item.current_period_end])).toEqual([
    [1, seconds("2026-11-10T10:30:15Z"), seconds("2026-12-01T00:00:00Z")],
    [undefined, seconds("2026-11-10T10:30:15Z"), seconds("2026-12-01T00:00:00Z")],
  ]);
  const first = await newest(server, customer);
  // 500 × 1,776,585 s / 2,592,000 s = 342.7; no metered line of $0.
  expect(amounts(first)).toEqual([[343, 1]]);
  expect([first.status, first.amount_paid, first.billing_reason]).toEqual(["paid", 343, "subscription_create"]);
});

test("without prorations the first partial month is free and makes no invoice", async () => {
  const { server, customer, subscription } = await running("2026-11-10T10:30:15Z", {}, { proration_behavior: "none" });
  await using _ = server;
  expect((await server.stripe.invoices.list({ customer })).data).toEqual([]);
  expect((await server.stripe.subscriptions.retrieve(subscription)).latest_invoice).toBeNull();
  server.until("2026-12-01T00:00:00Z");
  expect((await newest(server, customer)).total).toBe(500);
});

test("a metered item takes no quantity, and neither does classic mode exist here", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const catalog = await makeCatalog(server);
  const customer = await makeCustomer(server);
  await expect(
    subscribe(server, customer.id, catalog, { items: [{ price: catalog.hour.id, quantity: 1 }] }),
  ).rejects.toMatchObject({ param: "items[0][quantity]" });
  await expect(subscribe(server, customer.id, catalog, { billing_mode: { type: "classic" } })).rejects.toMatchObject({
    statusCode: 400,
  });
});

test("the 1st brings the new month's fee and the past month's hours on a draft that the account's grace holds", async () => {
  const { server, customer } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  server.until("2026-11-30T22:00:00Z");
  await post(server, customer, "2026-11-20T10:00:00Z");
  // The hour that begins exactly at the boundary belongs to the next period: windows are [start, end).
  await post(server, customer, "2026-11-30T22:00:00Z");
  server.until("2026-12-01T00:00:00Z");
  await server.stripe.billing.meterEvents.create({
    event_name: "billable_hours",
    timestamp: seconds("2026-12-01T00:00:00Z"),
    payload: { stripe_customer_id: customer, value: "1" },
  });
  const draft = await newest(server, customer);
  expect(draft.status).toBe("draft");
  expect((draft.automatically_finalizes_at ?? 0) - draft.created).toBe(grace);
  expect(amounts(draft)).toEqual([
    [200, 2],
    [500, 1],
  ]);
  server.until("2026-12-03T23:59:59Z");
  expect((await newest(server, customer)).status).toBe("draft");
  server.until("2026-12-04T00:00:00Z");
  const paid = await newest(server, customer);
  expect([paid.status, paid.total, paid.amount_paid]).toEqual(["paid", 700, 700]);
  server.until("2027-01-01T00:00:00Z");
  expect((await newest(server, customer)).total).toBe(600);
});

test("late hours join the draft until finalization; afterwards they are accepted and billed nowhere", async () => {
  const { server, customer } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  server.until("2026-12-02T00:00:00Z");
  await post(server, customer, "2026-11-20T10:00:00Z");
  server.wait(100);
  expect((await newest(server, customer)).total).toBe(500);
  server.emulator.configure?.({ draftUsage: "fresh" });
  expect((await newest(server, customer)).total).toBe(600);
  server.emulator.configure?.({ draftUsage: "stale" });
  server.until("2026-12-05T00:00:00Z");
  expect((await newest(server, customer)).total).toBe(600);
  await post(server, customer, "2026-11-20T11:00:00Z");
  server.until("2027-01-02T00:00:00Z");
  expect((await newest(server, customer)).total).toBe(500);
});

test("auto_advance false holds a draft for ever; finalizing without it charges nobody until it is switched on", async () => {
  const { server, customer } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  server.until("2026-12-01T00:00:00Z");
  const { id } = await newest(server, customer);
  const held = await server.stripe.invoices.update(id ?? "", { auto_advance: false });
  expect(held.automatically_finalizes_at).toBeNull();
  server.until("2026-12-20T00:00:00Z");
  expect((await newest(server, customer)).status).toBe("draft");
  const open = await server.stripe.invoices.finalizeInvoice(id ?? "", { auto_advance: false });
  expect([open.status, open.number === null]).toEqual(["open", false]);
  server.wait(86_400);
  expect((await newest(server, customer)).attempted).toBe(false);
  await server.stripe.invoices.update(id ?? "", { auto_advance: true });
  server.wait(3600);
  expect((await newest(server, customer)).status).toBe("paid");
  await expect(server.stripe.invoices.update(id ?? "", { description: "x" })).rejects.toMatchObject({
    code: "invoice_not_editable",
  });
  await expect(server.stripe.invoices.del(id ?? "")).rejects.toMatchObject({ statusCode: 400 });
});

test("a draft's finalization can be moved, or on subscriptions' drafts refused, as switched", async () => {
  const { server, customer } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  server.until("2026-12-01T00:00:00Z");
  const { id, created } = await newest(server, customer);
  await server.stripe.invoices.update(id ?? "", { automatically_finalizes_at: created + 3600 });
  server.emulator.configure?.({ moveFinalization: "refused" });
  await expect(server.stripe.invoices.update(id ?? "", { automatically_finalizes_at: created + 7200 })).rejects.toMatchObject({
    param: "automatically_finalizes_at",
  });
  server.wait(3600);
  expect((await newest(server, customer)).status).toBe("paid");
});

test("a probe draft shows the account's grace", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const customer = await makeCustomer(server);
  const probe = await server.stripe.invoices.create({ customer: customer.id, auto_advance: true });
  expect((probe.automatically_finalizes_at ?? 0) - probe.created).toBe(grace);
  server.emulator.configure?.({ finalizationGraceSeconds: 3600 });
  const short = await server.stripe.invoices.create({ customer: customer.id, auto_advance: true });
  expect((short.automatically_finalizes_at ?? 0) - short.created).toBe(3600);
  await server.stripe.invoices.del(probe.id ?? "");
  await expect(server.stripe.invoices.retrieve(probe.id ?? "")).rejects.toMatchObject({ statusCode: 404 });
});

test("a preview shows the next invoice with the usage so far, and leaves nothing behind", async () => {
  const { server, customer, subscription } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  server.until("2026-11-20T12:00:00Z");
  await post(server, customer, "2026-11-20T10:00:00Z");
  server.wait(100);
  const preview = await server.stripe.invoices.createPreview({ subscription });
  expect([preview.total, preview.billing_reason, String(preview.id).startsWith("upcoming_in")]).toEqual([600, "upcoming", true]);
  const ending = await server.stripe.invoices.createPreview({ subscription, subscription_details: { cancel_now: true } });
  // 1 hour, less the unused time of November: 500 × 907,100 s / 2,592,000 s = 174.98.
  expect(ending.total).toBe(100 - 175);
  expect((await server.stripe.invoiceItems.list({ customer })).data).toEqual([]);
  expect((await server.stripe.invoices.list({ customer })).data).toHaveLength(1);
});

test("usage keeps the price under which it was reported; removing the item bills it, with none discards it", async () => {
  const { server, customer, catalog, subscription } = await running("2026-11-10T00:00:00Z");
  await using _ = server;
  const dearer = await server.stripe.prices.create({
    currency: "usd",
    product: String(catalog.hour.product),
    unit_amount: 200,
    recurring: { interval: "month", usage_type: "metered", meter: catalog.meter.id },
  });
  server.until("2026-11-20T12:00:00Z");
  await post(server, customer, "2026-11-20T10:00:00Z");
  server.wait(100);
  const item = (await server.stripe.subscriptions.retrieve(subscription)).items.data.find(
    (found) => found.price.id === catalog.hour.id,
  );
  await server.stripe.subscriptions.update(subscription, { items: [{ id: item?.id ?? "", price: dearer.id }] });
  server.wait(3600);
  await post(server, customer, "2026-11-20T12:00:00Z");
  server.until("2026-12-01T00:00:00Z");
  expect(amounts(await newest(server, customer))).toEqual([
    [100, 1],
    [200, 1],
    [500, 1],
  ]);
  server.until("2026-12-10T12:00:00Z");
  await post(server, customer, "2026-12-10T10:00:00Z");
  server.wait(100);
  await server.stripe.subscriptionItems.del(item?.id ?? "", {});
  expect((await server.stripe.invoiceItems.list({ customer, pending: true })).data.map((pending) => pending.amount)).toEqual([
    200,
  ]);
});

test("a changed flat item is prorated to the second and, with always_invoice, charged at once", async () => {
  const { server, customer, catalog, subscription } = await running("2026-11-01T00:00:00Z");
  await using _ = server;
  server.until("2026-11-16T00:00:00Z");
  const item = (await server.stripe.subscriptions.retrieve(subscription)).items.data.find(
    (found) => found.price.id === catalog.flat.id,
  );
  await server.stripe.subscriptions.update(subscription, {
    items: [{ id: item?.id ?? "", quantity: 3 }],
    proration_behavior: "always_invoice",
  });
  const invoice = await newest(server, customer);
  expect([invoice.total, invoice.status, invoice.billing_reason]).toEqual([500, "paid", "subscription_update"]);
});

test("backdating puts the usage since then on the first invoice, which is finalized at once", async () => {
  await using server = await startTestServer("2026-11-20T00:00:00Z");
  const catalog = await makeCatalog(server);
  const customer = await makeCustomer(server);
  await post(server, customer.id, "2026-11-12T10:00:00Z");
  server.wait(100);
  await subscribe(server, customer.id, catalog, { backdate_start_date: seconds("2026-11-10T00:00:00Z") });
  const invoice = await newest(server, customer.id);
  expect([invoice.status, amounts(invoice)]).toEqual([
    "paid",
    [
      [350, 1],
      [100, 1],
    ],
  ]);
  server.until("2026-12-01T00:00:00Z");
  expect((await newest(server, customer.id)).total).toBe(500);
});

test("less than 50 cents moves to the next invoice, and a balance is used up", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const customer = await makeCustomer(server);
  await server.stripe.invoiceItems.create({ customer: customer.id, amount: 30, currency: "usd" });
  const small = await server.stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: "include" });
  const done = await server.stripe.invoices.finalizeInvoice(small.id ?? "");
  expect([done.status, done.amount_due, done.ending_balance]).toEqual(["paid", 0, 30]);
  await server.stripe.invoiceItems.create({ customer: customer.id, amount: 100, currency: "usd" });
  const next = await server.stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: "include" });
  expect((await server.stripe.invoices.pay(next.id ?? "")).amount_paid).toBe(130);
});

test("credit notes lower what is open, split what was paid, and never exceed the invoice", async () => {
  const { server, customer } = await running("2026-11-01T00:00:00Z");
  await using _ = server;
  const paid = await newest(server, customer);
  const line = paid.lines.data[0]?.id ?? "";
  const note = await server.stripe.creditNotes.create({
    invoice: paid.id ?? "",
    lines: [{ type: "invoice_line_item", invoice_line_item: line, amount: 200 }],
    credit_amount: 200,
    reason: "order_change",
    memo: "two hours",
    email_type: "none",
  });
  expect([note.type, note.total, note.post_payment_amount]).toEqual(["post_payment", 200, 200]);
  expect(await server.stripe.customers.retrieve(customer)).toMatchObject({ balance: -200 });
  await expect(
    server.stripe.creditNotes.create({ invoice: paid.id ?? "", amount: 301, credit_amount: 301 }),
  ).rejects.toMatchObject({ param: "amount" });
  server.until("2026-12-01T00:00:00Z");
  const draft = await newest(server, customer);
  const open = await server.stripe.invoices.finalizeInvoice(draft.id ?? "", { auto_advance: false });
  expect([open.total, open.amount_due]).toEqual([500, 300]);
  await server.stripe.creditNotes.create({ invoice: draft.id ?? "", amount: 100 });
  expect((await newest(server, customer)).amount_remaining).toBe(200);
  await server.stripe.creditNotes.create({ invoice: draft.id ?? "", amount: 200 });
  expect((await newest(server, customer)).status).toBe("paid");
});
