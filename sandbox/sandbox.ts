/** The vendors, offline: one process, loopback only, one virtual clock. A library without singletons; the commands wrap it. */
import { join } from "node:path";
import { assembleWorld } from "./assembled.ts";
import { Clients } from "./clients.ts";
import { VirtualClock } from "./clock.ts";
import type { Emulator } from "./emulator.ts";
import { json, type Listening, listen } from "./http.ts";
import { putAside, readState, type Saved, stateVersion, writeAtomically } from "./kept.ts";
import type { PortName } from "./ports.ts";
import { claim, type Facts } from "./presence.ts";
import { seededRandom } from "./random.ts";
import type { Traffic } from "./traffic.ts";
import { asObject, type SharedRoutes, Vendor } from "./vendor.ts";
import type { MakeWorld } from "./world.ts";

export interface SandboxOptions {
  /** Ports on 127.0.0.1; a missing one or 0 = any free one. */
  readonly ports?: Partial<Record<PortName, number>>;
  /** Where the state lies between runs, and `process.json`, by which the commands find this sandbox; without it nothing is kept. */
  readonly dir?: string;
  readonly clock?: {
    /** Where a fresh sandbox's clock stands, ISO; default 2026-11-01T00:00:00Z. A kept state brings its own time. */
    readonly start?: string;
    /** Time passes as on the wall instead of standing still; for a person. */
    readonly realTime?: boolean;
    /** Time does not jump while a client computes, however long it is silent (sandbox/clients.ts). Otherwise time that others wait for outruns whoever
     *  computes for longer than the clock waits, the more the busier the machine: who measures virtual time wants this. Seen on Linux only. */
    readonly waitsForClients?: boolean;
  };
  /** Brings back the same ids, lags and chances; default 1. */
  readonly seed?: number;
  /** What is emulated; default: the four vendors, joined. */
  readonly world?: MakeWorld;
}

export interface Sandbox {
  readonly urls: Readonly<Record<PortName, string>>;
  /** What the vendors' clients need in their environment (DESIGN 3.6). Every key in it is worthless outside. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: VirtualClock;
  readonly vendors: Readonly<Record<Emulator["vendor"], Vendor>>;
  readonly traffic: Traffic;
  /** Writes what is not yet written and gives the ports back. */
  close(): Promise<void>;
}

/** The emulators' keys: committed, worthless, refused by the real vendors. */
export const sandboxKeys = {
  RAILWAY_API_TOKEN: "sandbox-railway-token",
  CLOUDFLARE_API_TOKEN: "sandbox-cloudflare-token-0000000000000000000000",
  STRIPE_SECRET_KEY: "sk_test_sandbox0000000000000000",
  OPENROUTER_MANAGEMENT_KEY: "sk-or-v1-sandbox-management-key",
} as const;

const defaultStart = "2026-11-01T00:00:00.000Z";
const writeAfterMs = 500;
/** Writing may take this part of the time: a month of a fleet's meter events takes most of a second, in which nobody is answered. */
const writingShare = 1 / 20;

/** Throws an Error when another sandbox lives in `dir`, and node's own when a port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const claimed = options.dir === undefined ? undefined : await claim(options.dir);
  try {
    return await open(
      options,
      async (facts) => claimed?.publish(facts),
      async () => claimed?.release(),
    );
  } catch (error) {
    await claimed?.release();
    throw error;
  }
}

async function open(
  options: SandboxOptions,
  publish: (facts: Facts) => Promise<void>,
  release: () => Promise<void>,
): Promise<Sandbox> {
  let clients: Clients | undefined;
  const isBusy = options.clock?.waitsForClients ? () => clients?.busy() === true : undefined;
  const clock = new VirtualClock(Date.parse(options.clock?.start ?? defaultStart), isBusy);
  const random = seededRandom(options.seed ?? 1);
  const world = (options.world ?? assembleWorld)({ clock, random });
  const file = options.dir === undefined ? undefined : join(options.dir, "state.json");

  let timer: NodeJS.Timeout | undefined;
  let tookMs = 0;
  let writing = Promise.resolve();
  const write = () => {
    timer = undefined;
    if (file === undefined) return;
    const begun = performance.now();
    const touched = Object.keys(vendors).filter((name) => vendors[name as Emulator["vendor"]].touched);
    const faults = Object.fromEntries(Object.entries(vendors).map(([name, vendor]) => [name, vendor.faults.list()]));
    const saved: Saved = {
      version: stateVersion,
      now: clock.now(),
      random: random.state(),
      touched,
      faults,
      world: world.snapshot(),
    };
    const text = JSON.stringify(saved);
    tookMs = performance.now() - begun;
    // A full disk must not end the vendors under a running command: what is in memory is whole, and the next change is written anew.
    writing = writing
      .then(() => writeAtomically(file, text))
      .catch((error: Error) => {
        process.stderr.write(
          `sandbox: ${file} could not be written (${error.message}); what happened since is lost when the sandbox stops\n`,
        );
      });
  };
  const changed = () => {
    if (file !== undefined) timer ??= setTimeout(write, Math.max(writeAfterMs, tookMs / writingShare));
  };

  const vendorOf = (emulator: Emulator) => new Vendor(emulator, clock, random, shared, changed);
  const shared: SharedRoutes = {
    clock: (method, body) => moveClock(clock, vendors, method, body),
    use: (_method, body) => json(world.traffic.play(body)),
    "complete-setup": (_method, body) => json(world.completeSetup(asObject(body))),
    traffic: () => json(world.traffic.outcomes),
    "reset-all": () => {
      for (const vendor of Object.values(vendors)) vendor.reset();
      world.traffic.reset();
      return json({ reset: Object.keys(vendors) });
    },
  };
  const vendors = {
    railway: vendorOf(world.emulators.railway),
    cloudflare: vendorOf(world.emulators.cloudflare),
    stripe: vendorOf(world.emulators.stripe),
    openrouter: vendorOf(world.emulators.openrouter),
  };

  if (file !== undefined) {
    const saved = await readState(file);
    if (saved) {
      try {
        clock.restart(saved.now);
        random.restore(saved.random);
        world.restore(saved.world);
        for (const [name, vendor] of Object.entries(vendors)) {
          vendor.touched = saved.touched.includes(name);
          vendor.faults.restore(saved.faults?.[name] ?? []);
        }
      } catch {
        // Half of it may stand in this world by now.
        clock.close();
        await putAside(file);
        return open(options, publish, release);
      }
    }
  }
  for (const source of [...Object.values(world.emulators), world.traffic]) clock.addSource(source);

  const listening: Listening[] = [];
  const port = async (name: PortName, handler: Parameters<typeof listen>[0]) => {
    const server = await listen(handler, options.ports?.[name] ?? 0);
    listening.push(server);
    return server.url;
  };
  const closeServers = () => Promise.all(listening.map((server) => server.close()));
  try {
    const urls = {
      railway: await port("railway", vendors.railway.handle),
      cloudflare: await port("cloudflare", vendors.cloudflare.handle),
      stripe: await port("stripe", vendors.stripe.handle),
      openrouter: await port("openrouter", vendors.openrouter.handle),
      edge: await port("edge", async (request, signal) => {
        if (new URL(request.url).pathname.startsWith("/_sandbox/")) return vendors.cloudflare.handle(request, signal);
        const done = clock.work();
        try {
          return await world.edge(request);
        } finally {
          done();
          changed();
        }
      }),
      clock: await port("clock", (request, signal) => answerClock(clock, shared, changed, request, signal)),
    };
    const env = environmentOf(urls);
    clients = new Clients(`FLEET_CLOCK_URL=${urls.clock}`);
    await publish({ pid: process.pid, urls, env });
    if (options.clock?.realTime) clock.followRealTime();
    return {
      urls,
      env,
      clock,
      vendors,
      traffic: world.traffic,
      close: async () => {
        clock.close();
        clearTimeout(timer);
        await closeServers();
        write();
        await writing;
        await release();
      },
    };
  } catch (error) {
    clock.close();
    await closeServers();
    throw error;
  }
}

function environmentOf(urls: Record<PortName, string>): Record<string, string> {
  return {
    ...sandboxKeys,
    RAILWAY_API_URL: `${urls.railway}/graphql/v2`,
    CLOUDFLARE_BASE_URL: `${urls.cloudflare}/client/v4`,
    STRIPE_API_BASE: urls.stripe,
    OPENROUTER_BASE_URL: `${urls.openrouter}/api/v1`,
    FLEET_CLOCK_URL: urls.clock,
    FLEET_EDGE_URL: urls.edge,
  };
}

async function answerClock(
  clock: VirtualClock,
  shared: SharedRoutes,
  changed: () => void,
  request: Request,
  signal: AbortSignal,
): Promise<Response> {
  const url = new URL(request.url);
  // With the process's number: whoever holds an old process.json must see that somebody else answers here now.
  if (url.pathname === "/now") return json({ ...timeOf(clock), pid: process.pid });
  if (url.pathname === "/sleep") {
    const deadline = url.searchParams.has("until")
      ? Date.parse(url.searchParams.get("until") ?? "")
      : clock.now() + Number(url.searchParams.get("ms") ?? "x");
    if (Number.isNaN(deadline)) return json({ error: "say /sleep?ms=<milliseconds> or /sleep?until=<ISO time>" }, 400);
    await clock.sleepUntil(deadline, signal);
    return json(timeOf(clock));
  }
  const route = shared[url.pathname.replace(/^\/(?:_sandbox\/)?/, "")];
  if (!route) return json({ error: "the clock knows /now, /sleep and /_sandbox/clock" }, 404);
  try {
    const text = request.method === "GET" ? "" : await request.text();
    const answer = await route(request.method, text === "" ? undefined : JSON.parse(text));
    changed();
    return answer;
  } catch (error) {
    return json({ error: error instanceof Error ? error.message : String(error) }, 400);
  }
}

function moveClock(clock: VirtualClock, vendors: Record<string, Vendor>, method: string, body: unknown): Response {
  if (method === "GET") return json({ ...timeOf(clock), sleeping: clock.sleeping });
  const wish = asObject(body);
  if (typeof wish.set === "string") {
    const target = Date.parse(wish.set);
    if (Number.isNaN(target)) throw new Error(`set: "${wish.set}" is not an ISO time`);
    const untouched = Object.values(vendors).every((vendor) => !vendor.touched);
    // A sandbox nobody has spoken to may start on any day; later, going back would unmake what happened.
    if (target < clock.now() && untouched) clock.restart(target);
    else clock.set(target);
  } else if (typeof wish.advanceSeconds === "number" && wish.advanceSeconds >= 0) {
    clock.set(clock.now() + Math.round(wish.advanceSeconds * 1000));
  } else {
    throw new Error('say {"set": "<ISO time>"} or {"advanceSeconds": <seconds>}');
  }
  return json(timeOf(clock));
}

function timeOf(clock: VirtualClock) {
  return { now: new Date(clock.now()).toISOString(), epochMs: clock.now() };
}
