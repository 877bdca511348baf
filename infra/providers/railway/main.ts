/** The provider's process, started by the engine through `pulumi-resource-railway`. */
import { serveProvider } from "../shell/serve.ts";
import { railwayProvider } from "./provider.ts";

await serveProvider(railwayProvider);
