import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface TiedOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
}

export interface TiedResult {
  readonly code: number;
  /** The last lines of stderr, for a message. */
  readonly tail: string;
}

/** Runs a long command that ends when this process does, however it ends: a shell reads a pipe of ours, and when that closes it ends the
 *  command's whole process group. (A build of minutes must not go on unseen after a SIGKILL.) Rejects with the signal's reason on abort. */
export function runTied(command: string, args: readonly string[], options: TiedOptions): Promise<TiedResult> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", watchdog, "fleet-engine", command, ...args], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const tail: string[] = [];
    for (const stream of ["stdout", "stderr"] as const) {
      createInterface({ input: child[stream] }).on("line", (line) => {
        if (stream === "stderr" && tail.push(line) > 12) tail.shift();
        options.onLine?.(line, stream);
      });
    }
    const stop = () => child.stdin.end();
    options.signal?.addEventListener("abort", stop, { once: true });
    if (options.signal?.aborted) stop();
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("exit", () => child.stdin.end());
    child.on("close", (code) => {
      options.signal?.removeEventListener("abort", stop);
      if (options.signal?.aborted) reject(options.signal.reason);
      else resolve({ code: code ?? 1, tail: tail.join("\n") });
    });
  });
}

// Without job control a shell gives background commands /dev/null as input, so the pipe is kept as descriptor 3.
const watchdog = `
exec 3<&0
"$@" 3<&- </dev/null &
command=$!
{ trap "" TERM; cat <&3; kill -TERM 0; sleep 2; kill -KILL 0; } >/dev/null 2>&1 &
trap : TERM
wait "$command"
code=$?
trap - TERM
exit "$code"
`;
