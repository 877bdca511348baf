/** The stand-in for the Cloudflare provider, under the version of the SDK that programs use. */
import { z } from "zod";
import type { Provider } from "../../../infra/providers/shell/configuration.ts";
import { waitingOn } from "../clock.ts";
import { type Api, connectApi } from "./api.ts";
import { resources } from "./resources.ts";

/** Configured by `cloudflare:apiToken` and `cloudflare:baseUrl`, else by CLOUDFLARE_API_TOKEN and CLOUDFLARE_BASE_URL; refuses any address that is not
 *  loopback. `version` is the SDK's. */
export function cloudflareProvider(version: string): Provider<Api> {
  return {
    name: "cloudflare",
    version,
    resources,
    configSchema: z.object({
      apiToken: z
        .string()
        .regex(/^[0-9A-Za-z\-_]{40,80}$/, "API tokens must be 40 to 80 characters of a-z, A-Z, 0-9, - and _")
        .optional(),
      baseUrl: z.string().optional(),
    }),
    configSecrets: ["apiToken"],
    context: (env, config) =>
      connectApi({
        baseUrl: config.baseUrl ?? env.CLOUDFLARE_BASE_URL,
        token: config.apiToken ?? env.CLOUDFLARE_API_TOKEN,
        waiting: waitingOn(env.FLEET_CLOCK_URL),
      }),
  };
}
