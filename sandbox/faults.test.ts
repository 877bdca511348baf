/** What may be ordered of the emulated Railway through the sandbox's outside. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { sandboxWorkspaceId } from "./railway/railway.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";

const open: Sandbox[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function begin(dir?: string): Promise<Sandbox> {
  const sandbox = await startSandbox(dir === undefined ? {} : { dir });
  open.push(sandbox);
  return sandbox;
}

async function ordered({ urls }: Sandbox, fault: object): Promise<void> {
  await fetch(`${urls.railway}/_sandbox/faults`, { method: "POST", body: JSON.stringify([fault]) });
}

async function statusOf({ env }: Sandbox, query: string, variables: object = {}): Promise<number> {
  const headers = { authorization: `Bearer ${env.RAILWAY_API_TOKEN}`, "content-type": "application/json" };
  const body = JSON.stringify({ query, variables });
  const answer = await fetch(`${env.RAILWAY_API_URL}?source=test`, { method: "POST", headers, body });
  await answer.text();
  return answer.status;
}

async function projects({ urls }: Sandbox): Promise<unknown[]> {
  return ((await (await fetch(`${urls.railway}/_sandbox/state`)).json()) as { projects: unknown[] }).projects;
}

/** Time may jump whenever this machine pauses for a moment: one sleep, however long, would be over then, and time would stand. */
async function sleepAgainAndAgain({ urls }: Sandbox, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await fetch(`${urls.clock}/sleep?ms=600000`, { signal }).catch(() => undefined);
}

const create = "mutation projectCreate($input: ProjectCreateInput!) { projectCreate(input: $input) { id } }";
const input = { input: { name: "acme", workspaceId: sandboxWorkspaceId } };
const look = "query apiToken { apiToken { workspaces { id } } }";

test("a 504 comes after the work was done, so that a blind retry makes a twin", async () => {
  const sandbox = await begin();
  await ordered(sandbox, { operation: "projectCreate", nth: 1, effect: "afterWork:504" });
  expect(await statusOf(sandbox, create, input)).toBe(504);
  expect(await projects(sandbox)).toHaveLength(1);
  sandbox.clock.set(sandbox.clock.now() + 30_000);
  expect(await statusOf(sandbox, create, input)).toBe(200);
  expect(await projects(sandbox)).toMatchObject([{ name: "acme" }, { name: "acme" }]);
});

test("an answer fails to come for as long as is ordered, by chance, and the others come at once", async () => {
  const sandbox = await begin();
  await ordered(sandbox, { operation: "apiToken", probability: 0.2, effect: "delay:60000" });
  const sleeper = new AbortController();
  const held = sleepAgainAndAgain(sandbox, sleeper.signal);
  for (let count = 0; count < 40; count++) await statusOf(sandbox, look);
  sleeper.abort();
  await held;
  const calls = (await (await fetch(`${sandbox.urls.railway}/_sandbox/calls`)).json()) as { ms: number }[];
  const late = calls.filter(({ ms }) => ms === 60_000).length;
  expect(late).toBeGreaterThan(1);
  expect(late).toBeLessThan(20);
  expect(calls.filter(({ ms }) => ms === 0)).toHaveLength(40 - late);
});

test("an ordered fault waits for its call across a restart, what it has counted kept; the list of calls is of one process", async () => {
  const dir = await mkdtemp(join(tmpdir(), "fleet-faults-"));
  try {
    const first = await begin(dir);
    await ordered(first, { operation: "*", nth: 2, effect: "status:503" });
    expect(await statusOf(first, look)).toBe(200);
    await open.pop()?.close();
    const second = await begin(dir);
    expect(await (await fetch(`${second.urls.railway}/_sandbox/calls`)).json()).toEqual([]);
    expect([await statusOf(second, look), await statusOf(second, look)]).toEqual([503, 200]);
    await open.pop()?.close();
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.each([
  ["hold", 0],
  ["holdAnswer", 1],
])("%s keeps a call until its client is gone, with %i projects made", async (effect, made) => {
  const sandbox = await begin();
  await ordered(sandbox, { operation: "projectCreate", nth: 1, effect });
  const client = new AbortController();
  const headers = { authorization: `Bearer ${sandbox.env.RAILWAY_API_TOKEN}`, "content-type": "application/json" };
  const body = JSON.stringify({ query: create, variables: input });
  const answer = fetch(`${sandbox.env.RAILWAY_API_URL}?source=test`, { method: "POST", headers, body, signal: client.signal });
  const outcome = answer.then(
    () => "answered",
    () => "gone",
  );
  const waiting = async () => (await fetch(`${sandbox.urls.railway}/_sandbox/faults`)).json();
  await expect.poll(waiting).toEqual([]);
  await expect.poll(() => projects(sandbox)).toHaveLength(made);
  client.abort();
  expect(await outcome).toBe("gone");
  const recorded = async () => (await fetch(`${sandbox.urls.railway}/_sandbox/calls`)).json();
  await expect.poll(recorded).toMatchObject([{ operation: "projectCreate", status: 0 }]);
  expect(await projects(sandbox)).toHaveLength(made);
});

test.each(["hold", "holdAnswer"])("%s lets its call go on when the faults are cleared", async (effect) => {
  const sandbox = await begin();
  await ordered(sandbox, { operation: "projectCreate", nth: 1, effect });
  const answer = statusOf(sandbox, create, input);
  await expect.poll(async () => (await fetch(`${sandbox.urls.railway}/_sandbox/faults`)).json()).toEqual([]);
  await fetch(`${sandbox.urls.railway}/_sandbox/faults`, { method: "DELETE" });
  expect(await answer).toBe(200);
  expect(await projects(sandbox)).toHaveLength(1);
});
