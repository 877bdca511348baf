import { spawn } from "node:child_process";
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
