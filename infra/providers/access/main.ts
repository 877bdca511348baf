import { cloudflareFromEnvironment } from "../../../vendors/cloudflare/client.ts";
import { clockFromEnvironment } from "../../../vendors/http/clock.ts";
import { serveProvider } from "../shell/serve.ts";
import { sessions } from "./sessions.ts";

// The token comes from the environment only: as provider configuration it would lie in state.
await serveProvider({
  name: "access",
  version: "1.0.0",
  resources: [sessions],
  context: (env) => {
    const clock = clockFromEnvironment(env);
    return { clock, cloudflare: cloudflareFromEnvironment(env, clock) };
  },
});
