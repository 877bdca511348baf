import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

/** The programs this host has started; none outlives it. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const child = spawn(command, args, options);
    this.#running.add(child);
    child.on("error", () => this.#running.delete(child));
    child.on("exit", () => this.#running.delete(child));
    return child;
  }

  /** Asks all to end. */
  endAll(): void {
    for (const child of this.#running) child.kill("SIGTERM");
  }

  /** Ends all at once. */
  killAll(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }
}
