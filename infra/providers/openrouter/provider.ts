/** The provider of OpenRouter's keys. */
import { clockFromEnvironment } from "../../../vendors/http/clock.ts";
import { openRouterFromEnvironment } from "../../../vendors/openrouter/client.ts";
import type { Provider } from "../shell/configuration.ts";
import { type Context, key } from "./key.ts";

// The management key comes from the environment only: as provider configuration it would lie in state.
export const openRouterProvider: Provider<Context> = {
  name: "openrouter",
  version: "1.0.0",
  displayName: "OpenRouter",
  description: "API keys of OpenRouter with a credit limit each.",
  resources: [key],
  context: (env) => ({ openRouter: openRouterFromEnvironment(env, clockFromEnvironment(env)) }),
};
