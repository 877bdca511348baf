/** Pure: settings and tenants → every argument of every resource, as plain data. No Pulumi, no clock, no network.
 *  Logical names hang on the uid alone, so that a new display name, slug or order of files replaces nothing. */
import { describeMember, type OpenTenant } from "../tenants/open.ts";
import type { TenantState } from "../tenants/schema.ts";
import { planAccount } from "./plan-account.ts";
import { hostnameOf, planEdge, planHostname } from "./plan-edge.ts";
import { planApplication, planTunnelService } from "./plan-railway.ts";
import type { PlannedResource } from "./planned.ts";
import { methodNames, type Settings } from "./settings.ts";
import { meaningOf } from "./states.ts";

/** What the stack output says of a tenant without asking any vendor. */
export interface TenantFacts {
  readonly slug: string;
  readonly name: string;
  readonly state: TenantState;
  readonly plan: string;
  readonly url: string;
  readonly customer: string | null;
  readonly exempt: string | null;
  readonly adopt: null;
}

export interface TenantPlan {
  readonly uid: string;
  readonly facts: TenantFacts;
  /** Who is let in, masked: what a reviewer of a preview sees. Nobody while the tenant is not active. */
  readonly admitted: readonly string[];
  /** In an order in which they can be made: each refers only to earlier ones and to the account's. */
  readonly resources: readonly PlannedResource[];
}

export interface FleetPlan {
  /** What the whole Cloudflare account shares; empty where another stack owns it. */
  readonly account: readonly PlannedResource[];
  /** Keys of the account's resources whose ids other stacks and the tenants need. */
  readonly identityProviders: readonly string[];
  /** In the order of their uids. */
  readonly tenants: readonly TenantPlan[];
}

export function planFleet(settings: Settings, tenants: readonly OpenTenant[]): FleetPlan {
  return {
    account: settings.ownsAccount ? planAccount(settings) : [],
    identityProviders: methodNames(settings.loginMethods),
    tenants: [...tenants].sort((left, right) => (left.uid < right.uid ? -1 : 1)).map((tenant) => planTenant(settings, tenant)),
  };
}

function planTenant(settings: Settings, tenant: OpenTenant): TenantPlan {
  return {
    uid: tenant.uid,
    facts: {
      slug: tenant.slug,
      name: tenant.name,
      state: tenant.state,
      plan: tenant.plan.id,
      url: `https://${hostnameOf(tenant, settings)}`,
      customer: tenant.billing.customer,
      exempt: tenant.billing.exempt,
      adopt: null,
    },
    admitted: meaningOf(tenant.state).open ? tenant.access.members.map(describeMember).sort() : [],
    resources: [
      ...planApplication(tenant, settings),
      ...planEdge(tenant, settings),
      ...planTunnelService(tenant, settings),
      planHostname(tenant, settings),
    ],
  };
}
