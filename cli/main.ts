/** `fleet`: one file a command under commands/, each loaded only when it is called, so that help stays quick. */
import { run } from "@stricli/core";
import { exitCode } from "../domain/error.ts";
import { errorReport } from "../domain/error-report.ts";
import { loopbackPastProxies } from "../engine/environment.ts";
import { asksForJson, buildFleet, commandOf, describeError } from "./app.ts";
import { type Context, lively, processContext, root } from "./context.ts";
import { startProgress } from "./progress.ts";

/** Nobody reads any more: the pipe's reader went, or the terminal was closed. */
const unread = ({ code }: NodeJS.ErrnoException) => code === "EPIPE" || code === "EIO";
let unwritten = false;
// A reader that has seen enough (`fleet up … 2>&1 | head`) is no failure of ours, and no end: what is under way goes on, and the exit code is its own.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (unread(error)) return;
    // A full disk ends nothing that is under way either; but an answer that is not whole is no success.
    if (!unwritten) process.stderr.write(`the output could not be written whole: ${describeError(error)}\n`);
    unwritten = true;
    process.exitCode = exitCode.failed;
  });
Object.assign(process.env, loopbackPastProxies(process.env));

const inputs = process.argv.slice(2);
const command = commandOf(inputs);
const { print, say } = processContext;
const progress = startProgress({
  root,
  command: command.replace(/^fleet /, ""),
  draw: lively() ? async () => (await import("./progress/live.ts")).drawLive(process.stderr) : undefined,
  say,
});
let printed = false;
const failures: { readonly error: unknown; readonly told: string }[] = [];
/** stricli writes help and errors by itself: these too need the live line out of the way. */
const aside = (stream: NodeJS.WriteStream) => ({
  write: (text: string) => progress.around(() => stream.write(text)),
  // Both are there on a terminal only.
  ...(stream.isTTY ? { columns: stream.columns, getColorDepth: (env?: object) => stream.getColorDepth(env) } : {}),
});
const context: Context = {
  ...processContext,
  process: {
    env: process.env,
    stdout: aside(process.stdout),
    stderr: aside(process.stderr),
    get exitCode() {
      return process.exitCode;
    },
    set exitCode(code) {
      process.exitCode = code;
    },
  },
  progress,
  print: (text) => {
    printed = true;
    progress.around(() => print(text));
  },
  say: (text) => progress.around(() => say(text)),
};
const app = buildFleet((error, told) => void failures.push({ error, told }));
await run(app, inputs.length === 0 ? ["--help"] : inputs, context);
// stricli's own codes for wrong use are negative; DESIGN 3.3 knows one: 2.
const code = Number(process.exitCode ?? 0);
if (code < 0) {
  const wrongUse = code !== -1 && code !== -2 && code !== -3;
  if (wrongUse) context.say(`see: ${command} --help`);
  process.exitCode = wrongUse ? exitCode.wrongUse : exitCode.failed;
}
if (unwritten) process.exitCode = exitCode.failed;
progress.end(code === exitCode.done || code === exitCode.pending);
// Whoever asked for an object gets one, whatever went wrong; what a command had already reported stands.
const [failure] = failures;
if (failure !== undefined && !printed && asksForJson(inputs)) {
  const told = failures.map((one) => one.told).join("\n");
  print(JSON.stringify(errorReport(failure.error, told)));
}
