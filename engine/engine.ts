import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type Clock, systemClock } from "../domain/clock.ts";
import { exitCode, OperatorError } from "../domain/error.ts";
import { buildEngine, type Fetch, goVersion, removeWork } from "./build.ts";
import { downloadEngine } from "./download.ts";
import { cacheFolders, type Engine, findOnPath, hostName, type Manifest, manifestName, readCached } from "./find.ts";
import { withLock } from "./lock.ts";
import type { OnProgress } from "./progress.ts";
import { leastMinor, pinnedVersion } from "./version.ts";

export interface EnsureOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The repository's root. */
  readonly root?: string;
  readonly clock?: Clock;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** The ways to fetch an engine, tried in this order; tests bring their own. */
  readonly ways?: { readonly download: Fetch; readonly built: Fetch };
}

/** The Pulumi engine to use: `pulumi` on PATH if recent enough, else the cached one, else the official download, else a build from the published Go
 *  modules. Safe when several processes call it at once, and after any of them was killed. Throws an OperatorError that names every way and why it
 *  is closed when there is none. */
export async function ensureEngine(options: EnsureOptions): Promise<Engine> {
  const found = await findEngine(options.env, options.root);
  if ("engine" in found) return found.engine;
  return fetchEngine(options, found.said);
}

/** As ensureEngine, but only looks; `said` tells why there is no engine yet. */
export async function findEngine(
  env: NodeJS.ProcessEnv,
  root = repositoryRoot,
): Promise<{ readonly engine: Engine } | { readonly said: string }> {
  const folders = cacheFolders(env, root);
  const onPath = await findOnPath(env, folders);
  if ("engine" in onPath) return onPath;
  for (const folder of folders) {
    const engine = await readCached(folder);
    if (engine) return { engine };
  }
  return onPath;
}

const repositoryRoot = resolve(import.meta.dirname, "..");

async function fetchEngine(options: EnsureOptions, saidOfPath: string): Promise<Engine> {
  const { env, root = repositoryRoot, clock = systemClock, onProgress = () => undefined, signal } = options;
  const ways = options.ways ?? { download: downloadEngine(), built: buildEngine };
  const folder = await firstWritable(cacheFolders(env, root));
  const parent = dirname(folder);
  const onWait = (holder: string, elapsedSeconds: number) =>
    onProgress({ step: "wait", message: `${holder} is fetching the Pulumi engine; waiting for it`, elapsedSeconds });

  return withLock({ path: `${folder}.lock`, clock, onWait, signal }, async () => {
    const meanwhile = await readCached(folder);
    if (meanwhile) return meanwhile;
    await sweep(parent, basename(folder));
    const started = await clock.now();
    const work = await mkdtemp(join(parent, `${basename(folder)}${workMark}`));
    const closed = [saidOfPath];
    try {
      for (const kind of ["download", "built"] as const) {
        const target = join(work, kind);
        const failed = await ways[kind]({ work, target, root, env, clock, onProgress, signal });
        if (failed !== undefined) {
          closed.push(failed);
          continue;
        }
        const seconds = Math.round(((await clock.now()) - started) / 1000);
        onProgress({ step: "finish", message: "putting the Pulumi engine into the cache", elapsedSeconds: seconds });
        const source = kind === "download" ? "the official download" : "built from the published Go modules";
        const why = `${source}, because ${closed.join("; ").replaceAll("\n", " ")}`;
        return await settle(target, folder, { kind, why, seconds, at: new Date(await clock.now()).toISOString() });
      }
    } finally {
      await removeWork(work);
    }
    throw await noEngine(closed, env);
  });
}

/** Makes the fetched folder complete and renames it into place: whoever finds it finds all of it. */
async function settle(target: string, folder: string, facts: Pick<Manifest, "kind" | "why" | "seconds" | "at">): Promise<Engine> {
  if (facts.kind === "built") {
    // A real file, not a link: the engine compares the path found on PATH with the one beside itself and warns on every run if they differ.
    await copyFile(join(import.meta.dirname, "host", "cached-host.sh"), join(target, hostName));
    await chmod(join(target, hostName), 0o755);
  }
  const { size } = await stat(join(target, "pulumi"));
  const manifest: Manifest = { ...facts, version: `v${pinnedVersion}`, bytes: size };
  await writeFile(join(target, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
  // What lies there now was found to be damaged; a folder cannot be renamed onto one that is not empty.
  await rm(folder, { recursive: true, force: true });
  await rename(target, folder);
  const engine = await readCached(folder);
  if (!engine) throw new Error(`bug: the engine just put into ${folder} is not found there`);
  return { ...engine, cached: false };
}

const workMark = ".work-";

/** Removes what killed runs left behind. Called under the lock, so no such folder is in use. */
async function sweep(parent: string, name: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    if (entry.startsWith(`${name}${workMark}`)) await removeWork(join(parent, entry));
  }
}

async function firstWritable(folders: readonly string[]): Promise<string> {
  const problems: string[] = [];
  for (const folder of folders) {
    const parent = dirname(folder);
    try {
      await mkdir(parent, { recursive: true });
      // access() says yes on a read-only mount in some containers; a real file does not lie.
      await rm(await mkdtemp(join(parent, "probe-")), { recursive: true });
      return folder;
    } catch (error) {
      problems.push(`${parent} (${error instanceof Error && "code" in error ? error.code : error})`);
    }
  }
  throw new OperatorError(
    `No folder for the Pulumi engine can be written to: ${problems.join(", ")}. Set FLEET_ENGINE_DIR to one that can, then run this again.`,
    exitCode.failed,
  );
}

async function noEngine(closed: readonly string[], env: NodeJS.ProcessEnv): Promise<OperatorError> {
  const go = await goVersion(env);
  const lines = [
    `There is no Pulumi engine, and none could be fetched: ${closed.map((reason) => `\n  - ${reason}`).join("")}`,
    "Any one of these helps; then run the same command again:",
    `  1. install Pulumi v${leastMinor} or newer and put it on PATH (https://www.pulumi.com/docs/install/)`,
    "  2. allow this machine to reach https://get.pulumi.com and https://github.com, once",
    `  3. ${go ? `let Go (${go}) reach a module proxy (see \`go env GOPROXY\`)` : "install Go 1.25.11 or newer with a module proxy in reach"} and 5 GB of free disk`,
  ];
  return new OperatorError(lines.join("\n"), exitCode.failed);
}
