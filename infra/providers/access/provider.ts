/** The provider of Access sessions. */
import { cloudflareFromEnvironment } from "../../../vendors/cloudflare/client.ts";
import { clockFromEnvironment } from "../../../vendors/http/clock.ts";
import type { Provider } from "../shell/configuration.ts";
import { type Context, sessions } from "./sessions.ts";

// The token comes from the environment only: as provider configuration it would lie in state.
export const accessProvider: Provider<Context> = {
  name: "access",
  version: "1.0.0",
  displayName: "Access",
  description: "Ends log-in sessions of Cloudflare Access when somebody loses access.",
  resources: [sessions],
  context: (env) => {
    const clock = clockFromEnvironment(env);
    return { clock, cloudflare: cloudflareFromEnvironment(env, clock) };
  },
};
