/** `fleet`: one file a command under commands/, each loaded only when it is called, so that help stays quick. */
import { run } from "@stricli/core";
import { exitCode } from "../domain/error.ts";
import { loopbackPastProxies } from "../engine/environment.ts";
import { app, commandOf } from "./app.ts";
import { type Context, processContext } from "./context.ts";

// A reader that has seen enough (`fleet … | head`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
// Nor is one that has seen enough of the messages (`fleet up … 2>&1 | head`): what is under way goes on to its end.
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
Object.assign(process.env, loopbackPastProxies(process.env));

const inputs = process.argv.slice(2);
await run(app, inputs.length === 0 ? ["--help"] : inputs, processContext satisfies Context);
// stricli's own codes for wrong use are negative; DESIGN 3.3 knows one: 2.
const code = Number(process.exitCode ?? 0);
if (code < 0) {
  const wrongUse = code !== -1 && code !== -2 && code !== -3;
  if (wrongUse) processContext.say(`see: ${commandOf(inputs)} --help`);
  process.exitCode = wrongUse ? exitCode.wrongUse : exitCode.failed;
}
