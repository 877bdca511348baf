import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { Emulator, EmulatorContext } from "./emulator.ts";
import { json } from "./http.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";
import { Traffic } from "./traffic.ts";
import type { World } from "./world.ts";

/** A vendor that counts: `POST /things` makes one, and one of its own appears at `dueMs`. */
function counter(vendor: Emulator["vendor"], context: EmulatorContext): Emulator {
  let things: string[] = [];
  let due: number | undefined;
  return {
    vendor,
    operation: ({ method, path }) => `${method} ${path}`,
    fetch: async (request) => {
      if (request.method === "POST") things.push(await request.text());
      return json({ things });
    },
    state: () => ({ things }),
    seed: (objects) => {
      if (typeof objects.dueMs !== "number") throw new Error("dueMs is missing");
      due = objects.dueMs;
    },
    reset: () => {
      things = [];
      due = undefined;
    },
    snapshot: () => things,
    restore: (snapshot) => {
      things = snapshot as string[];
    },
    nextDue: () => due,
    runDue: () => {
      things.push(`own at ${new Date(context.clock.now()).toISOString()}`);
      due = undefined;
    },
  };
}

function world(context: EmulatorContext): World {
  const emulators = {
    railway: counter("railway", context),
    cloudflare: counter("cloudflare", context),
    stripe: counter("stripe", context),
    openrouter: counter("openrouter", context),
  };
  return {
    emulators,
    traffic: new Traffic(
      context.clock,
      () => ["acme.ai-diy.example"],
      (visit) => (visit.sprint ? "origin" : "denied"),
    ),
    edge: () => json({ edge: true }),
    completeSetup: () => ({ completed: true }),
    snapshot: () => emulators.stripe.snapshot(),
    restore: (snapshot) => emulators.stripe.restore(snapshot),
  };
}

const start = "2026-11-30T00:00:00.000Z";
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function begin(options: Partial<Parameters<typeof startSandbox>[0]> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ world, clock: { start }, ...options });
  open.push(sandbox);
  return sandbox;
}

async function ask(url: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  return response.json();
}

test("time stands still while nobody sleeps", async () => {
  const { urls } = await begin();
  await ask(`${urls.railway}/things`, "a");
  expect(await ask(`${urls.clock}/now`)).toMatchObject({ now: start });
});

test("a sleep of an hour ends at its virtual deadline", async () => {
  const { urls } = await begin();
  expect(await ask(`${urls.clock}/sleep?ms=3600000`)).toMatchObject({ now: "2026-11-30T01:00:00.000Z" });
});

test("time jumps to the earliest of several deadlines, and each sleeper wakes at its own", async () => {
  const { urls, clock } = await begin();
  const bothAsleep = clock.work();
  const long = ask(`${urls.clock}/sleep?ms=90000`);
  const short = ask(`${urls.clock}/sleep?ms=30000`);
  await expect.poll(() => clock.sleeping).toBe(2);
  bothAsleep();
  expect(await short).toMatchObject({ now: "2026-11-30T00:00:30.000Z" });
  expect(await long).toMatchObject({ now: "2026-11-30T00:01:30.000Z" });
});

test("closing the socket cancels a sleep", async () => {
  const { urls, clock } = await begin();
  const gone = new AbortController();
  const sleeping = fetch(`${urls.clock}/sleep?ms=1000`, { signal: gone.signal }).catch((error: Error) => error.name);
  gone.abort();
  expect(await sleeping).toBe("AbortError");
  await expect.poll(() => clock.sleeping).toBe(0);
});

test("time never leaves the years that can be written: a move is refused, a sleep without end neither ends nor makes time jump", async () => {
  const { urls, clock } = await begin();
  expect(await ask(`${urls.clock}/_sandbox/clock`, { advanceSeconds: 1e15 })).toMatchObject({
    error: expect.stringContaining("9999"),
  });
  const gone = new AbortController();
  const endless = fetch(`${urls.clock}/sleep?ms=Infinity`, { signal: gone.signal }).catch((error: Error) => error.name);
  expect(await ask(`${urls.clock}/sleep?ms=1000`)).toMatchObject({ now: "2026-11-30T00:00:01.000Z" });
  gone.abort();
  expect(await endless).toBe("AbortError");
  await expect.poll(() => clock.sleeping).toBe(0);
});

test("an emulator's own events happen in order on the way, and never cause a jump", async () => {
  const { urls } = await begin();
  await ask(`${urls.stripe}/_sandbox/seed`, { dueMs: Date.parse(start) + 10_000 });
  expect(await ask(`${urls.clock}/now`)).toMatchObject({ now: start });
  await ask(`${urls.clock}/sleep?ms=20000`);
  expect(await ask(`${urls.stripe}/_sandbox/state`)).toEqual({ things: ["own at 2026-11-30T00:00:10.000Z"] });
});

test("a request that a fault delays is answered at its virtual time, while its client's deadline sleeps", async () => {
  const { urls, clock } = await begin();
  await ask(`${urls.railway}/_sandbox/faults`, [{ operation: "POST /things", nth: 1, effect: "delay:10000" }]);
  const gone = new AbortController();
  // Time may jump whenever this machine pauses between the two requests.
  const bothArrived = clock.work();
  const deadline = fetch(`${urls.clock}/sleep?ms=45000`, { signal: gone.signal }).catch(() => undefined);
  const late = ask(`${urls.railway}/things`, "late");
  await expect.poll(() => clock.sleeping).toBe(1);
  await expect.poll(() => ask(`${urls.railway}/_sandbox/faults`)).toEqual([]);
  bothArrived();
  await late;
  gone.abort();
  await deadline;
  const [call] = (await ask(`${urls.railway}/_sandbox/calls`)) as { at: string; ms: number }[];
  expect(call).toMatchObject({ at: start, ms: 10_000 });
});

test("a lost answer leaves the work done", async () => {
  const { urls } = await begin();
  await ask(`${urls.railway}/_sandbox/faults`, [{ operation: "POST /things", nth: 1, effect: "dropAnswer" }]);
  await expect(ask(`${urls.railway}/things`, "done")).rejects.toThrow();
  expect(await ask(`${urls.railway}/_sandbox/state`)).toEqual({ things: ['"done"'] });
  expect(await ask(`${urls.railway}/_sandbox/calls`)).toMatchObject([{ operation: "POST /things", status: 0 }]);
});

test("a fault happens at the nth call from now and only there", async () => {
  const { urls } = await begin();
  await ask(`${urls.stripe}/_sandbox/faults`, [{ operation: "*", nth: 2, effect: "status:503" }]);
  const answers = [];
  for (let count = 0; count < 3; count++) answers.push((await fetch(`${urls.stripe}/things`)).status);
  expect(answers).toEqual([200, 503, 200]);
});

test("every HTTP status that can be an answer can be ordered, and others are refused", async () => {
  const { urls } = await begin();
  for (const status of [204, 304, 404, 504, 599]) {
    await ask(`${urls.stripe}/_sandbox/faults`, [{ operation: "*", nth: 1, effect: `status:${status}` }]);
    expect((await fetch(`${urls.stripe}/things`)).status).toBe(status);
  }
  expect(await ask(`${urls.stripe}/_sandbox/faults`, [{ operation: "*", nth: 1, effect: "status:101" }])).toMatchObject({
    error: expect.stringContaining("status:<code>"),
  });
});

test("a wrong fault is refused with what is wrong", async () => {
  const { urls } = await begin();
  expect(await ask(`${urls.stripe}/_sandbox/faults`, [{ operation: "x", effect: "explode" }])).toMatchObject({
    error: expect.stringContaining("status:<code>"),
  });
});

test("the recorded token is a hash, never the token", async () => {
  const { urls } = await begin();
  await fetch(`${urls.stripe}/things`, { headers: { authorization: "Bearer sk_test_very_secret" } });
  const calls = await ask(`${urls.stripe}/_sandbox/calls`);
  expect(JSON.stringify(calls)).not.toContain("very_secret");
  expect(calls).toMatchObject([{ token: expect.stringMatching(/^[0-9a-f]{12}$/) }]);
});

test("the clock goes back only while no vendor was spoken to", async () => {
  const { urls } = await begin();
  expect(await ask(`${urls.stripe}/_sandbox/clock`, { set: "2026-01-01T00:00:00Z" })).toMatchObject({
    now: "2026-01-01T00:00:00.000Z",
  });
  await ask(`${urls.stripe}/things`, "a");
  expect(await ask(`${urls.stripe}/_sandbox/clock`, { set: "2025-01-01T00:00:00Z" })).toMatchObject({
    error: expect.stringContaining("cannot go back"),
  });
});

test("state and time survive a restart, and time cannot go back behind what was kept", async () => {
  const dir = await mkdtemp(join(tmpdir(), "sandbox-"));
  try {
    const first = await startSandbox({ world, dir, clock: { start } });
    await ask(`${first.urls.stripe}/things`, "kept");
    await ask(`${first.urls.clock}/_sandbox/clock`, { advanceSeconds: 60 });
    await first.close();
    const { urls } = await begin({ dir });
    expect(await ask(`${urls.stripe}/_sandbox/state`)).toEqual({ things: ['"kept"'] });
    expect(await ask(`${urls.clock}/now`)).toMatchObject({ now: "2026-11-30T00:01:00.000Z" });
    expect(await ask(`${urls.clock}/_sandbox/clock`, { set: "2026-01-01T00:00:00Z" })).toMatchObject({
      error: expect.stringContaining("cannot go back"),
    });
    await ask(`${urls.stripe}/_sandbox/reset`, {});
    expect(await ask(`${urls.clock}/_sandbox/clock`, { set: "2026-01-01T00:00:00Z" })).toMatchObject({
      now: "2026-01-01T00:00:00.000Z",
    });
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("use in the past is played at once, use in the future waits for the clock", async () => {
  const { urls, traffic } = await begin();
  const past = await ask(`${urls.edge}/_sandbox/use`, { tenant: "acme", from: "2026-11-29T23:58:00Z", minutes: 2, sprint: true });
  expect(past).toMatchObject({ visits: 2, outcomes: { origin: 2 }, waiting: 0 });
  const future = await ask(`${urls.edge}/_sandbox/use`, { tenant: "acme", from: "2026-11-30T01:00:00Z", hours: 1 });
  expect(future).toMatchObject({ visits: 60, waiting: 60 });
  await ask(`${urls.clock}/_sandbox/clock`, { set: "2026-11-30T01:30:00Z" });
  expect(traffic.outcomes).toEqual({ "acme.ai-diy.example": { origin: 2, denied: 31 } });
});

test("a month of use of a hundred tenants waits as a hundred rules, and its visits come in the order of time", () => {
  let nowMs = Date.parse(start);
  const visited: string[] = [];
  let prepared = 0;
  const hosts = Array.from({ length: 100 }, (_, index) => `t${index}.ai-diy.example`);
  const make = () =>
    new Traffic(
      { now: () => nowMs },
      () => hosts,
      (visit) => {
        visited.push(`${visit.hostname} ${visit.atMs}`);
        return "origin";
      },
      () => prepared++,
    );
  const before = make();
  for (const tenant of hosts) before.play({ tenant, from: "2026-11-30T00:01:00Z", hours: 720 });
  expect(JSON.stringify(before.snapshot()).length).toBeLessThan(20_000);
  const after = make();
  after.restore(before.snapshot() as Parameters<Traffic["restore"]>[0]);
  nowMs = Date.parse("2026-11-30T10:00:00Z");
  after.runDue();
  expect(visited).toHaveLength(60_000);
  expect(visited.slice(99, 101)).toEqual([
    `t99.ai-diy.example ${Date.parse("2026-11-30T00:01:00Z")}`,
    `t0.ai-diy.example ${Date.parse("2026-11-30T00:02:00Z")}`,
  ]);
  expect(after.nextDue()).toBe(nowMs + 60_000);
  expect(prepared).toBe(101);
});

test("use of an unknown tenant says which there are", async () => {
  const { urls } = await begin();
  expect(await ask(`${urls.edge}/_sandbox/use`, { tenant: "nobody", minutes: 1 })).toMatchObject({
    error: expect.stringContaining("acme.ai-diy.example"),
  });
});

test("one folder holds one sandbox: the facts lie there for its owner only, a second one is refused, and they go with it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fleet-presence-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const first = await startSandbox({ dir });
  const file = join(dir, "process.json");
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ pid: process.pid, urls: first.urls, env: first.env });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await expect(startSandbox({ dir })).rejects.toThrow(/already runs in .*another folder/);
  await first.close();
  await expect(stat(file)).rejects.toThrow("ENOENT");
  await (await startSandbox({ dir })).close();
});

test("what a killed sandbox left in its folder does not keep the next one out", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fleet-presence-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  // This process lives, but nobody answers at that address.
  await writeFile(join(dir, "process.json"), JSON.stringify({ pid: process.pid, urls: { clock: "http://127.0.0.1:9" } }));
  await (await startSandbox({ dir })).close();
});

test("a process number and an address that others have now are no sandbox of the folder", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fleet-presence-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const other = await begin();
  await writeFile(join(dir, "process.json"), JSON.stringify({ pid: process.ppid, urls: other.urls, env: other.env }));
  await (await startSandbox({ dir })).close();
});
