/** The OpenRouter resource as a Pulumi program uses it. */
import type * as pulumi from "@pulumi/pulumi";
import { CustomResource } from "@pulumi/pulumi";
import type { KeyInputs } from "./shapes.ts";

export type KeyArgs = { readonly [Name in keyof KeyInputs]: pulumi.Input<KeyInputs[Name]> };

/** One tenant's model key. `key` is secret. */
export class Key extends CustomResource {
  static readonly __pulumiType = "openrouter:index:Key";
  declare readonly hash: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string>;
  constructor(name: string, args: KeyArgs, options: pulumi.CustomResourceOptions = {}) {
    const additionalSecretOutputs = [...(options.additionalSecretOutputs ?? []), "key"];
    super(Key.__pulumiType, name, { ...args, hash: undefined, key: undefined }, { ...options, additionalSecretOutputs });
  }
  static override isInstance(value: unknown): value is Key {
    return typeof value === "object" && value !== null && "__pulumiType" in value && value.__pulumiType === Key.__pulumiType;
  }
}
