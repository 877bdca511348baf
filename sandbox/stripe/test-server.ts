import { serve } from "@hono/node-server";
import Stripe from "stripe";
import type { Emulator } from "../emulator.ts";
import { createStripe, type StripeWorld } from "./stripe.ts";

export interface TestServer extends AsyncDisposable {
  readonly stripe: Stripe;
  readonly emulator: Emulator & StripeWorld;
  readonly url: string;
  /** Seconds now. */
  now(): number;
  /** Moves the time forwards to that instant; everything due on the way happens at its own time. */
  until(isoOrSeconds: string | number): void;
  wait(seconds: number): void;
  /** A plain request with the test key. */
  request(path: string, init?: RequestInit): Promise<Response>;
}

/** The emulator behind a real HTTP server on loopback, with the official SDK as its client and a clock that only the test moves. */
export async function startTestServer(start: string, settings: Record<string, unknown> = {}): Promise<TestServer> {
  let now = Date.parse(start);
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const emulator = createStripe(
    { clock: { now: () => now }, random },
    { settings: { basicPerSecond: 10_000, meterLockMilliseconds: 0, ...settings } },
  );
  const server = serve({ fetch: (request) => emulator.fetch(request), hostname: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const url = `http://127.0.0.1:${port}`;
  const until = (time: string | number) => {
    const target = typeof time === "number" ? time * 1000 : Date.parse(time);
    for (let due = emulator.nextDue(); due !== undefined && due <= target; due = emulator.nextDue()) {
      now = Math.max(now, due);
      emulator.runDue();
    }
    now = Math.max(now, target);
  };
  return {
    stripe: new Stripe("sk_test_sandbox", { host: "127.0.0.1", port, protocol: "http", telemetry: false, maxNetworkRetries: 0 }),
    emulator,
    url,
    now: () => Math.floor(now / 1000),
    until,
    wait: (seconds) => until(now / 1000 + seconds),
    request: (path, init = {}) =>
      fetch(`${url}${path}`, {
        ...init,
        headers: { authorization: "Bearer sk_test_sandbox", ...Object.fromEntries(new Headers(init.headers)) },
      }),
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
