/** Outputs by tenant when some tenants failed: the others are done and must not wait for them (exit 4). */
import * as pulumi from "@pulumi/pulumi";

/** What each tenant's output gives; of one that failed, what the last run said of it, or nothing if there was none. The failure itself is shown and
 *  counted by the engine. */
export function cameThrough<Value>(
  made: readonly (readonly [uid: string, output: pulumi.Output<Value>])[],
  former: (uid: string) => unknown = () => undefined,
): pulumi.Output<Readonly<Record<string, unknown>>> {
  const settled = made.map(([uid, output]) => pulumi.recover<unknown>(output, () => former(uid)));
  return pulumi
    .all(settled)
    .apply(
      (all): Readonly<Record<string, unknown>> =>
        Object.fromEntries(made.flatMap(([uid], index) => (all[index] === undefined ? [] : [[uid, all[index]]]))),
    );
}
