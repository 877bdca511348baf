/** What every Railway resource gets: the client, and what this process itself made. */
import { OperatorError } from "../../../domain/error.ts";
import { clockFromEnvironment } from "../../../vendors/http/clock.ts";
import { type RailwayClient, railwayClient } from "../../../vendors/railway/client.ts";
import type { Project } from "../../../vendors/railway/project.ts";
import type { Configuration, Environment } from "../shell/serve.ts";

export interface RailwayContext {
  readonly railway: RailwayClient;
  /** Ids of projects and services that this process made a moment ago: nothing can lie in them yet, so nothing need be looked for there. */
  readonly fresh: Set<string>;
  /** The workspace's projects, read when this process had waited for the cooldown of a create: whatever an earlier run made is listed by then. */
  settledProjects?: Promise<readonly Project[]>;
  /** Railway refused this process a health check before a service's first deployment: it is not asked again for the next service. */
  refusesEarlyHealthChecks?: boolean;
}

/** Provider configuration first (`token`, `apiUrl`, `workspaceId`), then RAILWAY_API_TOKEN, RAILWAY_API_URL, RAILWAY_WORKSPACE_ID. OperatorError for what
 *  cannot be right, with all that is wrong. */
export function railwayContext(env: Environment, config: Configuration): RailwayContext {
  const given = (ofConfig: string | undefined, ofEnv: string | undefined) => ofConfig?.trim() || ofEnv?.trim() || undefined;
  const token = given(config.token, env.RAILWAY_API_TOKEN);
  const apiUrl = given(config.apiUrl, env.RAILWAY_API_URL);
  const workspaceId = given(config.workspaceId, env.RAILWAY_WORKSPACE_ID);
  const isAddress = apiUrl === undefined || (URL.canParse(apiUrl) && /^https?:/.test(apiUrl));
  const problems = [
    token === undefined &&
      "no Railway token: set RAILWAY_API_TOKEN to an account's or a workspace's token (railway.com → Account or Workspace settings → Tokens)",
    token !== undefined &&
      /\s/.test(token) &&
      "the Railway token has a blank or a line break in it: copy it again (RAILWAY_API_TOKEN)",
    !isAddress &&
      `"${apiUrl}" is no address of an API: write RAILWAY_API_URL (or apiUrl) as https://…/graphql/v2, or leave it out for Railway's own`,
  ].filter((problem) => problem !== false);
  if (token === undefined || problems.length > 0) throw new OperatorError(problems.map((message) => ({ message })));
  return { railway: railwayClient({ token, apiUrl, workspaceId, clock: clockFromEnvironment(env) }), fresh: new Set() };
}
