import { clockFromEnvironment } from "../../../vendors/http/clock.ts";
import { openRouterFromEnvironment } from "../../../vendors/openrouter/client.ts";
import { serveProvider } from "../shell/serve.ts";
import { key } from "./key.ts";

// The management key comes from the environment only: as provider configuration it would lie in state.
await serveProvider({
  name: "openrouter",
  version: "1.0.0",
  resources: [key],
  context: (env) => ({ openRouter: openRouterFromEnvironment(env, clockFromEnvironment(env)) }),
});
