import { serveProvider } from "../shell/serve.ts";
import { openRouterProvider } from "./provider.ts";

await serveProvider(openRouterProvider);
