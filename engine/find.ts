import { execFile } from "node:child_process";
import { access, constants, readFile, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { judgeVersion, pinnedVersion } from "./version.ts";

/** A Pulumi engine that is ready to use. */
export interface Engine {
  /** Where it came from: the user's own installation, the official download, or built here from the published Go modules. */
  readonly kind: "path" | "download" | "built";
  /** False if this very call fetched or built it (or it is the user's own). */
  readonly cached: boolean;
  /** Absolute path of the executable. */
  readonly pulumi: string;
  /** As it says itself, with the v. */
  readonly version: string;
  /** For people: why this one. */
  readonly why: string;
  /** What runs TypeScript programs: Pulumi's own, or the small one in engine/host where only the engine itself could be built. */
  readonly host: { readonly kind: "official" | "own"; readonly path: string };
}

/** Written beside a cached engine; a folder without it is no engine. */
const Manifest = z.object({
  kind: z.enum(["download", "built"]),
  version: z.string(),
  why: z.string(),
  at: z.string(),
  seconds: z.number(),
  bytes: z.number(),
});
export type Manifest = z.infer<typeof Manifest>;

export const manifestName = "engine.json";
export const hostName = "pulumi-language-nodejs";

/** The folders in which the pinned engine may be cached, in order: `FLEET_ENGINE_DIR` alone if set, else the user's cache folder and, for a home
 *  that cannot be written to, the repository's own `.fleet/engine`. */
export function cacheFolders(env: NodeJS.ProcessEnv, root: string): readonly string[] {
  const name = `v${pinnedVersion}-${process.platform}-${process.arch}`;
  if (env.FLEET_ENGINE_DIR) return [resolve(env.FLEET_ENGINE_DIR, name)];
  // The XDG rules: a relative path there is to be ignored.
  const xdg = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : undefined;
  const cache = xdg ?? join(env.HOME || homedir(), ".cache");
  return [join(cache, "ai-diy-fleet", "engine", name), join(root, ".fleet", "engine", name)];
}

export type PathFinding = { readonly engine: Engine } | { readonly said: string };

/** The user's own `pulumi`, if it is recent enough and can run Node programs. Only the first one on PATH counts, as for every program; our own
 *  cached one is looked over, because `fleet env` puts it there. */
export async function findOnPath(env: NodeJS.ProcessEnv, ours: readonly string[]): Promise<PathFinding> {
  const own = new Set(await Promise.all(ours.map((folder) => realpath(folder).catch(() => folder))));
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const file = join(folder, "pulumi");
    if (folder === "" || !(await isExecutable(file))) continue;
    const real = await realpath(file);
    if (own.has(dirname(real))) continue;
    const told = await askVersion(file, env);
    if (told.version === undefined) return { said: `${file} does not answer to "pulumi version" (${told.error})` };
    const verdict = judgeVersion(told.version);
    if (!verdict.accepted) return { said: `${file} ${verdict.reason}` };
    const host = await findHost(real, env);
    if (!host) return { said: `${file} ${verdict.reason}, but ${hostName} is neither beside it nor on PATH` };
    const why = `${file}, the first on PATH, ${verdict.reason}`;
    return {
      engine: { kind: "path", cached: false, pulumi: file, version: told.version, why, host: { kind: "official", path: host } },
    };
  }
  return { said: "no pulumi on PATH" };
}

/** The engine that an earlier call left in this folder; undefined if there is none or it is damaged. */
export async function readCached(folder: string): Promise<Engine | undefined> {
  const manifest = await readManifest(folder);
  const pulumi = join(folder, "pulumi");
  const host = join(folder, hostName);
  if (!manifest || manifest.version !== `v${pinnedVersion}`) return undefined;
  if (!(await isExecutable(pulumi)) || !(await isExecutable(host))) return undefined;
  // Asking it would cost 0.2 s on every command; the folder is renamed into place whole, so its size tells a damaged disk or a stranger's hand.
  if ((await stat(pulumi)).size !== manifest.bytes) return undefined;
  const kind = manifest.kind === "built" ? "own" : "official";
  return { kind: manifest.kind, cached: true, pulumi, version: manifest.version, why: manifest.why, host: { kind, path: host } };
}

/** Runs `pulumi version`; answers within 20 s. */
export async function askVersion(pulumi: string, env: NodeJS.ProcessEnv): Promise<{ version?: string; error?: string }> {
  const quiet = { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  try {
    const { stdout } = await promisify(execFile)(pulumi, ["version"], { env: quiet, timeout: 20_000, killSignal: "SIGKILL" });
    return { version: stdout.trim() };
  } catch (error) {
    return { error: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
}

export async function isExecutable(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return false;
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The first executable of that name on PATH. */
export async function which(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    if (folder !== "" && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

/** The engine looks beside itself (links resolved) and on PATH; so do we. */
async function findHost(realPulumi: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const beside = join(dirname(realPulumi), hostName);
  return (await isExecutable(beside)) ? beside : which(hostName, env);
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    return Manifest.parse(JSON.parse(await readFile(join(folder, manifestName), "utf8")));
  } catch {
    return undefined;
  }
}
