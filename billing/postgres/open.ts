/** A database for the ledger: the server that `DATABASE_URL` names, or the embedded one of a folder. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import pg from "pg";
import { systemClock } from "../../domain/clock.ts";
import { OperatorError, redact, registerSecret } from "../../domain/error.ts";
import { findBinaries } from "./binaries.ts";
import { withLock } from "./lock.ts";
import { ensureRunning, initialise, type Server, stop } from "./server.ts";
import { chooseLaunch } from "./user.ts";

export interface Database {
  readonly pool: pg.Pool;
  /** Ends the connections; the last user of an embedded server stops it. */
  close(): Promise<void>;
  /** For a process that is about to exit: waits for no statement and no transaction (their work is undone); the last user of an embedded
   *  server stops it. */
  abandon(): Promise<void>;
}

export interface DatabaseSettings {
  /** Another server, `postgresql://…`; without it the embedded one. */
  readonly url?: string | undefined;
  /** The embedded server's folder. */
  readonly dir: string;
  /** The PostgreSQL schema that all statements work in. */
  readonly schema: string;
  /** Told when something takes seconds: the first use of the folder. */
  readonly say: (message: string) => void;
}

/** Opens the database; the schema may not exist yet. Throws OperatorError where the server cannot be had. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  return settings.url ? openGiven(settings, settings.url) : openEmbedded(settings);
}

async function openGiven(settings: DatabaseSettings, url: string): Promise<Database> {
  if (URL.canParse(url)) registerSecret(decodeURIComponent(new URL(url).password));
  const pool = makePool({ connectionString: url }, settings.schema);
  await pool.query("select 1").catch(async (error: Error) => {
    await pool.end();
    throw new OperatorError(
      `the server of DATABASE_URL does not answer: ${redact(error.message)}; check the address and that it runs`,
    );
  });
  // The connections end with the process, and the server undoes what they had begun.
  return { pool, close: () => pool.end(), abandon: async () => undefined };
}

async function openEmbedded(settings: DatabaseSettings): Promise<Database> {
  // Only the folder itself is private: its parents must let the server's own user through.
  await mkdir(dirname(settings.dir), { recursive: true });
  await mkdir(settings.dir, { recursive: true, mode: 0o700 });
  const lock = join(settings.dir, "lock");
  const binaries = await findBinaries(settings.dir);
  const server: Server = { dir: settings.dir, binaries, launch: await chooseLaunch(binaries), clock: systemClock };
  // Connected before the lock is released: from then on nobody stops the server under us.
  const { pool, config } = await withLock(lock, systemClock, async () => {
    await initialise(server);
    for (let looks = 0; ; looks++) {
      const { port, password } = await ensureRunning(server);
      registerSecret(password);
      const made = { host: "127.0.0.1", port, user: "postgres", password, database: "postgres", ssl: false };
      const connected = makePool(made, settings.schema);
      try {
        await connected.query("select 1");
        return { pool: connected, config: made };
      } catch (error) {
        await connected.end();
        // A server that was killed this moment may still count as a process while it answers nobody.
        const refused = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
        if (!refused || looks === 40) throw error;
        await systemClock.sleep(50);
      }
    }
  });
  return {
    pool,
    close: () =>
      withLock(lock, systemClock, async () => {
        const alone = await isAlone(pool);
        await pool.end();
        if (alone) await stop(server);
      }),
    abandon: () =>
      withLock(lock, systemClock, async () => {
        // All of the pool's connections may be waiting for a lock.
        const client = new pg.Client({ ...config, application_name: pool.options.application_name });
        client.on("error", () => undefined);
        // It does not answer: nothing to stop, as in isAlone.
        if (
          !(await client.connect().then(
            () => true,
            () => false,
          ))
        )
          return;
        const alone = await isAlone(client);
        await client.end();
        if (alone) await stop(server);
      }),
  };
}

/** Whether nobody else is connected. The server needs a moment to notice that a killed user is gone. */
async function isAlone(database: pg.Pool | pg.Client): Promise<boolean> {
  for (let look = 0; look < 10; look++) {
    if (look > 0) await systemClock.sleep(50);
    const others = await database
      .query<{ count: string }>(
        "select count(*) from pg_stat_activity where backend_type = 'client backend' and application_name <> current_setting('application_name')",
      )
      .catch(() => undefined);
    // The server died under us: nothing to stop, and its remains are the next user's to clear.
    if (!others) return false;
    if (others.rows[0]?.count === "0") return true;
  }
  return false;
}

function makePool(config: pg.PoolConfig, schema: string): pg.Pool {
  const pool = new pg.Pool({
    ...config,
    max: 4,
    // A pool that lets go of idle connections would look like nobody while its user waits for a vendor.
    idleTimeoutMillis: 0,
    // One name a pool, so that it can tell its own connections from others'.
    application_name: `fleet-billing-${process.pid}-${process.hrtime.bigint()}`,
    options: `-c search_path=${schema} -c timezone=UTC`,
  });
  // A connection that breaks while idle is replaced; the statement that needs it reports its own error.
  pool.on("error", () => undefined);
  // So does one that breaks between two statements of its user's.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}
