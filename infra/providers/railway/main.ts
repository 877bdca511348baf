/** The provider's process, started by the engine through `pulumi-resource-railway`. */
import { z } from "zod";
import { serveProvider } from "../shell/serve.ts";
import { type RailwayContext, railwayContext } from "./context.ts";
import { project } from "./project.ts";
import { service } from "./service.ts";
import { serviceInstance } from "./service-instance.ts";
import { variableCollection } from "./variable-collection.ts";
import { volume } from "./volume.ts";
import { volumeBackup } from "./volume-backup.ts";

await serveProvider<RailwayContext>({
  name: "railway",
  version: "0.1.0",
  resources: [project, service, volume, volumeBackup, variableCollection, serviceInstance],
  configSchema: z.strictObject({
    token: z.string().min(1).optional().describe("Account or workspace token; RAILWAY_API_TOKEN if absent."),
    apiUrl: z.string().min(1).optional().describe("GraphQL address; RAILWAY_API_URL, else Railway's own, if absent."),
    workspaceId: z.string().min(1).optional().describe("RAILWAY_WORKSPACE_ID, else the token's only workspace, if absent."),
  }),
  configSecrets: ["token"],
  context: railwayContext,
});
