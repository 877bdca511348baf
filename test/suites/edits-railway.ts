/** The emulated Railway with a clock in the hand: every wait of a client passes at once, and what is due meanwhile happens. */
import { createServer } from "node:http";
import type { Clock } from "../../domain/clock.ts";
import { createRailway } from "../../sandbox/railway/railway.ts";
import { seededRandom } from "../../sandbox/random.ts";
import { type RailwayClient, railwayClient } from "../../vendors/railway/client.ts";

/** A client's deadline for a request: never comes here. */
const deadlineMs = 45_000;

export class QuickRailway {
  /** Requests that it got. */
  requests = 0;
  readonly emulator;
  // Longer than any pause: a client may use a kept connection in the moment in which it would be closed.
  readonly #server = createServer({ keepAliveTimeout: 600_000 });
  #atMs = Date.parse("2026-11-01T00:00:00Z");
  #url = "";

  constructor(seed: number) {
    this.emulator = createRailway({ clock: { now: () => this.#atMs }, random: seededRandom(seed) });
    // Deleting a service takes its volume with it: the harder of the two ways that users report.
    this.emulator.configure?.({ rateLimits: false, serviceDeleteKeepsVolume: false });
  }

  async start(): Promise<void> {
    this.#server.on("request", async (incoming, response) => {
      this.requests++;
      let body = "";
      for await (const chunk of incoming) body += String(chunk);
      const headers = { "content-type": "application/json", authorization: incoming.headers.authorization ?? "" };
      const request = new Request(`http://railway.test${incoming.url}`, { method: "POST", headers, body });
      const answer = await this.emulator.fetch(request);
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    this.#url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/graphql/v2`;
  }

  end(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** A client of its own, as each provider process has one. */
  client(): RailwayClient {
    const clock: Clock = {
      now: async () => this.#atMs,
      sleep: (ms, signal) =>
        ms === deadlineMs
          ? new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
          : Promise.resolve(this.pass(ms)),
    };
    return railwayClient({ token: "sandbox-railway-token", apiUrl: this.#url, clock });
  }

  pass(ms: number): void {
    const to = this.#atMs + ms;
    for (let due = this.emulator.nextDue(); due !== undefined && due <= to; due = this.emulator.nextDue()) {
      this.#atMs = Math.max(this.#atMs, due);
      this.emulator.runDue();
    }
    this.#atMs = to;
  }

  now(): number {
    return this.#atMs;
  }

  save(): { readonly atMs: number; readonly state: unknown } {
    return { atMs: this.#atMs, state: this.emulator.snapshot() };
  }

  restore({ atMs, state }: { readonly atMs: number; readonly state: unknown }): void {
    this.#atMs = atMs;
    this.emulator.restore(state);
  }
}
