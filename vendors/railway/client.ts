/** The one client of Railway's public API. Errors: vendors/railway/refusal.ts and vendors/http/request.ts. */
import { registerSecret } from "../../domain/error.ts";
import { backupCalls } from "./backup-schedules.ts";
import { deploymentCalls } from "./deployment.ts";
import { domainCalls } from "./domains.ts";
import { type RailwayAccess, railwayConnection } from "./graphql.ts";
import { instanceCalls } from "./instance.ts";
import { manualBackupCalls } from "./manual-backups.ts";
import { metricsCalls } from "./metrics.ts";
import { patchCalls } from "./patch.ts";
import { projectCalls } from "./project.ts";
import { serviceCalls } from "./service.ts";
import { variableCalls } from "./variables.ts";
import { volumeCalls } from "./volume.ts";

export interface RailwayOptions extends RailwayAccess {
  /** The workspace in which projects are made and looked for; found through the token if absent. */
  readonly workspaceId?: string;
}

export type RailwayClient = ReturnType<typeof railwayClient>;

/** All operations by name; the token is a workspace's or an account's and is hidden in every text from now on. */
export function railwayClient(options: RailwayOptions) {
  registerSecret(options.token);
  const connection = railwayConnection(options);
  return {
    clock: options.clock,
    ...projectCalls(connection, options.workspaceId),
    ...serviceCalls(connection),
    ...volumeCalls(connection),
    ...backupCalls(connection),
    ...manualBackupCalls(connection),
    ...variableCalls(connection),
    ...instanceCalls(connection),
    ...deploymentCalls(connection),
    ...domainCalls(connection),
    ...patchCalls(connection),
    ...metricsCalls(connection),
  };
}
