/** An empty folder of tenants is right for a new stack, and a disaster for one that has tenants: a wrong branch or path would delete them all. */
import * as pulumi from "@pulumi/pulumi";
import { RefusedError } from "../domain/error.ts";

/** Throws RefusedError when the stack's last outputs name tenants although the folder has none. */
export async function refuseEmptyFolder(stack: string): Promise<void> {
  const own = new pulumi.StackReference(`${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`);
  const { value } = await own.getOutputDetails("fleet");
  const before: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "tenants") : undefined;
  const count = typeof before === "object" && before !== null ? Object.keys(before).length : 0;
  if (count > 0)
    throw new RefusedError([
      {
        file: `tenants/${stack}`,
        message: `has no tenants, but the stack has ${count}: this would delete all of them. Restore the files (wrong branch or folder?); to empty a stack on purpose, use fleet destroy`,
      },
    ]);
}
