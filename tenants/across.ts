/** PURE. What no two tenants may share, whatever stacks they are in: shards of one account have one Stripe, one ledger and one zone. */
import type { Problem } from "../domain/error.ts";
import type { TenantFile } from "./load.ts";

export interface StackFiles {
  readonly stack: string;
  readonly files: readonly TenantFile[];
  /** The zone of its hostnames; undefined where its settings do not say. */
  readonly zone: string | undefined;
}

/** Said at the later stack's file, naming the earlier one; what two files of one stack share, the loader says. */
export function acrossStacks(stacks: readonly StackFiles[]): Problem[] {
  const first = new Map<string, TenantFile>();
  const problems: Problem[] = [];
  const check = (key: string, file: TenantFile, path: readonly string[], message: (other: TenantFile) => string) => {
    const other = first.get(key);
    if (other === undefined) first.set(key, file);
    else if (other.stack !== file.stack) problems.push({ file: file.file, ...file.place(path), message: message(other) });
  };
  for (const { files, zone } of stacks)
    for (const file of files) {
      const { uid, billing } = file.entry;
      const { slug } = file;
      check(
        `uid ${uid}`,
        file,
        ["uid"],
        (other) => `uid: is already the uid of ${other.file}; each tenant has its own (fleet tenant new makes one)`,
      );
      if (billing?.customer !== undefined)
        check(
          `customer ${billing.customer}`,
          file,
          ["billing", "customer"],
          (other) => `billing.customer: is already the customer of ${other.file}; each tenant pays by itself`,
        );
      if (zone !== undefined)
        check(
          `hostname ${slug}.${zone}`,
          file,
          [],
          (other) => `${slug}.${zone} is already the hostname of ${other.file}; choose another slug`,
        );
    }
  return problems;
}
