/** What runs left in the ledger, for whoever watches them. Reads only: unlike `openLedger` it neither makes a ledger nor brings its tables up to date. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dayMs } from "../../domain/hour.ts";
import { type DatabaseSettings, openDatabase } from "../postgres/open.ts";
import { schemaName } from "./open.ts";

/** A run with all stages, from its beginning to its end. Instants are epoch milliseconds. */
export interface FinishedRun {
  readonly run: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Of single tenants and of none; they are told by the run itself. */
  readonly problems: number;
}

export interface RunsSeen {
  /** The newest that finished; undefined before the first. */
  readonly finished: FinishedRun | undefined;
  /** When runs began that are newer than that and have not ended: at work, or killed. Oldest first. */
  readonly begunSince: readonly number[];
  /** Hours whose newest post no summary of Stripe's has shown for a day, or that Stripe refused. */
  readonly unconfirmedPosts: number;
}

/** Undefined where there is no ledger yet. `now` in epoch milliseconds. Throws OperatorError where its server does not answer. */
export async function readRuns(
  settings: Omit<DatabaseSettings, "schema"> & { readonly stack: string },
  now: number,
): Promise<RunsSeen | undefined> {
  // Opening the embedded one would make it.
  if (!settings.url && !existsSync(join(settings.dir, "data", "PG_VERSION"))) return undefined;
  const { pool, close } = await openDatabase({ ...settings, schema: schemaName(settings.stack) });
  try {
    const { rows } = await pool.query("select to_regclass('runs') is not null as there");
    if (!There.parse(rows[0]).there) return undefined;
    const newest = await pool.query(
      "select run, started_at, ended_at, result from runs where ended_at is not null and command = $1 order by ended_at desc limit 1",
      [wholeRun],
    );
    const finished = newest.rows.map((row) => FinishedRow.parse(row)).map(finishedOf)[0];
    const begun = await pool.query(
      "select started_at from runs where ended_at is null and command = $1 and started_at > $2 order by started_at",
      [wholeRun, new Date(finished?.startedAt ?? 0)],
    );
    const posts = await pool.query(
      `select count(*)::int as count from (select distinct on (uid, hour) state, intended_at from posts order by uid, hour, intended_at desc) as newest
       where state = 'rejected' or (state <> 'confirmed' and intended_at < $1)`,
      [new Date(now - dayMs)],
    );
    return {
      finished,
      begunSince: begun.rows.map((row) => BegunRow.parse(row).started_at.getTime()),
      unconfirmedPosts: CountRow.parse(posts.rows[0]).count,
    };
  } finally {
    await close();
  }
}

/** As `billing run` without --only writes it down. */
const wholeRun = "collect,plan,apply,reconcile,close";

const There = z.object({ there: z.boolean() });
const CountRow = z.object({ count: z.int() });
const BegunRow = z.object({ started_at: z.date() });
const FinishedRow = z.object({
  run: z.string(),
  started_at: z.date(),
  ended_at: z.date(),
  result: z.object({ problems: z.int() }),
});

function finishedOf({ run, started_at, ended_at, result }: z.infer<typeof FinishedRow>): FinishedRun {
  return { run, startedAt: started_at.getTime(), endedAt: ended_at.getTime(), problems: result.problems };
}
