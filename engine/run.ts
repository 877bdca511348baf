import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { exitCode, OperatorError } from "../domain/error.ts";
import type { Engine } from "./find.ts";

export interface RunOptions {
  readonly cwd: string;
  /** The whole environment; see withPulumiEnvironment. */
  readonly env: Readonly<Record<string, string>>;
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** On abort the engine is asked to stop (it finishes what is under way at a vendor), then killed after `graceMs`. */
  readonly signal?: AbortSignal;
  /** Default 30 s. */
  readonly graceMs?: number;
  /** Written to the engine's standard input, which is closed otherwise. */
  readonly input?: string;
}

export interface RunResult {
  /** The engine's exit code; 128 + n if it was ended by signal n. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the Pulumi command line, without prompts, in a process group of its own: a Ctrl-C at the terminal reaches it only through `signal`, once.
 *  An exit code other than 0 is a result, not an error; an engine that cannot be started is an OperatorError. */
export function runPulumi(engine: Engine, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const whole = args.includes("--non-interactive") ? args : [...args, "--non-interactive"];
    const child = spawn(engine.pulumi, whole, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const captured = { stdout: [] as string[], stderr: [] as string[] };
    for (const stream of ["stdout", "stderr"] as const) {
      const input = child[stream];
      if (!input) continue;
      createInterface({ input }).on("line", (line) => {
        captured[stream].push(line);
        options.onLine?.(line, stream);
      });
    }
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);

    let killTimer: NodeJS.Timeout | undefined;
    const stop = () => {
      child.kill("SIGINT");
      killTimer = setTimeout(() => killGroup(child.pid), options.graceMs ?? 30_000);
    };
    options.signal?.addEventListener("abort", stop, { once: true });
    if (options.signal?.aborted) stop();
    const cleanUp = () => {
      clearTimeout(killTimer);
      options.signal?.removeEventListener("abort", stop);
    };
    child.on("error", (error) => {
      cleanUp();
      reject(
        new OperatorError(
          `The Pulumi engine ${engine.pulumi} cannot be started (${error.message}); see ./fleet doctor`,
          exitCode.failed,
        ),
      );
    });
    child.on("close", (code, signal) => {
      cleanUp();
      resolve({ code: code ?? 128 + signalNumber(signal), stdout: text(captured.stdout), stderr: text(captured.stderr) });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in this very moment.
  }
}

function text(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
