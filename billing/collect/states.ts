/** What the stack says of its tenants, and the state they were in since it was last asked. */
import type { FleetOutput } from "../../infra/outputs.ts";
import { addEvidence } from "../ledger/evidence.ts";
import type { Lease } from "../ledger/lease.ts";
import type { Ledger } from "../ledger/open.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import { type LedgerTenant, loadTenants, rememberTenants } from "../ledger/tenants.ts";
import type { StateLine } from "../rules/evidence.ts";

/** Writes both in one commit: the next run only looks back to what this one has seen, so a run that dies between them would leave time
 *  without a state, which counts as active. Returns every tenant that the ledger knows, as it is now. */
export async function collectStates(
  ledger: Pick<Ledger, "db">,
  lease: Lease,
  fleet: FleetOutput,
  now: number,
): Promise<LedgerTenant[]> {
  const before = await loadTenants(ledger);
  return lease.write(async (tx) => {
    await rememberTenants(tx, fleet, now);
    const tenants = await loadTenants({ db: tx });
    for (const tenant of tenants) {
      const known = before.find((one) => one.uid === tenant.uid);
      await addEvidence(tx, tenant.uid, stateLines(tenant, known, now), now);
    }
    return tenants;
  });
}

/** What the stack said at the last run holds until this one, where this one says so too. When between them a tenant was closed or opened, Railway knows
 *  (changes.ts); an empty line keeps the instant at which the new state was seen. A tenant that left the stack is off from then on. */
function stateLines(tenant: LedgerTenant, before: LedgerTenant | undefined, now: number): LedgerLine[] {
  const { leftAt } = tenant;
  const line = (state: StateLine["state"], from: number, to: number): LedgerLine => ({ source: "state", state, from, to });
  if (leftAt !== undefined && leftAt < now) return [line("offboarding", leftAt, now)];
  const state = leftAt === undefined ? tenant.outputs.state : "offboarding";
  if (!before) return [line(state, now, now)];
  const [known, since] =
    before.leftAt === undefined ? ([before.outputs.state, before.seenAt] as const) : (["offboarding", before.leftAt] as const);
  if (known !== state && (known === "active" || state === "active")) return [line(known, since, since), line(state, now, now)];
  return since < now ? [line(known, since, now)] : [];
}
