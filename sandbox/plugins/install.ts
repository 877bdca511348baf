/** Puts the stand-ins where the engine looks for plugins, so that it never asks for the official ones. */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, sdkVersion } from "./versions.ts";

/** The official plugins that the sandbox stands in for. */
export const standIns = ["cloudflare", "random"] as const;

/** Writes `plugins/resource-<name>-v<version>/` for every stand-in into a PULUMI_HOME of the sandbox: a shim that runs this checkout with the Node that runs
 *  us. May be repeated, and by several processes at once; an official plugin of the same version in that folder is replaced. */
export async function installPlugins(pulumiHome: string): Promise<void> {
  await Promise.all(standIns.map((name) => install(pulumiHome, name)));
}

async function install(pulumiHome: string, name: string): Promise<void> {
  const folder = join(pulumiHome, "plugins", `resource-${name}-v${await sdkVersion(name)}`);
  const file = join(folder, `pulumi-resource-${name}`);
  const main = join(root, "sandbox", "plugins", name, "main.ts");
  const shim = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(main)} "$@"\n`;
  await mkdir(folder, { recursive: true });
  // The engine takes a folder with this file beside it for a broken download.
  await rm(`${folder}.partial`, { force: true });
  if ((await readFile(file, "utf8").catch(() => undefined)) === shim) return;
  // Renamed into place: an engine that starts now finds the whole file or none.
  const work = `${file}.${randomUUID()}.work`;
  await writeFile(work, shim, { mode: 0o755 });
  await rename(work, file);
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
