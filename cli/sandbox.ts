/** `fleet sandbox …`: the sandbox as a process in the background, spoken to over its own ports. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isAlive } from "../billing/postgres/alive.ts";
import { findBinaries } from "../billing/postgres/binaries.ts";
import { stop as stopServer } from "../billing/postgres/server.ts";
import { chooseLaunch } from "../billing/postgres/user.ts";
import { systemClock } from "../domain/clock.ts";
import { assert, exitCode, OperatorError } from "../domain/error.ts";
import { portNames } from "../sandbox/ports.ts";
import { answers } from "../sandbox/presence.ts";
import type { SandboxOptions } from "../sandbox/sandbox.ts";
import { unknown } from "./choose.ts";
import { type StartFlags, type UseFlags, vendors } from "./commands/sandbox.ts";
import type { Context } from "./context.ts";
import { fileAdvice } from "./file-advice.ts";
import { SandboxFaults, SandboxStarted, type SandboxStatus, SandboxTime, SandboxUsed } from "./sandbox-reports.ts";
import { table } from "./table.ts";

export interface RunningSandbox {
  readonly pid: number;
  readonly urls: Readonly<Record<(typeof portNames)[number], string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** Where the sandbox keeps everything: state, log, and Pulumi's home and state of the stack. `FLEET_SANDBOX_DIR` moves it. */
export function sandboxFolder(root: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.FLEET_SANDBOX_DIR || join(root, ".fleet", "sandbox"));
}

/** The sandbox that runs in this folder; undefined when none does. */
export async function findSandbox(folder: string): Promise<RunningSandbox | undefined> {
  let facts: RunningSandbox;
  try {
    facts = JSON.parse(readFileSync(join(folder, "process.json"), "utf8")) as RunningSandbox;
    process.kill(facts.pid, 0);
    return (await answers(facts.pid, facts.urls.clock)) ? facts : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the sandbox as a background process and waits until it listens. */
export async function launchSandbox(
  folder: string,
  options: Omit<SandboxOptions, "dir" | "world">,
  say: (text: string) => void = () => undefined,
): Promise<RunningSandbox> {
  makeFolder(folder);
  const logFile = join(folder, "sandbox.log");
  const log = openSync(logFile, "a", 0o600);
  const before = fstatSync(log).size;
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "..", "sandbox", "process.ts"), JSON.stringify({ ...options, dir: folder })],
    {
      detached: true,
      stdio: ["ignore", "pipe", log],
    },
  );
  closeSync(log);
  const { stdout } = child;
  assert(stdout, "the sandbox's stdout is a pipe");
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`the sandbox ended with code ${code}; see ${join(folder, "sandbox.log")}`)));
  });
  stdout.destroy();
  child.unref();
  const told = readFileSync(logFile).subarray(before).toString("utf8").trim();
  if (told !== "") say(told);
  const facts = JSON.parse(line) as RunningSandbox | { readonly error: string; readonly code?: string };
  if ("error" in facts) {
    const advice = fileAdvice(facts.code);
    throw new OperatorError(
      `the sandbox could not start: ${facts.error}${advice ? `; ${advice}, then run this again` : ""}`,
      exitCode.failed,
    );
  }
  return facts;
}

/** As `mkdir -p`; node's own recursive one says ENOENT of a read-only file system. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

/** Asks it to end, and after ten seconds makes it. */
export async function stopSandbox({ pid }: Pick<RunningSandbox, "pid">): Promise<void> {
  signalled(pid, "SIGTERM");
  for (let tries = 0; tries < 200; tries++) {
    if (!isAlive(pid)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  signalled(pid, "SIGKILL");
}

function signalled(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Speaks to `/_sandbox/<route>` of a vendor's port; an error answer becomes the operator's. */
export async function askSandbox(
  url: string,
  route: string,
  body?: unknown,
  method = body === undefined ? "GET" : "POST",
): Promise<unknown> {
  const response = await fetch(`${url}/_sandbox/${route}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const answer = (await response.json()) as { error?: string };
  if (!response.ok) throw new OperatorError(`sandbox: ${answer.error ?? `HTTP ${response.status}`}`);
  return answer;
}

export async function start(this: Context, flags: StartFlags): Promise<void> {
  const folder = sandboxFolder(this.root, this.process.env);
  const already = await findSandbox(folder);
  if (already) {
    this.say(`already running (process ${already.pid}); stop it with: fleet sandbox stop`);
    if (flags.json) this.print(JSON.stringify(SandboxStarted.parse(already)));
    return;
  }
  if (flags.start !== undefined && Number.isNaN(Date.parse(flags.start))) {
    throw new OperatorError(`--start: "${flags.start}" is not a time; write 2026-11-30T00:00:00Z`);
  }
  const first = flags.port;
  const options = {
    clock: { ...(flags.start === undefined ? {} : { start: flags.start }), realTime: flags.realTime ?? false },
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(first === undefined ? {} : { ports: Object.fromEntries(portNames.map((name, index) => [name, first + index])) }),
  };
  this.progress.begin("sandbox start", "starting the emulated vendors");
  const sandbox = await launchSandbox(folder, options, this.say);
  if (flags.json) return this.print(JSON.stringify(SandboxStarted.parse(sandbox)));
  this.print(table(["vendor", "address"], Object.entries(sandbox.urls)));
  this.say('next: eval "$(./fleet env sandbox)", then ./fleet up sandbox');
}

export async function stop(this: Context, flags: { json?: boolean }): Promise<void> {
  const sandbox = await findSandbox(sandboxFolder(this.root, this.process.env));
  if (sandbox) await stopSandbox(sandbox);
  else this.say("no sandbox is running");
  if (flags.json) this.print(JSON.stringify({ stopped: sandbox !== undefined }));
}

export async function status(this: Context, flags: { json?: boolean }): Promise<void> {
  const sandbox = await findSandbox(sandboxFolder(this.root, this.process.env));
  if (!sandbox) {
    if (flags.json) this.print(JSON.stringify({ running: false }));
    else this.print("not running; start it with: fleet sandbox start");
    return;
  }
  const time = SandboxTime.parse(await askSandbox(sandbox.urls.clock, "clock"));
  const held: Record<string, Record<string, number>> = {};
  for (const vendor of vendors) {
    const state = (await askSandbox(sandbox.urls[vendor], "state")) as Record<string, unknown>;
    held[vendor] = Object.fromEntries(
      Object.entries(state).flatMap(([noun, list]) => (Array.isArray(list) && list.length > 0 ? [[noun, list.length]] : [])),
    );
  }
  const found = { running: true, pid: sandbox.pid, now: time.now, urls: sandbox.urls, holds: held } satisfies SandboxStatus;
  if (flags.json) return this.print(JSON.stringify(found));
  this.print(`running, process ${sandbox.pid}; its clock stands at ${time.now}`);
  const rows = Object.entries(sandbox.urls).map(([name, url]) => [name, url, describe(held[name] ?? {})]);
  this.print(table(["vendor", "address", "holds"], rows));
}

export async function use(this: Context, flags: UseFlags, tenant: string): Promise<void> {
  const { json, ...wish } = flags;
  const sandbox = await needSandbox(this);
  const played = SandboxUsed.parse(await askSandbox(sandbox.urls.edge, "use", { tenant, ...wish }));
  if (json) return this.print(JSON.stringify(played));
  const past = Object.entries(played.outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  const waiting = played.waiting > 0 ? [`${played.waiting} wait for the clock`] : [];
  this.print(`${played.hostname}: ${played.visits} visits (${[...past, ...waiting].join(", ")})`);
}

export async function clock(this: Context, flags: { set?: string; advanceSeconds?: number; json?: boolean }): Promise<void> {
  const sandbox = await needSandbox(this);
  const { json, set, advanceSeconds } = flags;
  const wish = set === undefined && advanceSeconds === undefined ? undefined : { set, advanceSeconds };
  const time = SandboxTime.parse(await askSandbox(sandbox.urls.clock, "clock", wish));
  this.print(json ? JSON.stringify(time) : time.now);
}

export async function fault(
  this: Context,
  flags: { nth?: number; probability?: number; clear?: boolean; json?: boolean },
  vendor: string,
  operation?: string,
  effect?: string,
): Promise<void> {
  const sandbox = await needSandbox(this);
  const url = sandbox.urls[vendor as keyof typeof sandbox.urls];
  if (!vendors.some((one) => one === vendor) || !url) {
    throw new OperatorError(unknown("vendor", vendor, vendors));
  }
  if (operation !== undefined && effect === undefined)
    throw new OperatorError(
      `say what ${operation} shall do: status:<code>, afterWork:<code>, delay:<ms>, dropAnswer, hold, holdAnswer, graphqlError:<message> or echo`,
    );
  if (flags.clear) await askSandbox(url, "faults", {}, "DELETE");
  else if (operation !== undefined && effect !== undefined) {
    const when = flags.probability === undefined ? { nth: flags.nth ?? 1 } : { probability: flags.probability };
    await askSandbox(url, "faults", [{ operation, effect, ...when }]);
  }
  const waiting = SandboxFaults.parse({ vendor, faults: await askSandbox(url, "faults") });
  this.print(flags.json ? JSON.stringify(waiting) : `${vendor}: ${JSON.stringify(waiting.faults)}`);
}

export async function reset(this: Context, flags: { json?: boolean }): Promise<void> {
  const folder = sandboxFolder(this.root, this.process.env);
  const sandbox = await findSandbox(folder);
  if (sandbox) await askSandbox(sandbox.urls.clock, "reset-all", {});
  else rmSync(join(folder, "state.json"), { force: true });
  // A Pulumi state that knows objects which no vendor has any more would only give errors.
  rmSync(join(folder, "pulumi-state"), { recursive: true, force: true });
  await removeLedger(join(folder, "ledger"));
  this.print(flags.json ? JSON.stringify({ reset: true }) : "all vendors are empty");
}

/** A ledger that remembers invoices of an emptied world would be wrong; its server, if one still runs, must not be left on deleted files. */
async function removeLedger(dir: string): Promise<void> {
  if (existsSync(join(dir, "data", "postmaster.pid"))) {
    const binaries = await findBinaries(dir);
    await stopServer({ dir, binaries, launch: await chooseLaunch(binaries), clock: systemClock });
  }
  rmSync(dir, { recursive: true, force: true });
}

async function needSandbox(context: Context): Promise<RunningSandbox> {
  const sandbox = await findSandbox(sandboxFolder(context.root, context.process.env));
  if (!sandbox) throw new OperatorError("no sandbox is running; start it with: fleet sandbox start");
  return sandbox;
}

function describe(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([noun, count]) => `${count} ${noun}`)
    .join(", ");
}
