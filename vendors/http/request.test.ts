import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { memoryClock } from "../../domain/clock.ts";
import { sandboxClock } from "./clock.ts";
import { patientClock } from "./patient-clock.ts";
import { type HttpRequest, isAmbiguous, request, retryAfterMs, TransportError } from "./request.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(handle: Handler): Promise<{ url: string; seen: () => number }> {
  let seen = 0;
  const server = createServer((incoming, response) => handle(incoming, response, ++seen));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`, seen: () => seen };
}

const deadlineMs = 30_001;
function options(
  url: string,
  retry: HttpRequest["retry"],
  clock = patientClock(deadlineMs),
): HttpRequest & { clock: typeof clock } {
  return {
    clock,
    vendor: "railway",
    operation: "thing",
    url,
    retry,
    deadlineMs,
    method: retry === "read" ? "GET" : "POST",
    random: () => 0.5,
  };
}

test("a read is tried again after 5xx and a lost answer, with growing waits", async () => {
  const server = await serve((_, response, nth) => {
    if (nth === 1) response.writeHead(504).end("gateway");
    else if (nth === 2) response.destroy();
    else response.end("fine");
  });
  const asked = options(server.url, "read");
  expect((await request(asked)).text).toBe("fine");
  expect(asked.clock.waits).toEqual([375, 750]);
});

test("a read that never works ends after a bounded number of attempts and is not ambiguous", async () => {
  const server = await serve((_, response) => response.writeHead(503).end("down"));
  const error = await request(options(server.url, "read")).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ ambiguous: false, refusal: { status: 503, vendorMessage: "down" } });
  expect(server.seen()).toBe(5);
});

test("a write that got 5xx or no answer is sent once and said to be ambiguous", async () => {
  for (const lose of [
    (response: ServerResponse) => response.writeHead(504).end(),
    (response: ServerResponse) => response.destroy(),
  ]) {
    const server = await serve((_, response) => void lose(response));
    const error = await request(options(server.url, "write")).catch((thrown: unknown) => thrown);
    expect(isAmbiguous(error)).toBe(true);
    expect(server.seen()).toBe(1);
  }
});

test("a write is tried again after 429 and waits as long as Retry-After says", async () => {
  const server = await serve((_, response, nth) =>
    nth === 1 ? response.writeHead(429, { "retry-after": "7" }).end("slow down") : response.end("made"),
  );
  const asked = options(server.url, "write");
  expect((await request(asked)).text).toBe("made");
  expect(asked.clock.waits).toEqual([7000]);
});

test("a write that never left is unambiguous", async () => {
  const server = await serve(() => {});
  servers.pop()?.close();
  const error = await request({ ...options(server.url, "write"), attempts: 2 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TransportError);
  expect(isAmbiguous(error)).toBe(false);
});

test("the edge's own 429 in HTML is named, and its page is not quoted", async () => {
  const page = "<!DOCTYPE html><html><head><title>Access denied | error 1015</title></head><body>long</body></html>";
  const server = await serve((_, response) => response.writeHead(429, { "content-type": "text/html" }).end(page));
  const error = await request({ ...options(server.url, "read"), attempts: 1 }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ refusal: { code: "edge rate limit", vendorMessage: "Access denied | error 1015" } });
});

test("an attempt ends at its deadline on the clock", async () => {
  const server = await serve(() => {});
  const clock = memoryClock(0);
  const error = await request({ ...options(server.url, "write"), clock }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: expect.stringContaining("no answer within 30.001 s"), ambiguous: true });
});

test("refusals of the vendor come back as answers", async () => {
  const server = await serve((_, response) => response.writeHead(403).end('{"error":"no"}'));
  expect(await request(options(server.url, "write"))).toMatchObject({ status: 403, text: '{"error":"no"}' });
});

test("every attempt is admitted by the gate and ends there, the retries too", async () => {
  const server = await serve((_, response, nth) => {
    if (nth === 1) response.writeHead(429, { "retry-after": "7" }).end();
    else if (nth === 2) response.destroy();
    else response.end("fine");
  });
  const seen: (number | string)[] = [];
  const gate = {
    admit: async () => void seen.push("admitted"),
    ended: async (answer?: { readonly status: number }) => void seen.push(answer?.status ?? "no answer"),
  };
  await request({ ...options(server.url, "read"), gate });
  expect(seen).toEqual(["admitted", 429, "admitted", "no answer", "admitted", 200]);
});

test("what the gate refuses is the request's error, and nothing is sent", async () => {
  const server = await serve((_, response) => response.end());
  const gate = { admit: () => Promise.reject(new Error("used up")), ended: async () => {} };
  await expect(request({ ...options(server.url, "read"), gate })).rejects.toThrow("used up");
  expect(server.seen()).toBe(0);
});

test("an aborted caller gets its own reason and no further attempt is made", async () => {
  const stop = new AbortController();
  const server = await serve((_, response) => {
    stop.abort(new Error("stopped by test"));
    response.writeHead(503).end();
  });
  await expect(request({ ...options(server.url, "read"), signal: stop.signal })).rejects.toThrow("stopped by test");
  expect(server.seen()).toBe(1);
});

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("2026-11-24T10:00:00Z");
  expect(retryAfterMs("2", now)).toBe(2000);
  expect(retryAfterMs("Tue, 24 Nov 2026 10:00:05 GMT", now)).toBe(5000);
  expect(retryAfterMs("soon", now)).toBeUndefined();
});

test("the sandbox's clock tells its time, and an aborted sleep closes its socket", async () => {
  const stop = new AbortController();
  let closed: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const server = await serve((incoming, response) => {
    if (incoming.url === "//now" || incoming.url === "/now")
      response.end('{"now":"2026-11-30T00:00:00.000Z","epochMs":1795996800000}');
    else if (incoming.url === "/sleep?ms=5") response.end("{}");
    else {
      response.on("close", closed);
      stop.abort(new Error("no longer needed"));
    }
  });
  const clock = sandboxClock(server.url);
  expect(await clock.now()).toBe(1795996800000);
  await clock.sleep(4.2);
  await expect(clock.sleep(60_000, stop.signal)).rejects.toThrow("no longer needed");
  await gone;
});

test("a sandbox that is gone is named with what to do", async () => {
  const server = await serve(() => {});
  servers.pop()?.close();
  await expect(sandboxClock(server.url).now()).rejects.toThrow(/clock at .*now does not answer .*start the sandbox again/);
});
