import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../domain/clock.ts";
import { ensureEngine } from "./engine.ts";
import { cacheFolders } from "./find.ts";
import { processMark } from "./lock.ts";
import type { EngineProgress } from "./progress.ts";
import { fakeGo, temporaryFolder } from "./testing/fakes.ts";
import { pinnedVersion } from "./version.ts";

const pin = `v${pinnedVersion}`;
const program = join(import.meta.dirname, "testing", "ensure.ts");

async function machine() {
  const home = await temporaryFolder();
  const root = join(home, "checkout");
  await mkdir(join(root, "engine"), { recursive: true });
  for (const file of ["go.mod", "go.sum"]) await cp(join(import.meta.dirname, file), join(root, "engine", file));
  const env: NodeJS.ProcessEnv = {
    HOME: home,
    PATH: `${home}/bin:/usr/bin:/bin`,
    FLEET_ENGINE_DOWNLOAD: "never",
    GOFLAGS: "-buildvcs=false",
  };
  const [folder = ""] = cacheFolders(env, root);
  const calls = join(home, "calls");
  const started = async () => (await readFile(calls, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  return { home, root, env, folder, calls, started, bin: join(home, "bin") };
}

/** Another process that gets the engine. */
function ensureElsewhere(root: string, env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [program, root], { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    out += chunk;
  });
  return { child, end: once(child, "close").then(([code]) => ({ code, out })) };
}

/** Resolves when the file is there; the test's own time limit is the only clock here. */
async function appears(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
    await systemClock.sleep(20);
  }
}

/** Resolves when the process has ended: its pipes are closed a moment before. */
async function ends(pid: number): Promise<void> {
  while ((await processMark(pid)) !== undefined) await systemClock.sleep(20);
}

test("the build uses caches of its own, checks nothing in anew, reports how far it is and leaves only the engine", async () => {
  const { root, env, folder, calls, started, bin } = await machine();
  await fakeGo(bin, pin, calls);
  const progress: EngineProgress[] = [];
  const engine = await ensureEngine({ env, root, onProgress: (at) => void progress.push(at) });
  expect(engine).toMatchObject({ kind: "built", version: pin });
  const [list = "", build = ""] = await started();
  expect(list).toMatch(new RegExp(`^list ${folder}\\.work-\\w+/mod ${folder}\\.work-\\w+/build off 0 list -mod=readonly`));
  expect(build).toContain(
    `-tags osusergo grpcnotrace -trimpath -v -ldflags -s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${pin}`,
  );
  expect(progress.filter(({ step }) => step === "modules").at(-1)).toMatchObject({ done: 1, total: 328 });
  expect(progress.filter(({ step }) => step === "compile").at(-1)).toMatchObject({ done: 2, total: 2 });
  expect(await readdir(dirname(folder))).toEqual([`${pin}-${process.platform}-${process.arch}`]);
  expect((await readdir(folder)).sort()).toEqual(["engine.json", "pulumi", "pulumi-language-nodejs"]);
});

test("a build that makes another version is refused", async () => {
  const { root, env, calls, bin } = await machine();
  await fakeGo(bin, "v3.1.0", calls);
  await expect(ensureEngine({ env, root })).rejects.toThrow(/what go built says it is "v3\.1\.0", not v3\.259\.0/);
});

test("without network and Go one message names the ways", async () => {
  const { home, root } = await machine();
  const env = { HOME: home, PATH: join(home, "nothing"), FLEET_ENGINE_DOWNLOAD: "never" };
  await expect(ensureEngine({ env, root })).rejects.toThrow(
    /no pulumi on PATH[\s\S]*forbids the download[\s\S]*no `go` on PATH[\s\S]*3\. install Go/,
  );
});

test("of two processes that start at once one builds and the other takes what it built", async () => {
  const { root, env, calls, started, bin } = await machine();
  await fakeGo(bin, pin, calls);
  const ends = await Promise.all([ensureElsewhere(root, env).end, ensureElsewhere(root, env).end]);
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  expect((await started()).filter((line) => line.startsWith("build "))).toHaveLength(1);
});

test("when a building process is killed its compiler ends, nothing half-built is found, and the next run cleans up and builds", async () => {
  const { home, root, env, folder, calls, bin } = await machine();
  const pidFile = join(home, "go-pid");
  await fakeGo(bin, pin, calls, { hang: { pid: pidFile } });
  const { child, end } = ensureElsewhere(root, env);
  const go = Number(await appears(pidFile));
  expect(await processMark(go)).toBeDefined();
  child.kill("SIGKILL");
  await end;
  // The watchdog shell is woken by the closed pipe.
  await ends(go);
  const left = await readdir(dirname(folder));
  expect(left.some((name) => name.endsWith(".lock"))).toBe(true);
  expect(left.some((name) => name.includes(".work-"))).toBe(true);
  expect(left).not.toContain(`${pin}-${process.platform}-${process.arch}`);
  await fakeGo(bin, pin, calls);
  expect(await ensureEngine({ env, root })).toMatchObject({ kind: "built", cached: false });
  expect(await readdir(dirname(folder))).toEqual([`${pin}-${process.platform}-${process.arch}`]);
});

test("a process that waits for another's build says so, and takes over when that one is killed", async () => {
  const { home, root, env, calls, bin } = await machine();
  const pidFile = join(home, "go-pid");
  await fakeGo(bin, pin, calls, { hang: { pid: pidFile } });
  const { child, end } = ensureElsewhere(root, env);
  await appears(pidFile);
  await fakeGo(bin, pin, calls);
  const waits: string[] = [];
  const onProgress = (at: EngineProgress) => {
    if (at.step !== "wait") return;
    waits.push(at.message);
    child.kill("SIGKILL");
  };
  const engine = await ensureEngine({ env, root, onProgress });
  await end;
  expect(waits[0]).toBe(`process ${child.pid} is fetching the Pulumi engine; waiting for it`);
  expect(engine).toMatchObject({ kind: "built", cached: false });
});

test("an aborted build ends its compiler and leaves neither lock nor work folder", async () => {
  const { home, root, env, folder, calls, bin } = await machine();
  const pidFile = join(home, "go-pid");
  await fakeGo(bin, pin, calls, { hang: { pid: pidFile } });
  const abort = new AbortController();
  const ensured = ensureEngine({ env, root, signal: abort.signal });
  const go = Number(await appears(pidFile));
  abort.abort(new Error("enough"));
  await expect(ensured).rejects.toThrow("enough");
  await ends(go);
  expect(await readdir(dirname(folder))).toEqual([]);
});

test("the checked-in go.mod and go.sum are where the build looks for them", async () => {
  const source = await readFile(resolve(import.meta.dirname, "go.sum"), "utf8");
  expect(source).toContain(`github.com/pulumi/pulumi/pkg/v3 ${pin} h1:`);
});
