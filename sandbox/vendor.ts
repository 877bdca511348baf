/** Puts an emulated vendor on a port: the vendor's own API, and beside it the sandbox's outside under `/_sandbox/` (DESIGN 3.6). */
import { createHash } from "node:crypto";
import type { VirtualClock } from "./clock.ts";
import type { Emulator, Random } from "./emulator.ts";
import { type Effect, Faults } from "./faults.ts";
import { type Handler, json } from "./http.ts";

export interface RecordedCall {
  /** Virtual time of arrival. */
  readonly at: string;
  readonly vendor: string;
  readonly operation: string;
  /** 0 = the answer was lost. */
  readonly status: number;
  /** Virtual milliseconds until the answer. */
  readonly ms: number;
  /** First 12 hex digits of the credential's SHA-256; null without one. */
  readonly token: string | null;
}

/** Sandbox-wide routes that every port offers, by path below `/_sandbox/`. */
export type SharedRoutes = Record<string, (method: string, body: unknown) => Response | Promise<Response>>;

const callsKept = 200_000;

export class Vendor {
  readonly emulator: Emulator;
  readonly faults: Faults;
  /** Of this process: a log, not a part of the vendor, and too long to be written anew with every change. */
  calls: RecordedCall[] = [];
  /** Somebody spoke to it, in this run or in an earlier one whose state was kept. */
  touched = false;
  /** Whom `hold` and `holdAnswer` keep waiting. */
  readonly #held = new Set<() => void>();
  readonly #clock: VirtualClock;
  readonly #shared: SharedRoutes;
  readonly #changed: () => void;

  constructor(emulator: Emulator, clock: VirtualClock, random: Random, shared: SharedRoutes, changed: () => void) {
    this.emulator = emulator;
    this.faults = new Faults(random);
    this.#clock = clock;
    this.#shared = shared;
    this.#changed = changed;
  }

  readonly handle: Handler = async (request, signal) => {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/_sandbox/")) return this.#outside(request, url);
    const body = request.body ? await request.clone().text() : "";
    const operation = this.emulator.operation({ method: request.method, path: url.pathname, body });
    const arrived = this.#clock.now();
    const done = this.#clock.work();
    try {
      const answer = await this.#answer(request, this.faults.take(operation), signal);
      this.#record({ operation, arrived, request, status: answer?.status ?? 0 });
      return answer;
    } finally {
      done();
      if (request.method !== "GET") this.#changed();
    }
  };

  reset(): void {
    this.emulator.reset();
    this.faults.clear();
    this.calls = [];
    this.touched = false;
    this.#changed();
  }

  async #answer(request: Request, effects: readonly Effect[], signal: AbortSignal): Promise<Response | undefined> {
    let lost = false;
    let held = false;
    let instead: Response | undefined;
    for (const effect of effects) {
      switch (effect.kind) {
        case "delay":
          await this.#clock.park(this.#clock.now() + effect.milliseconds, signal);
          break;
        case "status":
          return ordered(effect.status);
        case "afterWork":
          instead = ordered(effect.status);
          break;
        case "graphqlError":
          return this.emulator.graphqlError?.(effect.message) ?? json({ error: effect.message }, 400);
        case "echo":
          return echoed(request, await request.clone().text());
        case "dropAnswer":
          lost = true;
          break;
        case "hold":
          if (!(await this.#letGo(signal))) return undefined;
          break;
        case "holdAnswer":
          held = true;
          break;
        default:
          return effect satisfies never;
      }
    }
    const answer = await this.emulator.fetch(request);
    if (held && !(await this.#letGo(signal))) return undefined;
    return lost ? undefined : (instead ?? answer);
  }

  /** Ends when the faults are cleared (true), or when the client has closed its connection (false). */
  async #letGo(signal: AbortSignal): Promise<boolean> {
    const { promise: cleared, resolve } = Promise.withResolvers<true>();
    const release = () => resolve(true);
    this.#held.add(release);
    try {
      return await Promise.race([cleared, gone(signal).then(() => false as const)]);
    } finally {
      this.#held.delete(release);
    }
  }

  #record(call: { operation: string; arrived: number; request: Request; status: number }): void {
    const credential = call.request.headers.get("authorization") ?? call.request.headers.get("project-access-token");
    this.touched = true;
    this.calls.push({
      at: new Date(call.arrived).toISOString(),
      vendor: this.emulator.vendor,
      operation: call.operation,
      status: call.status,
      ms: this.#clock.now() - call.arrived,
      token: credential ? createHash("sha256").update(credential).digest("hex").slice(0, 12) : null,
    });
    if (this.calls.length > callsKept) this.calls.splice(0, this.calls.length - callsKept);
  }

  /** An empty list seeds nothing, so that what `state` shows can be sent back. */
  #seed(given: Record<string, unknown>): Response {
    const objects = Object.fromEntries(Object.entries(given).filter(([, list]) => !Array.isArray(list) || list.length > 0));
    this.emulator.seed(objects);
    this.#changed();
    return json({ seeded: Object.keys(objects) });
  }

  async #outside(request: Request, url: URL): Promise<Response> {
    const route = url.pathname.slice("/_sandbox/".length);
    const text = request.method === "GET" ? "" : await request.text();
    try {
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      return await this.#route(`${request.method} ${route}`, url, body);
    } catch (error) {
      return json({ error: error instanceof Error ? error.message : String(error) }, 400);
    }
  }

  async #route(route: string, url: URL, body: unknown): Promise<Response> {
    switch (route) {
      case "GET state":
        return json(this.emulator.state());
      case "GET calls": {
        const since = url.searchParams.get("since");
        if (since !== null && Number.isNaN(Date.parse(since))) throw new Error(`since: "${since}" is not an ISO time`);
        return json(since === null ? this.calls : this.calls.filter((call) => Date.parse(call.at) >= Date.parse(since)));
      }
      case "GET faults":
        return json(this.faults.list());
      case "POST faults":
        this.#changed();
        return json({ added: this.faults.add(body) });
      case "DELETE faults":
        this.#changed();
        this.faults.clear();
        for (const release of this.#held) release();
        return json({ added: 0 });
      case "POST seed":
        return this.#seed(asObject(body));
      case "POST reset":
        this.reset();
        return json({ reset: this.emulator.vendor });
      case "GET settings":
        return json(this.emulator.settings?.() ?? {});
      case "POST settings":
        this.emulator.configure?.(asObject(body));
        this.#changed();
        return json(this.emulator.settings?.() ?? {});
      default: {
        const [method = "", path = ""] = route.split(" ");
        const shared = this.#shared[path];
        if (!shared) return json({ error: `no such page: /_sandbox/${path}` }, 404);
        const answer = await shared(method, body);
        this.#changed();
        return answer;
      }
    }
  }
}

/** Ends when the client has closed its connection. */
function gone(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function ordered(status: number): Response {
  // HTTP forbids these a body.
  if ([204, 205, 304].includes(status)) return new Response(null, { status });
  return json({ error: `a fault ordered in the sandbox: HTTP ${status}` }, status);
}

/** A refusal that repeats credential and body, as vendors do; its shape is read by the clients of all of them. */
function echoed(request: Request, body: string): Response {
  const message = `cannot process "${body}" of ${request.headers.get("authorization") ?? "nobody"}`;
  const refusal = { success: false, errors: [{ code: 1004, message }], messages: [], result: null };
  return json({ ...refusal, error: { message, type: "invalid_request_error", code: 400 } }, 400);
}

export function asObject(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Error("the body must be a JSON object");
  return body as Record<string, unknown>;
}
