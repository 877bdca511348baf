import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Clock, memoryClock } from "../../domain/clock.ts";
import { VendorError } from "../../domain/error.ts";
import { patientClock } from "../http/patient-clock.ts";
import { apiVersion, createStripeClient } from "./client.ts";
import { isAlreadyDelivered } from "./refusal.ts";

interface Seen {
  readonly path: string | undefined;
  readonly version: string | string[] | undefined;
  readonly key: string | string[] | undefined;
}
type Answer = { status: number; body: object; headers?: Record<string, string> } | "hang up" | "never";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(answers: Answer[]): Promise<{ base: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  server = createServer((request: IncomingMessage, response) => {
    seen.push({ path: request.url, version: request.headers["stripe-version"], key: request.headers["idempotency-key"] });
    const answer = answers[Math.min(seen.length, answers.length) - 1];
    if (answer === "hang up" || answer === undefined) return request.socket.destroy();
    if (answer === "never") return;
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const customer = { status: 200, body: { id: "cus_1", object: "customer" } };
const broken = { status: 500, body: { error: { type: "api_error", message: "oops" } } };
const key = "sk_test_abcdefghijkl";
const patient = () => patientClock(30_000, 0);
const client = (apiBase: string, clock: Clock = patient()) => createStripeClient({ secretKey: key, apiBase, clock, live: false });
const create = (base: string) =>
  client(base).write("POST /v1/customers", "customer:a", (sdk, options) => sdk.customers.create({}, options));

test("every request carries the pinned API version", async () => {
  const { base, seen } = await serve([customer]);
  await client(base).read("GET /v1/customers/:id", (sdk) => sdk.customers.retrieve("cus_1"));
  expect(seen).toEqual([{ path: "/v1/customers/cus_1", version: apiVersion, key: undefined }]);
});

test("after a 5xx the next attempt has a new idempotency key, after a lost answer the same", async () => {
  const { base, seen } = await serve([broken, "hang up", customer]);
  expect((await create(base)).id).toBe("cus_1");
  const keys = seen.map((request) => request.key);
  expect([keys[0], keys[1] === keys[0], keys[2] === keys[1]]).toEqual(["customer:a", false, true]);
});

test("a run after one that met only 5xx begins with the same key and then uses none that Stripe keeps a 500 for", async () => {
  const { base, seen } = await serve([broken]);
  const clock = patient();
  const again = () =>
    client(base, clock).write("POST /v1/customers", "customer:a", (sdk, options) => sdk.customers.create({}, options));
  await expect(again()).rejects.toThrow("HTTP 500");
  await expect(again()).rejects.toThrow("HTTP 500");
  const [first = [], second = []] = [seen.slice(0, 6), seen.slice(6)].map((some) => some.map((request) => request.key));
  expect([first[0], second[0]]).toEqual(["customer:a", "customer:a"]);
  expect(new Set([...first, ...second]).size).toBe(11);
});

test("what Stripe says must not be retried is not", async () => {
  const { base, seen } = await serve([{ ...broken, headers: { "stripe-should-retry": "false" } }]);
  await expect(create(base)).rejects.toThrow("stripe refused POST /v1/customers");
  expect(seen.length).toBe(1);
});

test("something new is looked for again before each attempt to make it", async () => {
  const { base, seen } = await serve([broken, customer]);
  let looks = 0;
  const found = await client(base).ensure("POST /v1/customers", "customer:a", {
    find: async () => (++looks === 2 ? { id: "cus_found" } : undefined),
    make: (sdk, options) => sdk.customers.create({}, options),
  });
  expect([found.id, looks, seen.length]).toEqual(["cus_found", 2, 1]);
});

test("an answer that never comes ends at the clock's deadline", async () => {
  const { base } = await serve(["never"]);
  const lost = client(base, memoryClock(0)).read("GET /v1/customers/:id", (sdk) => sdk.customers.retrieve("cus_1"));
  await expect(lost).rejects.toThrow("no answer within 30 s");
});

test("no more than 25 requests start within a second", async () => {
  const { base } = await serve([customer]);
  const clock = patient();
  const stripe = client(base, clock);
  await Promise.all(Array.from({ length: 60 }, () => stripe.read("GET", (sdk) => sdk.customers.retrieve("cus_1"))));
  expect(await clock.now()).toBe(2000);
});

test("the key never appears in an error", async () => {
  const { base } = await serve([
    { status: 401, body: { error: { type: "invalid_request_error", message: `Invalid API Key provided: ${key}` } } },
  ]);
  await expect(create(base)).rejects.toThrow(/Invalid API Key provided: \[secret\]/);
});

test("a live key needs --live and never goes to another address; a test key is refused with --live", () => {
  const clock = memoryClock(0);
  expect(() => createStripeClient({ secretKey: "sk_live_abcdefghijkl", clock, live: false })).toThrow("--live");
  expect(() =>
    createStripeClient({ secretKey: "sk_live_abcdefghijkl", clock, live: true, apiBase: "http://127.0.0.1:1" }),
  ).toThrow("STRIPE_API_BASE");
  expect(() => createStripeClient({ secretKey: key, clock, live: true })).toThrow("test key");
  expect(() => createStripeClient({ secretKey: "hello", clock, live: false })).toThrow("STRIPE_SECRET_KEY");
});

test("only the exact refusal of a repeated identifier counts as delivered", async () => {
  const repeated = (message: string) =>
    new VendorError({ vendor: "stripe", operation: "x", status: 400, vendorMessage: message, retryable: false });
  expect(isAlreadyDelivered(repeated("An event already exists with identifier bh:1."), "bh:1")).toBe(true);
  expect(isAlreadyDelivered(repeated("An event already exists with identifier bh:2."), "bh:1")).toBe(false);
  expect(
    isAlreadyDelivered(
      new VendorError({ ...repeated("An event already exists with identifier bh:1.").refusal, status: 409 }),
      "bh:1",
    ),
  ).toBe(false);
});
