/** What a tenant has at Cloudflare, as one component: policy, application, sessions, tunnel, hostname. */
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";

export class TenantEdge extends ComponentResource {
  constructor(uid: string, options: ComponentResourceOptions) {
    super("fleet:index:TenantEdge", `${uid}-edge`, {}, options);
    this.registerOutputs({});
  }
}
