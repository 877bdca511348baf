/** Program: the process `pulumi-resource-random` of the sandbox. */
import { serveProvider } from "../../../infra/providers/shell/serve.ts";
import { sdkVersion } from "../versions.ts";
import { resources } from "./resources.ts";

await serveProvider({ name: "random", version: await sdkVersion("random"), resources, context: () => ({}) });
