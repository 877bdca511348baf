/** actionlint, which knows GitHub's syntax, contexts and runners: built once from its published Go module, by the checked-in go.mod and go.sum. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { isExecutable, which } from "../../engine/find.ts";

const run = promisify(execFile);
const source = join(import.meta.dirname, "actionlint");
const buildPatienceMs = 280_000;

export type Found = { readonly actionlint: string } | { readonly why: string };

/** The cached one, else a new build: `say` is told before anything is downloaded. Where there is none, `why` says so for people. */
export async function findActionlint(env: NodeJS.ProcessEnv, say: (message: string) => void): Promise<Found> {
  const version = /rhysd\/actionlint (v[\d.]+)/.exec(await readFile(join(source, "go.mod"), "utf8"))?.[1] ?? "v0";
  const folder = join(cacheFolder(env), `${version}-${process.platform}-${process.arch}`);
  const actionlint = join(folder, "actionlint");
  if (await isExecutable(actionlint)) return { actionlint };
  const go = await which("go", env);
  if (!go) return { why: `there is no \`go\` on PATH to build actionlint ${version} with` };
  say(`building actionlint ${version} from its Go modules, once (into ${folder}) …`);
  const made = `${actionlint}.${process.pid}`;
  const args = [
    "build",
    "-mod=readonly",
    "-modcacherw",
    "-buildvcs=false",
    "-trimpath",
    "-o",
    made,
    "github.com/rhysd/actionlint/cmd/actionlint",
  ];
  try {
    await mkdir(folder, { recursive: true });
    const own = { ...env, GOWORK: "off", GO111MODULE: "on", CGO_ENABLED: "0", GOOS: "", GOARCH: "" };
    await run(go, args, { cwd: source, env: own, timeout: buildPatienceMs });
    await rename(made, actionlint);
    return { actionlint };
  } catch (error) {
    await rm(made, { force: true });
    return { why: `go could not build actionlint ${version}: ${tail(error)}` };
  }
}

/** What actionlint complains about, a line each. shellcheck and pyflakes, which it calls where a machine happens to have them, are left out: the answer
 *  must be the same everywhere. */
export async function lint(actionlint: string, files: readonly string[], cwd: string): Promise<string[]> {
  const args = ["-shellcheck=", "-pyflakes=", "-no-color", "-oneline", ...files];
  try {
    await run(actionlint, args, { cwd });
    return [];
  } catch (error) {
    const { code, stdout } = { code: 0, stdout: "", ...(error instanceof Error ? error : {}) };
    // 1 is its word for problems; anything else means that it could not look.
    if (code !== 1) throw error;
    return stdout.trim().split("\n");
  }
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  const xdg = env.XDG_CACHE_HOME?.startsWith("/") ? env.XDG_CACHE_HOME : undefined;
  return join(xdg ?? join(env.HOME || homedir(), ".cache"), "ai-diy-fleet", "actionlint");
}

function tail(error: unknown): string {
  const { stderr, message } = { stderr: "", message: String(error), ...(error instanceof Error ? error : {}) };
  return (stderr || message).trim().split("\n").slice(-2).join(" ");
}
