/** node:http ↔ Fetch: one server a vendor, loopback only. Fetch types because the emulators are plain Fetch handlers; node:http itself
 *  because a fault must be able to close the socket after the work was done. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Listening {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Answers a request; undefined = close the socket without an answer. */
export type Handler = (request: Request, signal: AbortSignal) => Promise<Response | undefined>;

/** Listens on 127.0.0.1. Port 0 takes a free one; a port in use rejects with the system's EADDRINUSE. */
export function listen(handler: Handler, port: number): Promise<Listening> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    void answer(handler, incoming, outgoing);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const actual = (server.address() as AddressInfo).port;
      resolve({
        port: actual,
        url: `http://127.0.0.1:${actual}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function answer(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort(new Error("the client closed its connection")));
  try {
    const response = await handler(await toRequest(incoming), gone.signal);
    if (!response) {
      incoming.socket.destroy();
      return;
    }
    const body = Buffer.from(await response.arrayBuffer());
    const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
    const cookies = response.headers.getSetCookie();
    if (cookies.length > 0) headers["set-cookie"] = cookies;
    outgoing.writeHead(response.status, { ...headers, "content-length": String(body.length) });
    outgoing.end(incoming.method === "HEAD" ? undefined : body);
  } catch (error) {
    if (gone.signal.aborted) return;
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`sandbox: ${incoming.method} ${incoming.url} failed: ${message}\n`);
    if (!outgoing.headersSent) outgoing.writeHead(500, { "content-type": "text/plain" });
    outgoing.end("the sandbox has a bug; see its log\n");
  }
}

async function toRequest(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? "", incoming.rawHeaders[index + 1] ?? "");
  }
  const host = incoming.headers.host ?? "127.0.0.1";
  const method = incoming.method ?? "GET";
  const body = method === "GET" || method === "HEAD" || chunks.length === 0 ? undefined : Buffer.concat(chunks);
  return new Request(`http://${host}${incoming.url ?? "/"}`, { method, headers, ...(body ? { body } : {}) });
}

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { "content-type": "application/json" } });
}
