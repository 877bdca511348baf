/** Program: the process `pulumi-resource-cloudflare` of the sandbox. */
import { serveProvider } from "../../../infra/providers/shell/serve.ts";
import { sdkVersion } from "../versions.ts";
import { cloudflareProvider } from "./provider.ts";

await serveProvider(cloudflareProvider(await sdkVersion("cloudflare")));
