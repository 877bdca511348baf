/** The sandbox as a process of its own: `node sandbox/process.ts <options as JSON>`. Prints one JSON line when it listens (or why it cannot), and ends on
 *  SIGTERM, SIGINT or SIGHUP. */
import { type SandboxOptions, startSandbox } from "./sandbox.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<SandboxOptions, "world">;

// The log lies on the same disk as the state: when that is full, there is no place left to say so, and the vendors stay.
process.stderr.on("error", () => undefined);

const sandbox = await startSandbox(options).catch((error: NodeJS.ErrnoException) => {
  const inUse = error.code === "EADDRINUSE";
  const message = inUse ? `${error.message}; choose another --port, or stop what holds this one` : error.message;
  process.stdout.write(`${JSON.stringify({ error: message, code: error.code })}\n`);
  process.exit(1);
});

let ending = false;
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    void sandbox.close().then(() => process.exit(0));
  });
}
process.stdout.write(`${JSON.stringify({ pid: process.pid, urls: sandbox.urls, env: sandbox.env })}\n`);
