/** One tenant as a component, and what the stack's outputs say of it. */
import * as pulumi from "@pulumi/pulumi";
import type { IdentityProviderIds } from "./account.ts";
import { TenantEdge } from "./edge.ts";
import type { TenantPlan } from "./plan.ts";
import { basicAuthUser } from "./plan-railway.ts";
import { lift, outputOf, realize, type Scope } from "./realize.ts";
import type { Settings } from "./settings.ts";
import { meaningOf } from "./states.ts";

class TenantComponent extends pulumi.ComponentResource {
  constructor(uid: string) {
    super("fleet:index:Tenant", uid);
    this.registerOutputs({});
  }
}

export interface TenantOutputs {
  /** One tenant of the output `fleet` (outputs.ts). */
  readonly fleet: pulumi.Output<unknown>;
  /** The way in when Access is down, for a person; secret. */
  readonly basicAuth: pulumi.Output<{ readonly url: string; readonly user: string; readonly password: string }>;
}

/** Makes a tenant's resources in the order of the plan. `former` is what the last run said of the services: where they are gone, the past is still found under
 *  their ids (of the tunnel's too, whose samples prove that the application was measured while it slept). */
export function tenant(
  plan: TenantPlan,
  settings: Settings,
  identityProviders: IdentityProviderIds,
  secretSetting: Scope["secretSetting"],
  former: { readonly appServiceId?: string | undefined; readonly tunnelServiceId?: string | null | undefined } = {},
): TenantOutputs {
  const component = new TenantComponent(plan.uid);
  const edge = new TenantEdge(plan.uid, plan.admitted, { parent: component });
  const scope: Scope = {
    resources: new Map(),
    accountId: (method) =>
      identityProviders[method] ?? pulumi.output(Promise.reject(new Error(`bug: no identity provider ${method}`))),
    secretSetting,
  };
  for (const planned of plan.resources)
    realize(planned, scope, { parent: planned.part === "edge" ? edge : component, protect: settings.protect });

  const { services } = meaningOf(plan.facts.state);
  const text = (ref: string) => outputOf(ref, scope).apply(String);
  const railway = {
    projectId: text("project.projectId"),
    environmentId: text("project.environmentId"),
    appServiceId: services ? text("appService.serviceId") : (former.appServiceId ?? ""),
    tunnelServiceId: services ? text("tunnelService.serviceId") : (former.tunnelServiceId ?? null),
    volumeId: text("volume.volumeId"),
  };
  const cloudflare = {
    accountId: settings.accountId,
    accessApplicationId: text("app.id"),
    audience: text("app.aud"),
    tunnelId: text("tunnel.id"),
  };
  const openrouter = { keyHash: text("modelKey.hash") };
  const password = text("basicAuth.result");
  return {
    fleet: lift({ ...plan.facts, railway, cloudflare, openrouter }),
    basicAuth: pulumi.secret(pulumi.output({ url: plan.facts.url, user: basicAuthUser, password })),
  };
}
