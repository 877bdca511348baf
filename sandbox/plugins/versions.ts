/** Which version of an SDK programs use: a stand-in must carry the same, or the engine would look for another plugin. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";

/** The repository's root. */
export const root = resolve(import.meta.dirname, "..", "..");

/** The plugin version that the installed `@pulumi/<name>` asks the engine for; throws if the package is not installed. */
export async function sdkVersion(name: string): Promise<string> {
  const text = await readFile(join(root, "node_modules", "@pulumi", name, "package.json"), "utf8");
  return z.object({ version: z.string().regex(/^\d+\.\d+\.\d+/) }).parse(JSON.parse(text)).version;
}
