/** Opens the ledger: the database, its schema at the newest migration, under a lock that other processes wait for. */
import { Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type pg from "pg";
import { type DatabaseSettings, openDatabase } from "../postgres/open.ts";
import * as ledger0001 from "./migrations/0001-ledger.ts";
import type { LedgerTables } from "./schema.ts";

export interface Ledger {
  readonly db: Kysely<LedgerTables>;
  readonly pool: pg.Pool;
  close(): Promise<void>;
  abandon(): Promise<void>;
}

const migrations: Record<string, Migration> = { "0001-ledger": ledger0001 };
/** Any number, the same in every process: the name of our advisory lock. */
const migrationLock = 711_026_001;

/** One PostgreSQL schema a stack, so that stacks can share a server and never meet. */
export function schemaName(stack: string): string {
  return `fleet_${stack.toLowerCase().replace(/[^a-z0-9]/g, "_")}`;
}

/** Opens and migrates. Throws OperatorError where no database can be had. */
export async function openLedger(settings: Omit<DatabaseSettings, "schema"> & { readonly stack: string }): Promise<Ledger> {
  const schema = schemaName(settings.stack);
  const database = await openDatabase({ ...settings, schema });
  try {
    const db = new Kysely<LedgerTables>({ dialect: new PostgresDialect({ pool: keptOpen(database.pool) }) });
    await migrate(db, database.pool, schema);
    return { db, pool: database.pool, close: database.close, abandon: database.abandon };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Four processes migrating an empty database at once failed in 4 of 24 trials without this lock:
 *  Kysely creates its own tables before it takes its own. */
async function migrate(db: Kysely<LedgerTables>, pool: pg.Pool, schema: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await client.query(`create schema if not exists ${schema}`);
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => migrations },
      migrationTableSchema: schema,
    });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
  } finally {
    await client.query("select pg_advisory_unlock($1)", [migrationLock]).catch(() => undefined);
    client.release();
  }
}

/** Kysely would end a pool that is ours to end. */
function keptOpen(pool: pg.Pool) {
  return { connect: () => pool.connect(), end: async () => undefined, options: pool.options };
}
