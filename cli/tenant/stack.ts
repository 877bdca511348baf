import { OperatorError } from "../../domain/error.ts";
import { stackNames } from "../../tenants/load.ts";

/** Throws OperatorError for a stack that has no folder of tenants. */
export function needStack(tenants: string, stack: string): void {
  const stacks = stackNames(tenants);
  if (!stacks.includes(stack))
    throw new OperatorError(`there is no stack "${stack}"; the stacks are the folders of tenants/: ${stacks.join(", ")}`);
}
