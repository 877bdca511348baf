import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { startSandbox } from "./sandbox.ts";

const start = "2026-11-30T00:00:00.000Z";
/** Computes for a while without a word, then asks for the time. */
const client = `process.stdin.once("data", () => {
  for (const end = performance.now() + 300; performance.now() < end; );
  fetch(process.env.FLEET_CLOCK_URL + "/now").then((answer) => answer.text()).then((now) => {
    process.stdout.write(now);
    process.exit();
  });
});
process.stdout.write(" ");`;

test.skipIf(process.platform !== "linux")(
  "while a client computes, time does not jump for another that sleeps, and then it does",
  async () => {
    const sandbox = await startSandbox({ clock: { start, waitsForClients: true } });
    onTestFinished(() => sandbox.close());
    const env = { ...process.env, FLEET_CLOCK_URL: sandbox.urls.clock };
    const busy = spawn(process.execPath, ["--eval", client], { env, stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((resolve) => busy.stdout.once("readable", resolve));
    const slept = fetch(`${sandbox.urls.clock}/sleep?ms=60000`);
    busy.stdin.end("go");
    expect(JSON.parse(await text(busy.stdout))).toMatchObject({ now: start });
    await slept;
    expect(sandbox.clock.now()).toBe(Date.parse(start) + 60_000);
  },
);

/** Sends a request to that port as soon as it is told to, and says so with a file. */
const asking = `const [port, sent] = process.argv.slice(1);
process.stdin.once("data", () => {
  const socket = require("node:net").connect(Number(port), "127.0.0.1", () => {
    socket.write("GET /v1/customers HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n", () => require("node:fs").writeFileSync(sent, ""));
  });
  socket.once("data", () => process.exit());
});
process.stdout.write(" ");`;

test("what was asked while the sandbox itself was kept from running is taken in before time jumps", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleet-clients-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const sandbox = await startSandbox({ clock: { start } });
  onTestFinished(() => sandbox.close());
  const sent = join(folder, "sent");
  const child = spawn(process.execPath, ["--eval", asking, new URL(sandbox.urls.stripe).port, sent]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await new Promise((resolve) => child.stdout.once("readable", resolve));
  const sleeperArrived = sandbox.clock.work();
  const slept = fetch(`${sandbox.urls.clock}/sleep?ms=60000`);
  await expect.poll(() => sandbox.clock.sleeping).toBe(1);
  sleeperArrived();
  child.stdin.write("go");
  // Nothing of this process runs meanwhile, the sandbox neither.
  const [begun, limit] = [performance.now(), performance.now() + 30_000];
  while (performance.now() < limit && (performance.now() < begun + 100 || !existsSync(sent)));
  await slept;
  const calls = await (await fetch(`${sandbox.urls.stripe}/_sandbox/calls`)).json();
  expect(calls).toMatchObject([{ at: start }]);
});
