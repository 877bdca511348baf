/** What the stack says of its tenants, and the state they were in since it was last asked. */
import type { FleetOutput } from "../../infra/outputs.ts";
import { addEvidence } from "../ledger/evidence.ts";
import type { Lease } from "../ledger/lease.ts";
import type { Ledger } from "../ledger/open.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import { type LedgerTenant, loadTenants, rememberTenants } from "../ledger/tenants.ts";

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

/** What the stack said at the last run holds until this one says otherwise. A tenant that left the stack is off from then on. */
function stateLines(tenant: LedgerTenant, before: LedgerTenant | undefined, now: number): LedgerLine[] {
  const { leftAt } = tenant;
  if (leftAt !== undefined && leftAt < now) return [{ source: "state", state: "offboarding", from: leftAt, to: now }];
  return before && before.seenAt < now ? [{ source: "state", state: before.outputs.state, from: before.seenAt, to: now }] : [];
}
