/** The clock that a process is started under: the sandbox's virtual one, or the machine's. */
import type { Agent, IncomingMessage } from "node:http";
import { z } from "zod";
import { type Clock, systemClock } from "../../domain/clock.ts";
import { OperatorError } from "../../domain/error.ts";

/** Not imported: an import reads every getter of the module, and one of them loads all that fetch is made of, 40 ms in each provider's process. */
const http = process.getBuiltinModule("node:http");

/** With FLEET_CLOCK_URL set, the sandbox's clock; otherwise the machine's. */
export function clockFromEnvironment(env: Readonly<Record<string, string | undefined>>): Clock {
  return env.FLEET_CLOCK_URL ? sandboxClock(env.FLEET_CLOCK_URL) : systemClock;
}

/** `GET <url>/now` and `GET <url>/sleep?ms=<n>`. A sleep is one open request that is answered when the virtual time has passed; closing the socket
 *  cancels it, so a process that dies leaves no sleep behind. Rejects with OperatorError when the sandbox cannot be reached. */
export function sandboxClock(url: string): Clock {
  const base = url.replace(/\/+$/, "");
  // Not fetch: it gives up on its own after five minutes, and a sleep may be long for a person who holds the time.
  const agent = new http.Agent({ keepAlive: true });
  return {
    async now() {
      return Now.parse(JSON.parse(await ask(agent, `${base}/now`))).epochMs;
    },
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      if (milliseconds > 0) await ask(agent, `${base}/sleep?ms=${Math.ceil(milliseconds)}`, signal);
    },
  };
}

const Now = z.object({ now: z.string(), epochMs: z.number() });

async function ask(agent: Agent, url: string, signal?: AbortSignal): Promise<string> {
  try {
    return await once(agent, url, signal);
  } catch (error) {
    signal?.throwIfAborted();
    // A kept socket may have been closed by the server in the moment it was used again.
    if (isReset(error)) return once(agent, url, signal);
    throw error;
  }
}

function once(agent: Agent, url: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent });
    const onAbort = () => {
      request.destroy();
      reject(signal?.reason);
    };
    const settle = (end: () => void) => {
      signal?.removeEventListener("abort", onAbort);
      end();
    };
    const unreachable = (cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `the sandbox's clock at ${url} does not answer (${why}): start the sandbox again, or unset FLEET_CLOCK_URL`;
      settle(() => reject(Object.assign(new OperatorError(message), { cause })));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    request.once("error", unreachable);
    request.once("response", (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) settle(() => resolve(body));
        else unreachable(`HTTP ${response.statusCode}: ${body.slice(0, 200)}`);
      }, unreachable);
    });
  });
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function isReset(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ECONNRESET";
}
