import Stripe from "stripe";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeCatalog, makeCustomer, post, subscribe } from "./test-catalog.ts";
import { startTestServer } from "./test-server.ts";

const form = { "content-type": "application/x-www-form-urlencoded" };

test("live keys, no key and another API version are refused", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const status = async (headers: Record<string, string>) => (await fetch(`${server.url}/v1/account`, { headers })).status;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: `Bearer ${["sk", "live", "abcdef123"].join("_")}` })).toBe(401);
  expect(await status({ authorization: "Bearer rk_test_anything1" })).toBe(200);
  expect(await status({ authorization: `Basic ${Buffer.from("sk_test_x:").toString("base64")}` })).toBe(200);
  expect(await status({ authorization: "Bearer sk_test_x", "stripe-version": "2024-06-20" })).toBe(400);
});

test("every answer carries its request id and the virtual date; errors say type, code and parameter", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const missing = await server.request("/v1/customers/cus_nobody");
  expect(missing.status).toBe(404);
  expect(missing.headers.get("request-id")).toMatch(/^req_[A-Za-z0-9]{14}$/);
  expect(missing.headers.get("date")).toBe("Wed, 11 Nov 2026 12:00:00 GMT");
  expect(await missing.json()).toMatchObject({
    error: { type: "invalid_request_error", code: "resource_missing", param: "id", message: "No such customer: 'cus_nobody'" },
  });
  const unknown = await server.request("/v1/customers", { method: "POST", headers: form, body: "name=A&shoe_size=44" });
  expect(await unknown.json()).toMatchObject({
    error: { code: "parameter_unknown", param: "shoe_size", message: "Received unknown parameter: shoe_size" },
  });
  const nested = await server.request("/v1/prices", {
    method: "POST",
    headers: form,
    body: "currency=usd&recurring[interval]=month&recurring[mood]=x",
  });
  expect(await nested.json()).toMatchObject({ error: { code: "parameter_unknown", param: "recurring[mood]" } });
  const required = await server.request("/v1/billing/meters", { method: "POST", headers: form, body: "display_name=x" });
  expect(await required.json()).toMatchObject({ error: { code: "parameter_missing" } });
  const long = await server.request("/v1/billing/meter_events", {
    method: "POST",
    headers: form,
    body: `event_name=x&identifier=${"i".repeat(101)}&payload[value]=1`,
  });
  expect(long.status).toBe(400);
  expect((await server.request("/v1/unheard")).status).toBe(404);
});

test("an idempotency key replays the first answer for 24 hours, 500s included, and refuses other parameters", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const create = (name: string, idempotencyKey: string) => server.stripe.customers.create({ name }, { idempotencyKey });
  const first = await create("A", "k1");
  const again = await create("A", "k1");
  expect(again.id).toBe(first.id);
  expect(again.lastResponse.headers["idempotent-replayed"]).toBe("true");
  await expect(create("B", "k1")).rejects.toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  server.emulator.configure?.({ serverErrors: { "POST /v1/customers": 1 } });
  for (let count = 0; count < 2; count++) await expect(create("C", "k2")).rejects.toMatchObject({ statusCode: 500 });
  expect((await create("C", "k3")).name).toBe("C");
  server.wait(24 * 3600);
  expect((await create("A", "k1")).id).not.toBe(first.id);
});

test("an answer refused before any work leaves its idempotency key free", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const send = (body: string) =>
    server.request("/v1/customers", { method: "POST", headers: { ...form, "idempotency-key": "k" }, body });
  expect((await send("nam=A")).status).toBe(400);
  expect((await send("name=A")).status).toBe(200);
});

test("calls above the limit of a virtual second are answered 429 until time moves", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z", { basicPerSecond: 25 });
  const statuses = async () =>
    Promise.all(Array.from({ length: 30 }, () => server.request("/v1/account").then((response) => response.status)));
  expect((await statuses()).filter((status) => status === 429)).toHaveLength(5);
  await expect(server.stripe.accounts.retrieveCurrent()).rejects.toBeInstanceOf(Stripe.errors.StripeRateLimitError);
  server.wait(1);
  expect((await server.request("/v1/account")).status).toBe(200);
});

test("two meter events of one customer and meter at the same time: one is answered 429, and can be sent again", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z", { meterLockMilliseconds: 50 });
  await makeCatalog(server);
  const customer = await makeCustomer(server);
  const hours = ["2026-11-11T09:00:00Z", "2026-11-11T10:00:00Z"];
  // The first one is held until this test moves the machine's time, however late the second one comes.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const posts = hours.map((hour) => post(server, customer.id, hour));
  const settled = Promise.allSettled(posts);
  await Promise.race(posts).catch(() => undefined);
  vi.advanceTimersByTime(50);
  const both = await settled;
  vi.useRealTimers();
  expect(both.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  const failed = hours[both.findIndex((result) => result.status === "rejected")];
  await expect(post(server, customer.id, failed ?? "", "1", "again")).resolves.toBeDefined();
});

test("lists page newest first, and small pages can be forced", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z", { maxPageSize: 2 });
  const made: string[] = [];
  for (let count = 0; count < 5; count++) made.unshift((await server.stripe.customers.create({ name: `C${count}` })).id);
  const listed: string[] = [];
  for await (const customer of server.stripe.customers.list({ limit: 100 })) listed.push(customer.id);
  expect(listed).toEqual(made);
  await expect(server.stripe.customers.list({ limit: 101 })).rejects.toMatchObject({ statusCode: 400 });
});

test("a snapshot taken in the middle goes on as if nothing had been", async () => {
  await using one = await startTestServer("2026-11-11T12:00:00Z");
  const catalog = await makeCatalog(one);
  const customer = await makeCustomer(one);
  await subscribe(one, customer.id, catalog);
  await post(one, customer.id, "2026-11-11T12:00:00Z");
  const snapshot = JSON.parse(JSON.stringify(one.emulator.snapshot()));
  await using two = await startTestServer("2026-11-11T12:00:00Z");
  two.emulator.restore(snapshot);
  expect(two.emulator.snapshot()).toEqual(snapshot);
  for (const server of [one, two]) server.until("2026-12-05T00:00:00Z");
  expect(two.emulator.state()).toEqual(one.emulator.state());
  expect(JSON.stringify(two.emulator.state().invoices)).toContain('"total":600');
});

test("seeded objects live on like made ones, and a wrong seed names everything that is wrong and adds nothing", async () => {
  await using one = await startTestServer("2026-11-11T12:00:00Z");
  const catalog = await makeCatalog(one);
  const customer = await makeCustomer(one);
  await subscribe(one, customer.id, catalog);
  await post(one, customer.id, "2026-11-11T11:00:00Z");
  await post(one, customer.id, "2026-11-11T12:00:00Z");
  one.wait(100);
  const { customers, products, prices, meters, paymentMethods, subscriptions, meterEvents } = one.emulator.state();
  await using two = await startTestServer("2026-11-11T12:01:40Z");
  two.emulator.seed({ customers, products, prices, meters, paymentMethods, subscriptions, meterEvents });
  for (const server of [one, two]) server.until("2026-12-05T00:00:00Z");
  const last = (server: typeof one) =>
    server.stripe.invoices.list({ customer: customer.id, limit: 1 }).then(({ data }) => [data[0]?.status, data[0]?.total]);
  expect(await last(two)).toEqual(["paid", 600]);
  expect(await last(one)).toEqual(["paid", 600]);
  const before = two.emulator.state();
  expect(() => two.emulator.seed({ customers: [{ id: "cus_right" }, { name: "no id" }], cars: [] })).toThrow(
    /cars: unknown.*customers\[1\]: id/,
  );
  expect(two.emulator.state()).toEqual(before);
});

test("operations are named with :id in the place of ids", async () => {
  await using server = await startTestServer("2026-11-11T12:00:00Z");
  const name = (method: string, path: string) => server.emulator.operation({ method, path, body: "" });
  expect(name("GET", "/v1/customers/cus_1?expand[0]=x")).toBe("GET /v1/customers/:id");
  expect(name("GET", "/v1/customers/search")).toBe("GET /v1/customers/search");
  expect(name("POST", "/v1/invoices/in_1/finalize")).toBe("POST /v1/invoices/:id/finalize");
});
