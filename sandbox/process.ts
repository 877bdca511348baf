/** The sandbox as a process of its own: `node sandbox/process.ts <options as JSON>`. Prints one JSON line when it listens (or why it cannot), keeps the
 *  same facts in `process.json` of its folder, and ends on SIGTERM, SIGINT or SIGHUP. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assembleWorld } from "./assembled.ts";
import { type SandboxOptions, startSandbox } from "./sandbox.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<SandboxOptions, "world"> & { readonly dir: string };
await mkdir(options.dir, { recursive: true });
const file = join(options.dir, "process.json");

const sandbox = await startSandbox({ ...options, world: assembleWorld }).catch((error: NodeJS.ErrnoException) => {
  const inUse = error.code === "EADDRINUSE";
  const message = inUse ? `${error.message}; choose another --port, or stop what holds this one` : error.message;
  process.stdout.write(`${JSON.stringify({ error: message })}\n`);
  process.exit(1);
});
const facts = { pid: process.pid, urls: sandbox.urls, env: sandbox.env };
await writeFile(`${file}.new`, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
await rename(`${file}.new`, file);

let ending = false;
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    void sandbox.close().then(async () => {
      await rm(file, { force: true });
      process.exit(0);
    });
  });
}
process.stdout.write(`${JSON.stringify(facts)}\n`);
