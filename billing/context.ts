/** What a billing command works with: everything that is outside is handed in. */
import type { Clock } from "../domain/clock.ts";
import type { TenantUid } from "../domain/ids.ts";
import type { FleetOutput } from "../infra/outputs.ts";
import type { Plan } from "../tenants/plan.ts";
import type { StripeClient } from "../vendors/stripe/client.ts";
import type { Vendors } from "./collect/ports.ts";
import type { Lease } from "./ledger/lease.ts";
import type { Ledger } from "./ledger/open.ts";
import type { Rule } from "./rules/rule.ts";

export interface Context {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly stack: string;
  readonly outputs: FleetOutput;
  readonly plans: ReadonlyMap<string, Plan>;
  /** By which hours are billed, and the one whose total is shown beside it. */
  readonly rule: Rule;
  readonly comparedRule: Rule;
  /** Made when a stage first needs them, so that a missing key stops only what needs it. */
  readonly vendors: () => Vendors;
  readonly stripe: () => StripeClient;
  /** Unique, also after a lost ledger. */
  readonly run: string;
  /** A line for people, on stderr. */
  readonly say: (message: string) => void;
  readonly problems: Problems;
}

/** What went wrong without stopping the others. */
export interface Problems {
  add(uid: TenantUid | undefined, error: unknown): void;
  of(uid: TenantUid | undefined): readonly string[];
  readonly tenants: number;
  readonly count: number;
}

/** Collects problems by tenant; our own bugs are not problems of a tenant and are thrown on. */
export function problemList(say: (message: string) => void, nameOf: (uid: TenantUid) => string): Problems {
  const all = new Map<TenantUid | undefined, string[]>();
  return {
    add(uid, error) {
      if (
        error instanceof TypeError ||
        error instanceof RangeError ||
        (error instanceof Error && error.message.startsWith("bug:"))
      )
        throw error;
      const text = error instanceof Error ? error.message : String(error);
      const message = uid === undefined || text.startsWith(`${nameOf(uid)}:`) ? text : `${nameOf(uid)}: ${text}`;
      all.set(uid, [...(all.get(uid) ?? []), message]);
      say(message);
    },
    of: (uid) => all.get(uid) ?? [],
    get tenants() {
      return [...all.keys()].filter((uid) => uid !== undefined).length;
    },
    get count() {
      return [...all.values()].reduce((sum, some) => sum + some.length, 0);
    },
  };
}
