import { expect, test } from "vitest";
import { makeCatalog } from "./test-catalog.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const success_url = "https://fleet.example/done";

async function customerOf(server: TestServer) {
  return server.stripe.customers.create({ name: "Acme", metadata: { tenant_uid: "tn_7k2m9x4q1c" } });
}

test("a set-up session needs a currency, saves the card, and does not make it the default", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const customer = await customerOf(server);
  await expect(
    server.stripe.checkout.sessions.create({ mode: "setup", customer: customer.id, success_url }),
  ).rejects.toMatchObject({ code: "parameter_missing", param: "currency" });
  const session = await server.stripe.checkout.sessions.create({
    mode: "setup",
    customer: customer.id,
    currency: "usd",
    success_url,
  });
  expect(session.expires_at - session.created).toBe(86_400);
  server.emulator.completeSetup(customer.id, { paymentMethod: "pm_card_visa" });
  const done = await server.stripe.checkout.sessions.retrieve(session.id, { expand: ["setup_intent"] });
  expect(done.status).toBe("complete");
  const [card] = (await server.stripe.customers.listPaymentMethods(customer.id)).data;
  expect(done.setup_intent).toMatchObject({ status: "succeeded", payment_method: card?.id });
  expect(await server.stripe.customers.retrieve(customer.id)).toMatchObject({
    invoice_settings: { default_payment_method: null },
  });
  expect((await server.stripe.events.list({ types: ["checkout.session.completed"] })).data).toHaveLength(1);
  expect(() => server.emulator.completeSetup(session.id)).toThrow("complete");
});

test("a session lives for 24 hours, or until it is expired; afterwards nobody can complete it", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const customer = await customerOf(server);
  const make = () =>
    server.stripe.checkout.sessions.create({ mode: "setup", customer: customer.id, currency: "usd", success_url });
  const [one, two] = [await make(), await make()];
  await server.stripe.checkout.sessions.expire(one.id);
  server.wait(86_399);
  expect(
    (await server.stripe.checkout.sessions.list({ customer: customer.id, status: "open" })).data.map((session) => session.id),
  ).toEqual([two.id]);
  server.wait(1);
  expect((await server.stripe.checkout.sessions.retrieve(two.id)).status).toBe("expired");
  expect(() => server.emulator.completeSetup(two.id)).toThrow("expired");
});

test("a person completes a session with one click on its page", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const customer = await customerOf(server);
  const session = await server.stripe.checkout.sessions.create({
    mode: "setup",
    customer: customer.id,
    currency: "usd",
    success_url,
  });
  expect(session.url).toBe(`${server.url}/_checkout/${session.id}`);
  expect(await (await fetch(session.url ?? "")).text()).toContain("<button>");
  const clicked = await fetch(session.url ?? "", {
    method: "POST",
    body: new URLSearchParams({ payment_method: "pm_card_visa" }),
  });
  expect(await clicked.text()).toContain("complete");
  expect((await server.stripe.customers.listPaymentMethods(customer.id)).data).toHaveLength(1);
  expect((await fetch(`${server.url}/_checkout/cs_test_none`)).status).toBe(404);
});

test("a session in subscription mode makes the subscription, anchored and paid", async () => {
  await using server = await startTestServer("2026-11-16T00:00:00Z");
  const catalog = await makeCatalog(server);
  const session = await server.stripe.checkout.sessions.create({
    mode: "subscription",
    customer_email: "new@acme.example",
    line_items: [{ price: catalog.flat.id, quantity: 1 }, { price: catalog.hour.id }],
    subscription_data: {
      billing_cycle_anchor_config: { day_of_month: 1, hour: 0, minute: 0, second: 0 },
      metadata: { tenant_uid: "tn_7k2m9x4q1c" },
    },
    success_url,
  });
  server.emulator.completeSetup(session.id);
  const { subscription, invoice } = await server.stripe.checkout.sessions.retrieve(session.id, {
    expand: ["subscription", "invoice"],
  });
  expect(subscription).toMatchObject({ status: "active", metadata: { tenant_uid: "tn_7k2m9x4q1c" } });
  expect(invoice).toMatchObject({ status: "paid", total: 250 });
});

test("price lookup keys are unique and can be handed over; a metered price needs an active meter", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const { flat, hour, meter } = await makeCatalog(server);
  const next = {
    currency: "usd",
    product: String(flat.product),
    unit_amount: 600,
    recurring: { interval: "month" },
    lookup_key: "base_monthly_v1",
  } as const;
  await expect(server.stripe.prices.create(next)).rejects.toMatchObject({ param: "lookup_key" });
  const moved = await server.stripe.prices.create({ ...next, transfer_lookup_key: true });
  expect(
    (await server.stripe.prices.list({ lookup_keys: ["base_monthly_v1", "billable_hour_v1"] })).data.map((price) => price.id),
  ).toEqual([moved.id, hour.id]);
  const metered = { currency: "usd", product: String(flat.product), unit_amount: 100 };
  await expect(
    server.stripe.prices.create({ ...metered, recurring: { interval: "month", usage_type: "metered" } }),
  ).rejects.toMatchObject({ param: "recurring[meter]" });
  await server.stripe.billing.meters.deactivate(meter.id);
  await expect(
    server.stripe.prices.create({ ...metered, recurring: { interval: "month", usage_type: "metered", meter: meter.id } }),
  ).rejects.toMatchObject({ param: "recurring[meter]" });
});

test("search finds by metadata, some time behind; lists do not lag", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z");
  const customer = await customerOf(server);
  const search = () => server.stripe.customers.search({ query: `metadata["tenant_uid"]:"tn_7k2m9x4q1c"` });
  expect((await search()).data).toEqual([]);
  server.wait(60);
  expect((await search()).data.map((found) => found.id)).toEqual([customer.id]);
  expect((await server.stripe.customers.search({ query: `metadata["tenant_uid"]:"other"` })).data).toEqual([]);
});

test("the portal opens with the saved settings, and without them asks for a configuration", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z", { portalSettingsSaved: false });
  const customer = await customerOf(server);
  await expect(server.stripe.billingPortal.sessions.create({ customer: customer.id })).rejects.toMatchObject({ statusCode: 400 });
  const configuration = await server.stripe.billingPortal.configurations.create({
    features: { payment_method_update: { enabled: true }, invoice_history: { enabled: true } },
  });
  const session = await server.stripe.billingPortal.sessions.create({
    customer: customer.id,
    configuration: configuration.id,
    return_url: success_url,
  });
  expect(session.url).toMatch(/^https:\/\/billing\.stripe\.com\//);
});

test("events are kept for 30 days, filtered by up to 20 types, and can come twice", async () => {
  await using server = await startTestServer("2026-11-10T00:00:00Z", { duplicateEvents: true });
  await customerOf(server);
  const listed = await server.stripe.events.list({ types: ["customer.created"] });
  expect(listed.data).toHaveLength(2);
  expect(new Set(listed.data.map((event) => event.id)).size).toBe(2);
  expect(listed.data[0]?.request?.id).toMatch(/^req_/);
  await expect(server.stripe.events.list({ types: Array.from({ length: 21 }, () => "x") })).rejects.toMatchObject({
    param: "types",
  });
  expect((await server.stripe.events.list({ delivery_success: false })).data).toEqual([]);
  server.wait(30 * 86_400);
  expect((await server.stripe.events.list({ types: ["customer.created"] })).data).toEqual([]);
});
