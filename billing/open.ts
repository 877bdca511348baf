/** Opens what a billing command works with, from flags and environment. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { OperatorError, RefusedError } from "../domain/error.ts";
import type { TenantUid } from "../domain/ids.ts";
import { loadPlans } from "../tenants/load.ts";
import { cloudflareFromEnvironment } from "../vendors/cloudflare/client.ts";
import { clockFromEnvironment } from "../vendors/http/clock.ts";
import { openRouterFromEnvironment } from "../vendors/openrouter/client.ts";
import { railwayClient } from "../vendors/railway/client.ts";
import { createStripeClient, type StripeClient } from "../vendors/stripe/client.ts";
import type { Vendors } from "./collect/ports.ts";
import { type Context, problemList } from "./context.ts";
import { acquireLease, type Lease } from "./ledger/lease.ts";
import { type Ledger, openLedger } from "./ledger/open.ts";
import { readOutputs } from "./outputs.ts";
import { defaultRuleName, loadRule } from "./rules/rule.ts";

export const root = resolve(import.meta.dirname, "..");

export interface OpenFlags {
  readonly stack?: string | undefined;
  readonly outputs?: string | undefined;
  readonly rule?: string | undefined;
  readonly live?: boolean | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Opened extends Omit<Context, "lease"> {
  /** Waits for another run that writes. */
  lock(): Promise<Lease>;
  close(): Promise<void>;
  /** As close, in the middle of the work. */
  abandon(): Promise<void>;
}

/** Reads the outputs first: without them no database is started. Throws OperatorError with what is missing. */
export async function openBilling(flags: OpenFlags, env: Environment, say: (message: string) => void): Promise<Opened> {
  const clock = clockFromEnvironment(env);
  const rule = loadRule(flags.rule);
  const comparedRule = loadRule(rule.name === defaultRuleName ? "seed-literal" : defaultRuleName);
  const plans = loadPlans(join(root, "tenants"));
  const outputs = await readOutputs({ file: flags.outputs, stack: flags.stack, root });
  if (flags.outputs !== undefined && flags.stack !== undefined && flags.stack !== outputs.stack)
    throw new OperatorError(`--stack says ${flags.stack}, the outputs are those of ${outputs.stack}`);
  const ledger = await openLedger({ url: env.DATABASE_URL, dir: ledgerDir(flags, env), stack: outputs.stack, say });
  const run = `${(await clock.now()).toString(36)}${randomBytes(3).toString("hex")}`;
  const slugs = (uid: TenantUid) => outputs.tenants[uid]?.slug ?? uid;
  return {
    clock,
    ledger,
    stack: outputs.stack,
    outputs,
    plans,
    rule,
    comparedRule,
    run,
    say,
    problems: problemList(say, slugs),
    stripe: once(() => stripeOf(flags, env, clock, say)),
    vendors: once(() => vendorsOf(env, clock)),
    lock: () => acquireLease(ledger, { holder: run, say }),
    close: () => ledger.close(),
    abandon: () => ledger.abandon(),
  };
}

/** Real money's ledger must outlive the machine that runs this once. */
function ledgerDir(flags: OpenFlags, env: Environment): string {
  if (flags.live && env.CI && !env.DATABASE_URL && !env.FLEET_LEDGER_DIR)
    throw new RefusedError(
      "a live ledger on a CI machine's own disk would be lost: set DATABASE_URL, or FLEET_LEDGER_DIR to a folder that lasts",
    );
  return ledgerFolder(env);
}

/** The embedded ledger's folder. */
export function ledgerFolder(env: Environment): string {
  return resolve(env.FLEET_LEDGER_DIR || join(root, ".fleet", "ledger"));
}

function stripeOf(flags: OpenFlags, env: Environment, clock: Context["clock"], say: (message: string) => void): StripeClient {
  const secretKey = env.STRIPE_SECRET_KEY;
  if (!secretKey)
    throw new OperatorError('STRIPE_SECRET_KEY is not set: a restricted key of Stripe, or: eval "$(./fleet env sandbox)"');
  return createStripeClient({ secretKey, apiBase: env.STRIPE_API_BASE, clock, live: flags.live ?? false, say });
}

function vendorsOf(env: Environment, clock: Context["clock"]): Vendors {
  const token = env.RAILWAY_API_TOKEN;
  if (!token)
    throw new OperatorError('RAILWAY_API_TOKEN is not set: a workspace token of Railway, or: eval "$(./fleet env sandbox)"');
  return {
    railway: railwayClient({ token, clock, ...(env.RAILWAY_API_URL ? { apiUrl: env.RAILWAY_API_URL } : {}) }),
    access: cloudflareFromEnvironment(env, clock),
    model: openRouterFromEnvironment(env, clock),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export type { Ledger };
