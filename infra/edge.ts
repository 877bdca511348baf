/** What a tenant has at Cloudflare, as one component: policy, application, sessions, tunnel, hostname. */
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";

export class TenantEdge extends ComponentResource {
  /** `admitted` says who is let in, masked: the diff of a preview shows it, while the addresses themselves are secret. */
  constructor(uid: string, admitted: readonly string[], options: ComponentResourceOptions) {
    super("fleet:index:TenantEdge", `${uid}-edge`, { admitted }, options);
    this.registerOutputs({});
  }
}
