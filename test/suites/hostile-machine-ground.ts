/** What the cases of `hostile-machine` stand on: a folder of their own, `fleet` as a process, one engine and one sandbox for all that do not break it. */
import { ok } from "node:assert/strict";
import { execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { findSandbox, stopSandbox } from "../../cli/sandbox.ts";
import { ensureEngine } from "../../engine/engine.ts";

export const root = resolve(import.meta.dirname, "..", "..");

/** One hostile thing: what must be said then, and that the next run works. */
export interface HostileCase {
  readonly name: string;
  /** Only in a full run. */
  readonly full?: boolean;
  /** Why this machine cannot show it; undefined where it can. */
  readonly missing?: () => string | undefined;
  run(ground: Ground): Promise<void>;
}

export interface Answer {
  /** 128 + n after signal n. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Start {
  /** Beside the plain environment; undefined unsets. */
  readonly env?: NodeJS.ProcessEnv;
  /** The checkout whose launcher is called; default: this one. */
  readonly checkout?: string;
  /** A command line in front, such as `setpriv …`. */
  readonly through?: readonly string[];
}

/** A command's answer must be this, with each of these words somewhere in it, and never a stack trace. */
export function said(answer: Answer, code: number, ...words: readonly string[]): void {
  const whole = `${answer.stdout}\n${answer.stderr}`;
  ok(answer.code === code, `exit code ${answer.code} instead of ${code}:\n${whole}`);
  for (const word of words) ok(whole.includes(word), `does not say "${word}":\n${whole}`);
  ok(!/^\s+at .*[(:/].*:\d+:\d+\)?$/m.test(whole), `shows a stack trace:\n${whole}`);
}

export class Ground {
  readonly #suite: Ground | undefined;
  #state: Promise<string> | undefined;
  #folder: Promise<string> | undefined;
  #engine: Promise<NodeJS.ProcessEnv> | undefined;
  #shared: Promise<string> | undefined;
  readonly #sandboxes = new Set<string>();

  /** The suite's, or a case's on that. */
  constructor(suite?: Ground) {
    this.#suite = suite;
  }

  /** The suite's own folder, readable by every user. */
  folder(): Promise<string> {
    if (this.#suite) return this.#suite.folder();
    this.#folder ??= mkdtemp(join(tmpdir(), "fleet-hostile-")).then(async (folder) => {
      execFileSync("chmod", ["755", folder]);
      return folder;
    });
    return this.#folder;
  }

  /** A new path below it; nothing is there yet. */
  async path(name: string): Promise<string> {
    return join(await mkdtemp(join(await this.folder(), "case-")), name);
  }

  /** A path for `FLEET_SANDBOX_DIR`; whatever runs there is ended with the suite. */
  async sandboxFolder(): Promise<string> {
    const folder = await this.path("sandbox");
    this.#sandboxes.add(folder);
    return folder;
  }

  /** What makes every command find the engine that is there, whatever HOME says. */
  engine(): Promise<NodeJS.ProcessEnv> {
    if (this.#suite) return this.#suite.engine();
    this.#engine ??= ensureEngine({ env: process.env, root }).then(
      ({ kind, pulumi }): NodeJS.ProcessEnv => (kind === "path" ? {} : { FLEET_ENGINE_DIR: dirname(dirname(pulumi)) }),
    );
    return this.#engine;
  }

  /** `./fleet …` to its end. */
  async fleet(words: readonly string[], { env = {}, checkout = root, through = [] }: Start = {}): Promise<Answer> {
    return this.program([...through, join(checkout, "fleet"), ...words], { ...(await this.engine()), ...env }, checkout);
  }

  /** Any program to its end, in the plain environment: nothing of the user's that a case has not asked for. */
  program(line: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = root): Promise<Answer> {
    return ended(this.begin(line, env, { cwd, stdio: ["ignore", "pipe", "pipe"] }));
  }

  begin(line: readonly string[], env: NodeJS.ProcessEnv, options: SpawnOptions) {
    const [file = "", ...args] = line;
    const whole = Object.entries({ ...plain(), ...env }).filter(([, value]) => value !== undefined);
    return spawn(file, args, { cwd: root, ...options, env: Object.fromEntries(whole) });
  }

  /** A running sandbox of this folder: its addresses. */
  async started(folder: string, start: Start = {}, ...words: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const answer = await this.fleet(["sandbox", "start", "--json", ...words], {
      ...start,
      env: { FLEET_SANDBOX_DIR: folder, ...start.env },
    });
    said(answer, 0);
    return z.object({ urls: z.record(z.string(), z.string()) }).parse(JSON.parse(answer.stdout)).urls;
  }

  /** The sandbox that cases share: running, with an empty stack; none of them may stop it. */
  shared(): Promise<string> {
    if (this.#suite) return this.#suite.shared();
    this.#shared ??= this.sandboxFolder().then(async (folder) => {
      await this.started(folder);
      said(await this.fleet(["env", "sandbox"], { env: { FLEET_SANDBOX_DIR: folder } }), 0);
      return folder;
    });
    return this.#shared;
  }

  /** What a sandbox writes into its state.json. */
  state(): Promise<string> {
    if (this.#suite) return this.#suite.state();
    this.#state ??= this.sandboxFolder().then(async (folder) => {
      await this.started(folder);
      await this.#end(folder);
      return readFile(join(folder, "state.json"), "utf8");
    });
    return this.#state;
  }

  /** `fleet sandbox status` must answer from there, after whatever happened. */
  async answersIn(folder: string): Promise<void> {
    said(await this.fleet(["sandbox", "status"], { env: { FLEET_SANDBOX_DIR: folder } }), 0, "running, process");
  }

  /** This checkout's committed and new files at another path; the packages are links to ours, except those named. */
  async checkout(path: string, ...copied: readonly string[]): Promise<string> {
    await mkdir(path, { recursive: true });
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    });
    const files = listed.split("\0").filter((file) => file !== "");
    execFileSync("sh", ["-c", 'tar -c --null -T - | tar -x -C "$1"', "sh", path], { cwd: root, input: files.join("\0") });
    const [from, to] = [join(root, "node_modules"), join(path, "node_modules")];
    execFileSync("sh", [
      "-c",
      'mkdir "$2" && cd "$1" && for one in * .fleet-lock; do ln -s "$1/$one" "$2/$one"; done',
      "sh",
      from,
      to,
    ]);
    for (const name of copied) {
      const scope = dirname(join(to, name));
      if (scope !== to) await rm(scope, { force: true });
      await cp(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
    }
    return path;
  }

  /** Ends what runs; the suite's removes the folder as well. */
  async clear(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((folder) => this.#end(folder)));
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async #end(folder: string): Promise<void> {
    // A killed billing run leaves its server to the next one; here there is none.
    const server = Number(
      (await readFile(join(folder, "ledger", "data", "postmaster.pid"), "utf8").catch(() => "")).split("\n")[0],
    );
    if (server > 0) kill(server, "SIGINT");
    const sandbox = await findSandbox(folder);
    if (sandbox) await stopSandbox(sandbox);
  }
}

/** A child's output and exit code. */
export function ended(child: ReturnType<typeof spawn>): Promise<Answer> {
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: code ?? (signal === "SIGKILL" ? 137 : 130), ...text }));
  });
}

/** A process and all below it. */
export function family(first: number): number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const all = [first];
  for (const parent of all) for (const [pid, of] of pairs) if (of === parent && pid !== undefined) all.push(pid);
  return all;
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went with its parent.
  }
}

function plain(): NodeJS.ProcessEnv {
  const ours =
    /^(FLEET_|PULUMI_|RAILWAY_|CLOUDFLARE_|STRIPE_|OPENROUTER_|DATABASE_URL|NODE_OPTIONS|NO_COLOR|FORCE_COLOR|CI$|VITEST)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
