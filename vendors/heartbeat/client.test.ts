import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { memoryClock } from "../../domain/clock.ts";
import { redact } from "../../domain/error.ts";
import { sendHeartbeat } from "./client.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A service that answers with these statuses, one after the other, then 200. */
async function service(...statuses: number[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(statuses.shift() ?? 200).end("OK");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  open.push(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/0a1b2c3d-secret`;
  // The deadline's sleep would be over at once on a clock that jumps.
  const clock = memoryClock(0);
  const patient = { ...clock, sleep: (ms: number, signal?: AbortSignal) => (ms === 10_000 ? forever(signal) : clock.sleep(ms)) };
  return { asked, settings: { url, clock: patient } };
}

function forever(signal?: AbortSignal): Promise<void> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

test("success and failure are told at different addresses", async () => {
  const { asked, settings } = await service();
  await sendHeartbeat(settings, "done");
  await sendHeartbeat(settings, "failed");
  expect(asked).toEqual(["POST /ping/0a1b2c3d-secret", "POST /ping/0a1b2c3d-secret/fail"]);
});

test("a service that is down for a moment is asked again", async () => {
  const { asked, settings } = await service(503, 429);
  await sendHeartbeat(settings, "done");
  expect(asked).toHaveLength(3);
});

test("a refusal is an error that does not tell the address", async () => {
  const { settings } = await service(404);
  const failure = sendHeartbeat(settings, "done");
  await expect(failure).rejects.toThrow("HTTP 404");
  await expect(failure).rejects.not.toThrow("0a1b2c3d");
  expect(redact(`asked ${settings.url}`)).not.toContain("0a1b2c3d");
});

test.each(["hc-ping.com/abc", "file:///etc/passwd"])("%s is no address to ask", async (url) => {
  await expect(sendHeartbeat({ url, clock: memoryClock(0) }, "done")).rejects.toThrow("is no address");
});
