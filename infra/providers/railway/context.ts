/** What every Railway resource gets: the client, and what this process itself made. */
import { OperatorError } from "../../../domain/error.ts";
import { clockFromEnvironment } from "../../../vendors/http/clock.ts";
import { type RailwayClient, railwayClient } from "../../../vendors/railway/client.ts";
import type { Configuration, Environment } from "../shell/serve.ts";

export interface RailwayContext {
  readonly railway: RailwayClient;
  /** Ids of projects and services that this process made a moment ago: nothing can lie in them yet, so nothing need be looked for there. */
  readonly fresh: Set<string>;
  /** Railway refused this process a health check before a service's first deployment: it is not asked again for the next service. */
  refusesEarlyHealthChecks?: boolean;
}

/** Provider configuration first (`token`, `apiUrl`, `workspaceId`), then RAILWAY_API_TOKEN, RAILWAY_API_URL, RAILWAY_WORKSPACE_ID. */
export function railwayContext(env: Environment, config: Configuration): RailwayContext {
  const token = config.token || env.RAILWAY_API_TOKEN;
  if (!token) {
    throw new OperatorError(
      "no Railway token: set RAILWAY_API_TOKEN to an account's or a workspace's token (railway.com → Account or Workspace settings → Tokens)",
    );
  }
  const railway = railwayClient({
    token,
    apiUrl: config.apiUrl || env.RAILWAY_API_URL || undefined,
    workspaceId: config.workspaceId || env.RAILWAY_WORKSPACE_ID || undefined,
    clock: clockFromEnvironment(env),
  });
  return { railway, fresh: new Set() };
}
