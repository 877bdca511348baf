import { Hono } from "hono";
import * as z from "zod";
import type { Emulator, EmulatorContext } from "../emulator.ts";
import { answer, type Transport, unrecognized } from "./answer.ts";
import { completeSession, renderSession, sessionFor } from "./checkout.ts";
import { checkoutMessage, checkoutPage } from "./checkout-page.ts";
import { fire } from "./fire.ts";
import { holdings } from "./holdings.ts";
import { IdempotencyStore } from "./idempotency.ts";
import { makeId } from "./ids.ts";
import { Job } from "./jobs.ts";
import { RateLimiter } from "./limits.ts";
import { operationName } from "./operation.ts";
import { operations } from "./operations.ts";
import { Refusal } from "./refusal.ts";
import { seed } from "./seed.ts";
import { changeSettings, defaultSettings, Settings } from "./settings.ts";
import { World } from "./world.ts";

/** What people, not programs, do at Stripe. */
export interface StripeWorld {
  /** The customer gives a card on the hosted page: by session id, or by customer id for that customer's newest open session. `paymentMethod` is a test token such as `pm_card_visa` (the default). Answers the finished session; throws an Error in words. */
  completeSetup(sessionIdOrCustomer: string, options?: { readonly paymentMethod?: string }): object;
}

/** How the emulated account differs from our own. */
export interface StripeOptions {
  /** Deviations from the defaults of settings.ts; they survive `reset()`. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

const Snapshot = z.object({
  version: z.literal(1),
  sequence: z.number(),
  requests: z.number(),
  origin: z.string(),
  settings: Settings,
  jobs: z.array(Job),
  idempotency: z.unknown(),
  shelves: z.record(z.string(), z.unknown()),
});

/** An account of Stripe in test mode, API 2026-10-28.endive: meters, customers, subscriptions, invoices, dunning, on the sandbox's clock. */
export function createStripe(context: EmulatorContext, options: StripeOptions = {}): Emulator & StripeWorld {
  const world = new World(context);
  const idempotency = new IdempotencyStore();
  let requests = 0;
  const nextRequestId = () => {
    requests += 1;
    return makeId("req_", requests);
  };
  const transport: Transport = { world, idempotency, limiter: new RateLimiter(), nextRequestId };
  const initialSettings = () => changeSettings(defaultSettings(), options.settings ?? {});
  world.settings = initialSettings();
  const app = routes(transport);

  const emulator: Emulator & StripeWorld = {
    vendor: "stripe",
    operation: ({ method, path }) =>
      path.startsWith("/_checkout/") ? `${method} /_checkout/:id` : operationName(operations, method, path.split("?")[0] ?? path),
    fetch: (request) => app.fetch(request),
    state: () => holdings(world),
    seed(objects) {
      const before = emulator.snapshot();
      try {
        seed(world, objects);
      } catch (error) {
        emulator.restore(before);
        throw error;
      }
    },
    reset() {
      for (const shelf of Object.values(world.shelves())) shelf.clear();
      world.usage.clear();
      world.agenda.load([]);
      world.sequence = 0;
      requests = 0;
      idempotency.load([]);
      world.settings = initialSettings();
    },
    snapshot: () =>
      structuredClone({
        version: 1,
        sequence: world.sequence,
        requests,
        origin: world.origin,
        settings: world.settings,
        jobs: world.agenda.dump(),
        idempotency: idempotency.dump(),
        shelves: Object.fromEntries(Object.entries(world.shelves()).map(([name, shelf]) => [name, shelf.dump()])),
      }),
    restore(snapshot) {
      const saved = Snapshot.parse(snapshot);
      for (const [name, shelf] of Object.entries(world.shelves())) shelf.load(saved.shelves[name] ?? []);
      world.usage.clear();
      for (const event of world.meterEvents.values()) world.usage.add(event);
      world.agenda.load(saved.jobs);
      world.sequence = saved.sequence;
      world.origin = saved.origin;
      requests = saved.requests;
      idempotency.load(saved.idempotency);
      world.settings = saved.settings;
    },
    nextDue: () => world.agenda.peek(null)?.at,
    runDue() {
      const now = world.nowMs();
      for (let job = world.agenda.peek(null, now); job; job = world.agenda.peek(null, now)) {
        world.agenda.remove(job);
        fire(world, job);
      }
    },
    settings: () => ({ ...world.settings }),
    configure(settings) {
      world.settings = changeSettings(world.settings, settings);
    },
    completeSetup: (sessionIdOrCustomer, { paymentMethod = "pm_card_visa" } = {}) =>
      renderSession(world, completeSession(world, sessionFor(world, sessionIdOrCustomer), paymentMethod)),
  };
  return emulator;
}

function routes(transport: Transport): Hono {
  const app = new Hono();
  app.get("/_checkout/:id", (context) => page(() => checkoutPage(sessionFor(transport.world, context.req.param("id")))));
  app.post("/_checkout/:id", async (context) => {
    const form = await context.req.parseBody();
    const method = typeof form.payment_method === "string" ? form.payment_method : "pm_card_visa";
    return page(() =>
      checkoutPage(completeSession(transport.world, sessionFor(transport.world, context.req.param("id")), method)),
    );
  });
  for (const operation of operations)
    app.on(operation.method, operation.path, (context) =>
      answer(transport, operation, context.req.raw, context.req.param("id") ?? ""),
    );
  app.notFound((context) => unrecognized(transport, context.req.raw));
  return app;
}

function page(make: () => string): Response {
  const headers = { "content-type": "text/html; charset=utf-8" };
  try {
    return new Response(make(), { headers });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return new Response(checkoutMessage(error.message), { status: error.status, headers });
  }
}
