import { execFile } from "node:child_process";
import { mkdir, readFile, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "../domain/clock.ts";
import { askVersion, which } from "./find.ts";
import type { EngineProgress, OnProgress } from "./progress.ts";
import { runTied } from "./tied.ts";
import { pinnedVersion } from "./version.ts";

export interface FetchOptions {
  /** An empty folder of ours for everything temporary; the caller deletes it. */
  readonly work: string;
  /** The folder to fill with `pulumi` (and what belongs beside it); does not exist yet. */
  readonly target: string;
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal;
}

/** One way to get an engine. Answers why it could not be gone, or nothing if `target` now holds the engine. */
export type Fetch = (options: FetchOptions) => Promise<string | undefined>;

/** The caches of one build take 3.2 GB, measured; the rest is room to breathe. */
export const buildNeedsBytes = 5e9;

/** Builds `pulumi` from the published Go modules by engine/go.mod and engine/go.sum (checksums are verified, nothing is resolved anew). Uses the
 *  machine's own GOPROXY and GOFLAGS; its module and build caches are left alone. About 4 minutes on two cores. */
export const buildEngine: Fetch = async ({ work, target, root, env, clock, onProgress, signal }) => {
  const go = await which("go", env);
  if (!go) return "there is no `go` on PATH";
  const free = await freeBytes(work);
  if (free < buildNeedsBytes)
    return `building needs ${gigabytes(buildNeedsBytes)} for a while, and ${work} has ${gigabytes(free)} free`;

  const source = join(root, "engine");
  const started = await clock.now();
  const temporary = join(work, "tmp");
  await Promise.all([mkdir(temporary, { recursive: true }), mkdir(target, { recursive: true })]);
  const buildEnv: NodeJS.ProcessEnv = {
    ...env,
    CGO_ENABLED: "0",
    GOMODCACHE: join(work, "mod"),
    GOCACHE: join(work, "build"),
    GOTMPDIR: temporary,
    // A go.work somewhere above the checkout would replace our go.mod.
    GOWORK: "off",
    GO111MODULE: "on",
    GOOS: "",
    GOARCH: "",
  };
  // -modcacherw: Go's module cache is read-only otherwise, and could not be deleted.
  const shared = ["-mod=readonly", "-modcacherw", "-tags", "osusergo grpcnotrace"];
  const say = async (progress: Omit<EngineProgress, "elapsedSeconds">) =>
    onProgress({ ...progress, elapsedSeconds: ((await clock.now()) - started) / 1000 });

  const modules = await countModules(join(source, "go.sum"));
  let packages = 0;
  let downloaded = 0;
  const download = { step: "modules", message: "downloading the Pulumi engine's Go modules", total: modules } as const;
  await say({ ...download, done: 0 });
  const list = await runTied(go, ["list", ...shared, "-deps", enginePackage], {
    cwd: source,
    env: buildEnv,
    signal,
    onLine(line, stream) {
      if (stream === "stdout") packages++;
      else if (line.startsWith("go: downloading ")) void say({ ...download, done: ++downloaded });
    },
  });
  if (list.code !== 0) return `go could not get the modules: ${list.tail}`;

  let compiled = 0;
  const compile = { step: "compile", message: "compiling the Pulumi engine", total: packages } as const;
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${pinnedVersion}`;
  const binary = join(target, "pulumi");
  await say({ ...compile, done: 0 });
  const build = await runTied(go, ["build", ...shared, "-trimpath", "-v", "-ldflags", flags, "-o", binary, enginePackage], {
    cwd: source,
    env: buildEnv,
    signal,
    onLine(line, stream) {
      if (stream === "stderr" && !line.startsWith("go: ")) void say({ ...compile, done: ++compiled });
    },
  });
  if (build.code !== 0) return `go could not build it: ${build.tail}`;
  const told = await askVersion(binary, env);
  if (told.version !== `v${pinnedVersion}`)
    return `what go built says it is "${told.version ?? told.error}", not v${pinnedVersion}`;
  return undefined;
};

/** The Go version on PATH, for people. */
export async function goVersion(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const go = await which("go", env);
  if (!go) return undefined;
  const asked = await promisify(execFile)(go, ["env", "GOVERSION"], { env, timeout: 20_000 }).catch(() => undefined);
  return asked?.stdout.trim() || "of unknown version";
}

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Deletes a work folder, even one whose module cache was written without -modcacherw. */
export async function removeWork(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    await promisify(execFile)("chmod", ["-R", "u+w", folder]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

const enginePackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/** go.sum names every module whose content is used on a line of its own; the others end in /go.mod. */
async function countModules(goSum: string): Promise<number> {
  const lines = (await readFile(goSum, "utf8")).split("\n");
  return lines.filter((line) => line !== "" && !line.includes("/go.mod ")).length;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
