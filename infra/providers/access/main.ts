import { serveProvider } from "../shell/serve.ts";
import { accessProvider } from "./provider.ts";

await serveProvider(accessProvider);
