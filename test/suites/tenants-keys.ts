import { join } from "node:path";
import { root as repository } from "../../cli/context.ts";
import { stackRecipient } from "../../tenants/keys.ts";

/** The sandbox's recipient. */
export const recipient = stackRecipient(join(repository, "tenants"), "sandbox");
