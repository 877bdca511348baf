/** The embedded PostgreSQL server of one data folder: made on first use, started on demand, stopped by its last user. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../../domain/clock.ts";
import { OperatorError } from "../../domain/error.ts";
import { isAlive } from "./alive.ts";
import type { Binaries } from "./binaries.ts";
import type { Launch } from "./user.ts";

const run = promisify(execFile);
const startPatienceMs = 60_000;
const stopPatienceMs = 30_000;

export interface Server {
  readonly dir: string;
  readonly binaries: Binaries;
  readonly launch: Launch;
  /** The machine's own clock: a server's start takes real time. */
  readonly clock: Clock;
}

/** A server that answers: its port and superuser's password. */
export interface Running {
  readonly port: number;
  readonly password: string;
}

const dataOf = (server: Server) => join(server.dir, "data");
const passwordFile = (server: Server) => join(server.dir, "password");
const logFile = (server: Server) => join(server.dir, "postgres.log");

/** Makes the data folder if there is none. A folder that was half made by a killed process is made anew. */
export async function initialise(server: Server): Promise<void> {
  const data = dataOf(server);
  if (await exists(join(data, "PG_VERSION"))) {
    if (await isFilled(passwordFile(server))) return;
    throw new OperatorError(
      `${passwordFile(server)} is missing or empty, and nobody gets into the ledger beside it without that: put it back from a backup, or move ${server.dir} away to begin an empty ledger (docs/runbooks/ledger-folder-damaged.md)`,
    );
  }
  if ((await readdir(data).catch(() => [])).length > 0)
    throw new OperatorError(
      `${data} is no PostgreSQL data folder (it holds files but no PG_VERSION): restore it from a backup, or move ${server.dir} away to begin an empty ledger (docs/runbooks/ledger-folder-damaged.md)`,
    );
  const half = `${data}.new`;
  await rm(half, { recursive: true, force: true });
  if (!(await isFilled(passwordFile(server)))) {
    // A file that is there would keep its mode.
    await rm(passwordFile(server), { force: true });
    await writeFile(passwordFile(server), randomBytes(24).toString("hex"), { mode: 0o600 });
  }
  await mkdir(half, { mode: 0o700 });
  await giveToOwner(server, [server.dir, passwordFile(server), half]);
  const { file, args } = server.launch.command(server.binaries.initdb, [
    `--pgdata=${half}`,
    "--username=postgres",
    `--pwfile=${passwordFile(server)}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--no-instructions",
  ]);
  await run(file, [...args], options(server)).catch((error: Error & { stderr?: string }) => {
    throw new OperatorError(
      `PostgreSQL could not make its data folder ${half}: ${(error.stderr ?? error.message).trim().split("\n").at(-1)}; look at the disk and permissions, or set DATABASE_URL`,
    );
  });
  await rename(half, data);
}

/** The server's port and password; starts it if it does not run. To be called under the folder's lock. */
export async function ensureRunning(server: Server): Promise<Running> {
  const password = (await readFile(passwordFile(server), "utf8")).trim();
  let waitedMs = 0;
  let exited: (() => boolean) | undefined;
  for (;;) {
    const state = await readPidFile(server);
    if (state && !(await isServer(state.pid))) {
      // Killed hard, or the machine went down: the server itself would refuse while an unreaped zombie holds the id.
      await rm(join(dataOf(server), "postmaster.pid"), { force: true });
    } else if (state?.ready) {
      return { port: state.port, password };
    } else if (!state && (exited === undefined || exited())) {
      exited = await launchServer(server, await freePort());
    }
    // Counted in sleeps: a clock that is put right meanwhile must not end the patience.
    if (waitedMs > startPatienceMs)
      throw new OperatorError(`PostgreSQL did not start within a minute: ${await lastLogLine(server)} (${logFile(server)})`);
    await server.clock.sleep(25);
    waitedMs += 25;
  }
}

/** Stops the server in an orderly way and waits for it. */
export async function stop(server: Server): Promise<void> {
  const state = await readPidFile(server);
  if (!state || !(await isServer(state.pid))) return;
  // SIGINT is PostgreSQL's fast shutdown: ends the connections, writes everything.
  process.kill(state.pid, "SIGINT");
  for (let waitedMs = 0; waitedMs <= stopPatienceMs; waitedMs += 20) {
    if (!(await readPidFile(server)) || !(await isServer(state.pid))) return;
    await server.clock.sleep(20);
  }
}

/** Starts the server as a process of its own and returns a look at whether it has ended. */
async function launchServer(server: Server, port: number): Promise<() => boolean> {
  const log = await open(logFile(server), "a", 0o600);
  await giveToOwner(server, [logFile(server)]);
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 40,
    shared_buffers: "16MB",
    max_wal_size: "128MB",
    timezone: "UTC",
    log_timezone: "UTC",
  };
  const { file, args } = server.launch.command(server.binaries.postgres, [
    "-D",
    dataOf(server),
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ]);
  const child = spawn(file, [...args], { ...options(server), detached: true, stdio: ["ignore", log.fd, log.fd] });
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  child.once("error", () => {
    ended = true;
  });
  child.unref();
  await log.close();
  return () => ended;
}

interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** Lines of postmaster.pid: id, folder, start, port, socket folder, address, shared memory, status. */
async function readPidFile(server: Server): Promise<PidFile | undefined> {
  const text = await readFile(join(dataOf(server), "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!(pid > 0)) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === "ready" };
}

/** Whether the id belongs to a living PostgreSQL: not a zombie, and not another program that got the id after a restart. */
async function isServer(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    const facts = await run("ps", ["-o", "stat=", "-o", "command=", "-p", String(pid)]);
    const line = facts.stdout.trim();
    return line !== "" && !line.startsWith("Z") && line.includes("postgres");
  } catch {
    // No `ps` on a lean machine: Linux tells it in /proc.
    const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    return status === "" ? isAlive(pid) : /\(postgres\) [^Z]/.test(status);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("bug: a TCP listener without a port");
  return address.port;
}

/** Vendor keys of our environment have no business in the server's. */
function options(server: Server) {
  const { PATH, HOME, TMPDIR } = process.env;
  return { env: { PATH, HOME, TMPDIR, ...server.binaries.environment }, cwd: "/", ...server.launch.owner };
}

async function giveToOwner(server: Server, paths: readonly string[]): Promise<void> {
  const owner = server.launch.owner;
  if (owner) for (const path of paths) await chown(path, owner.uid, owner.gid);
  await chmod(server.dir, 0o700);
}

async function lastLogLine(server: Server): Promise<string> {
  const text = await readFile(logFile(server), "utf8").catch(() => "");
  return text.trim().split("\n").at(-1) || "it wrote nothing";
}

async function isFilled(path: string): Promise<boolean> {
  return (await readFile(path, "utf8").catch(() => "")).trim() !== "";
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
