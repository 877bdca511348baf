import { OperatorError } from "../../domain/error.ts";
import { stackNames } from "../../tenants/load.ts";
import { unknown } from "../choose.ts";

/** Throws OperatorError for a stack that has no folder of tenants. */
export function needStack(tenants: string, stack: string): void {
  const stacks = stackNames(tenants);
  if (!stacks.includes(stack)) throw new OperatorError(`${unknown("stack", stack, stacks)} (the folders of tenants/)`);
}
