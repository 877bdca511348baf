import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { exitCode, OperatorError } from "../../domain/error.ts";

export interface Ran {
  readonly stdout: string;
  readonly seconds: number;
}

/** Runs a fleet command through the launcher, as a user does. Its messages go to `onLine`; throws them if it fails. */
export async function runFleet(
  root: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<Ran> {
  const started = performance.now();
  const child = spawn(join(root, "fleet"), args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  // Stopped itself, a bench lets the command put its sandbox away first.
  const stop = () => void child.kill("SIGTERM");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  let stdout = "";
  const said: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    onLine(line);
  });
  const end = await new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal));
  }).finally(() => process.off("SIGINT", stop).off("SIGTERM", stop));
  if (end !== 0)
    throw new OperatorError(`fleet ${args.join(" ")} ended with ${end}:\n${said.slice(-20).join("\n")}`, exitCode.failed);
  return { stdout, seconds: (performance.now() - started) / 1000 };
}
