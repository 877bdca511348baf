/** The provider: its resources, its function and its configuration. */
import { z } from "zod";
import type { Provider } from "../shell/configuration.ts";
import { type RailwayContext, railwayContext } from "./context.ts";
import { getProject } from "./get-project.ts";
import { project } from "./project.ts";
import { service } from "./service.ts";
import { serviceInstance } from "./service-instance.ts";
import { variableCollection } from "./variable-collection.ts";
import { volume } from "./volume.ts";
import { volumeBackup } from "./volume-backup.ts";

export const railwayProvider: Provider<RailwayContext> = {
  name: "railway",
  version: "0.1.0",
  displayName: "Railway",
  description: "Projects, services, volumes, variables and deployments on Railway (railway.com).",
  resources: [project, service, volume, volumeBackup, variableCollection, serviceInstance],
  functions: [getProject],
  configSchema: z.strictObject({
    token: z.string().min(1).optional().describe("Account or workspace token; RAILWAY_API_TOKEN if absent."),
    apiUrl: z
      .string()
      .regex(/^https?:\/\//, 'is no address: write "https://…/graphql/v2"')
      .optional()
      .describe("GraphQL address; RAILWAY_API_URL, else Railway's own, if absent."),
    workspaceId: z.string().min(1).optional().describe("RAILWAY_WORKSPACE_ID, else the token's only workspace, if absent."),
  }),
  configSecrets: ["token"],
  context: railwayContext,
};
