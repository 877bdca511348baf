/** The Pulumi program, and the only file here with effects at import: settings → tenants → plan → resources → outputs. */
import "./on-demand.ts";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { OperatorError, RefusedError } from "../domain/error.ts";
import { stackIdentity } from "../tenants/keys.ts";
import { loadStack } from "../tenants/load.ts";
import { openMembers } from "../tenants/open.ts";
import { resolveStack } from "../tenants/resolve.ts";
import { account } from "./account.ts";
import { cameThrough } from "./came-through.ts";
import { refuseChangedIdentity } from "./identity.ts";
import { FleetOutput, schemaVersion } from "./outputs.ts";
import { planFleet } from "./plan.ts";
import { methodNames, readSettings } from "./settings.ts";
import { tenant } from "./tenant.ts";
import { formerTenants, refuseVanished } from "./vanished.ts";

// Pulumi's SDK takes a stack trace for every promise that it watches, and its runner's source-map-support reads each of them through the SDK's source
// maps: a quarter of this program's work, for traces that nobody sees. Node's own name the right lines: it strips types in place.
Reflect.deleteProperty(Error, "prepareStackTrace");

/** Runs once a preview or up; what it returns are the stack's outputs. */
export default async function program(): Promise<Record<string, unknown>> {
  try {
    return await fleet();
  } catch (error) {
    // A RunError is shown without a stack: the operator's mistakes are no bugs.
    // The words tell `fleet up` to end with the code of a refusal.
    if (error instanceof RefusedError) throw new pulumi.RunError(`refused by a guard: ${error.message}`);
    if (error instanceof OperatorError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

async function fleet(): Promise<Record<string, unknown>> {
  const stack = pulumi.getStack();
  const config = new pulumi.Config("fleet");
  const settings = readSettings(
    stack,
    (name) => config.get(name),
    (name) => config.getSecret(name) !== undefined,
  );
  const root = join(import.meta.dirname, "..", "tenants");
  const entries = loadStack(stack, { root, personalData: settings.personalData });
  const former = await formerTenants(stack);
  refuseChangedIdentity(entries, former);
  refuseVanished({
    stack,
    former,
    present: new Set(entries.map(({ entry }) => entry.uid)),
    protect: settings.protect,
    allowed: (process.env.FLEET_ALLOW_DELETE ?? "").split(/[\s,]+/),
  });
  const resolved = resolveStack(entries, { ...settings, loginMethods: methodNames(settings.loginMethods) });
  const tenants = await openMembers(resolved, () => stackIdentity(root, stack, process.env.FLEET_AGE_IDENTITY));

  const plan = planFleet(settings, tenants);
  const secretSetting = (name: string) => config.requireSecret(name);
  const identityProviders = account(plan, settings, secretSetting);
  const made = plan.tenants.map(
    (planned) =>
      [planned.uid, tenant(planned, settings, identityProviders, secretSetting, former.get(planned.uid)?.railway)] as const,
  );

  const output = pulumi.output({
    schemaVersion,
    stack,
    zone: settings.zone,
    tenants: cameThrough(
      made.map(([uid, { fleet }]) => [uid, fleet]),
      (uid) => former.get(uid),
    ),
  });
  return {
    // Checked on this side too: an output that billing would refuse must not be stored. In preview it holds unknowns, and apply does not run.
    fleet: output.apply((value) => FleetOutput.parse(value)),
    basicAuth: pulumi.secret(cameThrough(made.map(([uid, { basicAuth }]) => [uid, basicAuth]))),
    ...(settings.ownsAccount ? { account: identityProviders } : {}),
  };
}
