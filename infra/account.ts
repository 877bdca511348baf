/** What the whole Cloudflare account shares, made by the one stack that owns it; the others read its ids by stack reference. */
import * as pulumi from "@pulumi/pulumi";
import { assert } from "../domain/error.ts";
import type { FleetPlan } from "./plan.ts";
import { outputOf, realize, type Scope } from "./realize.ts";
import type { Settings } from "./settings.ts";

/** Ids of identity providers by log-in method: the owning stack's output `account`. */
export type IdentityProviderIds = Readonly<Record<string, pulumi.Output<string>>>;

class Account extends pulumi.ComponentResource {
  constructor(name: string) {
    super("fleet:index:Account", name);
    this.registerOutputs({});
  }
}

/** Makes the account's resources, or finds them where another stack made them. */
export function account(plan: FleetPlan, settings: Settings, secretSetting: Scope["secretSetting"]): IdentityProviderIds {
  if (!settings.ownsAccount) return foreign(plan, settings);
  const scope: Scope = {
    resources: new Map(),
    accountId: (key) => {
      throw new Error(`bug: account/${key} named inside the account`);
    },
    secretSetting,
  };
  const parent = new Account("account");
  for (const planned of plan.account) realize(planned, scope, { parent, protect: settings.protect });
  return Object.fromEntries(plan.identityProviders.map((method) => [method, outputOf(`${method}.id`, scope).apply(String)]));
}

function foreign(plan: FleetPlan, settings: Settings): IdentityProviderIds {
  assert(settings.accountStack, "a stack that does not own the account names the one that does");
  const owner = new pulumi.StackReference(settings.accountStack);
  const ids = owner.requireOutput("account");
  return Object.fromEntries(
    plan.identityProviders.map((method) => [
      method,
      ids.apply((all: unknown) => {
        const id: unknown = typeof all === "object" && all !== null ? Reflect.get(all, method) : undefined;
        if (typeof id !== "string")
          throw new pulumi.RunError(
            `${settings.accountStack} has no identity provider ${method}: add it to fleet:loginMethods there and run up for it first`,
          );
        return id;
      }),
    ]),
  );
}
