/** The sessions resource as a Pulumi program uses it. */
import type * as pulumi from "@pulumi/pulumi";
import { CustomResource } from "@pulumi/pulumi";
import type { SessionsInputs } from "./shapes.ts";

export type SessionsArgs = { readonly [Name in keyof SessionsInputs]: pulumi.Input<SessionsInputs[Name]> };

/** Ends an application's sessions when somebody loses access. */
export class Sessions extends CustomResource {
  static readonly __pulumiType = "access:index:Sessions";
  declare readonly revokedAt: pulumi.Output<string | null>;
  constructor(name: string, args: SessionsArgs, options?: pulumi.CustomResourceOptions) {
    super(Sessions.__pulumiType, name, { ...args, revokedAt: undefined }, options);
  }
  static override isInstance(value: unknown): value is Sessions {
    return typeof value === "object" && value !== null && "__pulumiType" in value && value.__pulumiType === Sessions.__pulumiType;
  }
}
