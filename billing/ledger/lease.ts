/** One run writes at a time. The lock is the connection's, so a run that dies lets go at once and nothing has to expire;
 *  the token is for one that lost its connection and does not know it: its writes are refused. */
import { sql, type Transaction } from "kysely";
import { OperatorError } from "../../domain/error.ts";
import type { Ledger } from "./open.ts";
import type { LedgerTables } from "./schema.ts";

const leaseLock = 711_026_002;

export type Write = Transaction<LedgerTables>;

export interface Lease {
  readonly token: number;
  /** Commits what `work` writes, or throws an OperatorError if another run has taken over since. */
  write<T>(work: (tx: Write) => Promise<T>): Promise<T>;
  release(): Promise<void>;
}

export interface LeaseSettings {
  readonly holder: string;
  readonly say: (message: string) => void;
  /** How long to wait for another run, real time. */
  readonly patienceSeconds?: number;
}

/** Waits for the run that holds the lease, if any; throws OperatorError when that takes too long. */
export async function acquireLease(ledger: Ledger, settings: LeaseSettings): Promise<Lease> {
  const client = await ledger.pool.connect();
  // Locks are the database's, but stacks are schemas of it: each has its own.
  const lock = "hashtextextended(current_schema(), $1)";
  try {
    const free = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock(${lock}) as locked`, [leaseLock]);
    if (!free.rows[0]?.locked) {
      settings.say("another billing run is at work on this ledger; waiting for it …");
      await client.query(`set lock_timeout = '${settings.patienceSeconds ?? 900}s'`);
      await client.query(`select pg_advisory_lock(${lock})`, [leaseLock]);
    }
    const { token } = await ledger.db
      .updateTable("lease")
      .set({ token: sql<number>`token + 1`, holder: settings.holder })
      .where("name", "=", "billing")
      .returning("token")
      .executeTakeFirstOrThrow();
    return {
      token,
      write: (work) => writeWith(ledger, token, work),
      release: async () => {
        await client.query(`select pg_advisory_unlock(${lock})`, [leaseLock]).catch(() => undefined);
        client.release(true);
      },
    };
  } catch (error) {
    client.release(true);
    if (error instanceof Error && "code" in error && error.code === "55P03")
      throw new OperatorError(
        "another billing run has been at work for a long time: wait for it or end it, then run this again",
        1,
      );
    throw error;
  }
}

function writeWith<T>(ledger: Ledger, token: number, work: (tx: Write) => Promise<T>): Promise<T> {
  return ledger.db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom("lease")
      .select(["token", "holder"])
      .where("name", "=", "billing")
      .forShare()
      .executeTakeFirstOrThrow();
    if (row.token !== token)
      throw new OperatorError(
        `run ${row.holder ?? "?"} has taken over the ledger: this run stops, nothing is lost; run it again`,
        1,
      );
    return work(tx);
  });
}
