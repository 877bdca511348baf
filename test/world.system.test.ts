/** The four vendors as one world, wired by the fleet itself: what happens to a tenant happens the way its infrastructure is really joined. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { ensureEngine } from "../engine/engine.ts";
import { type Sandbox, startSandbox } from "../sandbox/sandbox.ts";

const root = resolve(import.meta.dirname, "..");
const host = "birch.ai-diy.example";
let dir: string;
let sandbox: Sandbox;

// A sandbox of one's own script: the commands find it by its folder.
beforeAll(async () => {
  await ensureEngine({ env: process.env, root });
  dir = await mkdtemp(join(tmpdir(), "fleet-world-"));
  sandbox = await startSandbox({ dir });
  const env = { ...process.env, FLEET_SANDBOX_DIR: dir };
  await promisify(execFile)(process.execPath, [join(root, "cli", "main.ts"), "up", "sandbox"], { cwd: root, env });
}, 1_200_000);

afterAll(async () => {
  await sandbox.close();
  await rm(dir, { recursive: true, force: true });
});

async function tell(route: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${sandbox.urls.cloudflare}/_sandbox/${route}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}

function ask(path: string, headers: Record<string, string> = {}, at = host, init: RequestInit = {}): Promise<Response> {
  return fetch(`${sandbox.urls.edge}${path}`, { ...init, headers: { "x-fleet-host": at, ...headers }, redirect: "manual" });
}

/** `<tenant> <status>` of each application. */
function applications(): string[] {
  const state = z.looseObject({
    projects: z.array(z.looseObject({ id: z.string(), name: z.string() })),
    services: z.array(z.looseObject({ id: z.string(), name: z.string(), projectId: z.string() })),
    deployments: z.array(z.looseObject({ serviceId: z.string(), status: z.string() })),
  });
  const { projects, services, deployments } = state.parse(sandbox.vendors.railway.emulator.state());
  return services
    .filter(({ name }) => name !== "tunnel")
    .map(({ id, projectId }) => {
      const project = projects.find((one) => one.id === projectId)?.name;
      return `${project} ${deployments.findLast(({ serviceId }) => serviceId === id)?.status}`;
    })
    .toSorted();
}

test("a tunnel whose connector runs cannot be deleted", async () => {
  const state = z.looseObject({ tunnels: z.array(z.looseObject({ id: z.string(), account_tag: z.string() })) });
  const [tunnel] = state.parse(sandbox.vendors.cloudflare.emulator.state()).tunnels;
  const response = await fetch(`${sandbox.env.CLOUDFLARE_BASE_URL}/accounts/${tunnel?.account_tag}/cfd_tunnel/${tunnel?.id}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${sandbox.env.CLOUDFLARE_API_TOKEN}` },
  });
  expect(await response.json()).toMatchObject({ success: false, errors: [{ code: 1022 }] });
});

test("a visit wakes the application it is meant for and no other; whoever is not let in wakes none", async () => {
  await tell("clock", { advanceSeconds: 3600 });
  const asleep = ["sandbox-acme SLEEPING", "sandbox-birch SLEEPING"];
  expect(applications()).toEqual([...asleep, expect.stringContaining("sandbox-cedar")]);
  expect(await tell("use", { tenant: "birch", minutes: 1, email: "mallory@elsewhere.example" })).toMatchObject({
    outcomes: { denied: 1 },
  });
  expect(applications().slice(0, 2)).toEqual(asleep);
  expect(await tell("use", { tenant: "birch", minutes: 1 })).toMatchObject({ outcomes: { origin: 1 } });
  expect(applications().slice(0, 2)).toEqual(["sandbox-acme SLEEPING", "sandbox-birch SUCCESS"]);
});

test("a sprint's model calls are charged to the key that was deployed to this tenant", async () => {
  await tell("use", { tenant: "birch", minutes: 1, sprint: true });
  const keys = z.looseObject({ keys: z.array(z.looseObject({ name: z.string(), usage: z.number() })) });
  const used = keys.parse(sandbox.vendors.openrouter.emulator.state()).keys.filter(({ usage }) => usage > 0);
  expect(used.map(({ name }) => name)).toEqual(["fleet:sandbox:tn_b4x8w2n6ty"]);
});

test("a person reaches the application only by the team's log-in; a password for the application is no way around", async () => {
  const basic = `Basic ${Buffer.from("admin:changeme").toString("base64")}`;
  expect((await ask("/", { authorization: basic })).status).not.toBe(200);
  const login = new URL((await ask("/")).headers.get("location") ?? "");
  const body = JSON.stringify({ email: "ann@birch.example" });
  const init = { method: "POST", body };
  const posted = await ask(login.pathname + login.search, { "content-type": "application/json" }, login.host, init);
  const back = new URL(posted.headers.get("location") ?? "");
  const done = await ask(back.pathname + back.search, {}, back.host);
  const cookie = (done.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const page = await ask("/", { cookie });
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("tn_b4x8w2n6ty");
  expect((await ask("/yourapp/", { cookie })).status).toBe(200);
});

test("the world goes on as it was after the sandbox was stopped and started", async () => {
  const states = () =>
    Object.values(sandbox.vendors).map(({ emulator }): unknown => JSON.parse(JSON.stringify(emulator.state())));
  const before = states();
  await sandbox.close();
  sandbox = await startSandbox({ dir });
  expect(states()).toEqual(before);
});
