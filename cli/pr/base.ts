/** The files of a Git commit, written into a folder of their own, so that the same code reads both sides. Read-only for the repository. */
import { execFile, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { exitCode, OperatorError } from "../../domain/error.ts";

export interface BaseCommit {
  /** As it was asked for. */
  readonly ref: string;
  readonly commit: string;
  /** False where this clone does not hold the commit at which the branch left `ref`: then `commit` is the ref's own. */
  readonly common: boolean;
}

/** The commit that the branch in `root` left `ref` at, so that what others merged since then is not taken for this branch's work.
 *  Throws OperatorError for a folder without Git, and for a ref that is not in this clone. */
export async function findBase(root: string, ref: string): Promise<BaseCommit> {
  const inside = await git(root, ["rev-parse", "--is-inside-work-tree"]);
  if (inside.code !== 0) {
    // Git's own words matter where it distrusts the folder's owner, as in containers: it says how to allow it.
    const reason = inside.missing ? "git is not installed" : inside.stderr.trim() || "this is no Git work tree";
    throw new OperatorError(`the report compares the work tree with a commit, but ${reason}`);
  }
  const found = await git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
  const tip = found.stdout.trim();
  if (found.code !== 0 || tip === "")
    throw new OperatorError(
      `--base ${ref}: there is no such commit in this clone; fetch it first (git fetch origin <branch>, in CI with enough depth), then write it like origin/main`,
    );
  const base = await git(root, ["merge-base", tip, "HEAD"]);
  const common = base.code === 0;
  return { ref, commit: common ? base.stdout.trim() : tip, common };
}

/** Writes `tenants/` and the stacks' settings of a commit to `folder`. */
export async function writeBase(root: string, commit: string, folder: string): Promise<void> {
  const listing = await git(root, ["ls-tree", "-r", "-z", commit, "--", "."]);
  if (listing.code !== 0) throw new OperatorError(`git ls-tree failed: ${listing.stderr.trim()}`, exitCode.failed);
  const entries = listing.stdout
    .split("\0")
    .flatMap((line) => {
      const match = /^(\d{6}) blob ([0-9a-f]+)\t([\s\S]+)$/.exec(line);
      return match ? [{ mode: match[1], object: match[2] ?? "", path: match[3] ?? "" }] : [];
    })
    .filter(({ path }) => /^(?:tenants\/|Pulumi\.[^/]+\.yaml$)/.test(path) && isBelow(path));
  const contents = await readBlobs(
    root,
    entries.map(({ object }) => object),
  );
  for (const [index, { path, mode }] of entries.entries()) {
    const target = join(folder, path);
    const content = contents[index] ?? Buffer.alloc(0);
    mkdirSync(dirname(target), { recursive: true });
    // A link stays one: where it leads is for the loader to judge.
    if (mode === "120000") symlinkSync(content.toString("utf8"), target);
    else writeFileSync(target, content);
  }
}

function isBelow(path: string): boolean {
  return !isAbsolute(path) && !path.split("/").some((part) => part === ".." || part === "");
}

interface Answer {
  readonly code: number;
  readonly missing: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

function git(root: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: environment(), maxBuffer: 256 * 1024 * 1024 };
    execFile("git", args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, missing: error?.code === "ENOENT", stdout, stderr });
    });
  });
}

/** One process for all blobs: a process each takes seconds for a few hundred tenants. */
async function readBlobs(root: string, objects: readonly string[]): Promise<readonly Buffer[]> {
  const child = spawn("git", ["cat-file", "--batch"], { cwd: root, env: environment(), stdio: ["pipe", "pipe", "ignore"] });
  const closed = new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  child.stdin.on("error", () => undefined);
  child.stdin.end(objects.map((object) => `${object}\n`).join(""));
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  await closed;
  const whole = Buffer.concat(chunks);
  const blobs: Buffer[] = [];
  for (let at = 0; at < whole.length; ) {
    const end = whole.indexOf("\n", at);
    const size = Number(/ blob (\d+)$/.exec(whole.toString("utf8", at, end))?.[1] ?? Number.NaN);
    // An object that is missing (a partial clone that cannot fetch) has no size: better said than compared as empty.
    if (!Number.isSafeInteger(size))
      throw new OperatorError(
        "git cannot read all files of the base commit; fetch it whole, then run this again",
        exitCode.failed,
      );
    blobs.push(whole.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return blobs;
}

/** Without the variables by which a hook's git means another repository. */
function environment(): NodeJS.ProcessEnv {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_PREFIX, ...rest } = process.env;
  return { ...rest, GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" };
}
