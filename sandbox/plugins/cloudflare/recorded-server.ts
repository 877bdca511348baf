/** For tests: a loopback server that gives recorded answers, and an API client on a clock in memory. */
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { memoryClock } from "../../../domain/clock.ts";
import { connectApi } from "./api.ts";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly retry: string | undefined;
}

export interface Reply {
  readonly status?: number;
  readonly result?: unknown;
  readonly retryAfter?: string;
  /** The connection ends without an answer. */
  readonly lost?: boolean;
}

/** Every request is answered by what `reply` says to it; everything seen is kept in order. */
export async function recordedServer(reply: (seen: Seen) => Reply) {
  const requests: Seen[] = [];
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const seen = {
      method: request.method ?? "",
      path: (request.url ?? "").replace(/^\/client\/v4/, ""),
      body: sent === "" ? undefined : JSON.parse(sent),
      retry: request.headers["x-stainless-retry-count"]?.toString(),
    };
    requests.push(seen);
    const { status = 200, result, retryAfter, lost } = reply(seen);
    if (lost) return response.destroy();
    const errors = status < 400 ? [] : [{ code: 10_000 + status, message: `refused by the test with ${status}` }];
    response.writeHead(status, { "Content-Type": "application/json", ...(retryAfter && { "Retry-After": retryAfter }) });
    response.end(JSON.stringify({ success: status < 400, errors, messages: [], result: result ?? null }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const baseUrl = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/client/v4/`;
  const clock = memoryClock(0);
  return { baseUrl, requests, clock, api: connectApi({ baseUrl, token: "token", waiting: clock }) };
}
