import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { memoryClock } from "../domain/clock.ts";
import { OperatorError } from "../domain/error.ts";
import type { Fetch } from "./build.ts";
import { ensureEngine, findEngine } from "./engine.ts";
import { cacheFolders, hostName, manifestName } from "./find.ts";
import { fakePulumi, temporaryFolder } from "./testing/fakes.ts";
import { pinnedVersion } from "./version.ts";

const pin = `v${pinnedVersion}`;

/** An empty machine: no engine anywhere, and ways that are closed. */
async function machine() {
  const home = await temporaryFolder();
  const env: NodeJS.ProcessEnv = { HOME: home, PATH: `${home}/bin:/usr/bin:/bin` };
  const root = join(home, "checkout");
  await mkdir(root);
  const [folder = ""] = cacheFolders(env, root);
  const tried: string[] = [];
  const closed =
    (name: string): Fetch =>
    async () => {
      tried.push(name);
      return `${name} is closed`;
    };
  const open =
    (name: string): Fetch =>
    async ({ target }) => {
      tried.push(name);
      await fakePulumi(target, pin);
      return undefined;
    };
  const ensure = (download: Fetch, built: Fetch) => ensureEngine({ env, root, clock: memoryClock(0), ways: { download, built } });
  return { home, env, root, folder, tried, closed, open, ensure };
}

test("a recent pulumi on PATH is used before all others, and nothing is fetched", async () => {
  const { home, tried, open, ensure } = await machine();
  const pulumi = await fakePulumi(join(home, "bin"), "v3.300.0");
  const engine = await ensure(open("download"), open("built"));
  expect(engine).toMatchObject({
    kind: "path",
    pulumi,
    version: "v3.300.0",
    host: { kind: "official", path: join(home, "bin", hostName) },
  });
  expect(engine.why).toContain("is v3.300.0, at least v3.259");
  expect(tried).toEqual([]);
});

test("an older pulumi on PATH is not used, and the reason is told", async () => {
  const { home, tried, open, ensure } = await machine();
  await fakePulumi(join(home, "bin"), "v3.200.0");
  const engine = await ensure(open("download"), open("built"));
  expect(engine).toMatchObject({ kind: "download", version: pin, cached: false });
  expect(engine.why).toContain(`${home}/bin/pulumi is v3.200.0, older than v3.259`);
  expect(tried).toEqual(["download"]);
});

test("a pulumi on PATH that cannot run Node programs is not used", async () => {
  const { home, open, ensure } = await machine();
  await fakePulumi(join(home, "bin"), "v3.300.0", { host: false });
  expect((await ensure(open("download"), open("built"))).kind).toBe("download");
});

test("the official download comes before the build, and its own language host is kept", async () => {
  const { folder, open, tried, ensure } = await machine();
  const engine = await ensure(open("download"), open("built"));
  expect(tried).toEqual(["download"]);
  expect(engine.host).toEqual({ kind: "official", path: join(folder, hostName) });
  expect(await readFile(engine.host.path, "utf8")).toBe("#!/bin/sh\nexit 0\n");
});

test("where the download is closed the engine is built and gets our language host", async () => {
  const { open, closed, tried, ensure } = await machine();
  const engine = await ensure(closed("download"), open("built"));
  expect(tried).toEqual(["download", "built"]);
  expect(engine).toMatchObject({ kind: "built", host: { kind: "own" } });
  expect(await readFile(engine.host.path, "utf8")).toContain("FLEET_LANGUAGE_HOST");
  expect(engine.why).toBe("built from the published Go modules, because no pulumi on PATH; download is closed");
});

test("the second call takes the cached engine, with the same reason", async () => {
  const { open, closed, tried, ensure } = await machine();
  const first = await ensure(closed("download"), open("built"));
  const second = await ensure(closed("download"), open("built"));
  expect(second).toEqual({ ...first, cached: true });
  expect(tried).toEqual(["download", "built"]);
});

test("our cached engine first on PATH, as `fleet env` puts it, is still the cached one, even through a link", async () => {
  const { home, env, root, folder, open, closed, ensure } = await machine();
  await ensure(closed("download"), open("built"));
  await symlink(folder, join(home, "linked"));
  for (const first of [folder, join(home, "linked")]) {
    const found = await findEngine({ ...env, PATH: `${first}:${env.PATH}` }, root);
    expect(found).toMatchObject({ engine: { kind: "built", cached: true } });
  }
});

test.each([
  ["cut off", (folder: string) => writeFile(join(folder, "pulumi"), "#!")],
  ["without its manifest", (folder: string) => rm(join(folder, manifestName))],
  ["with an unreadable manifest", (folder: string) => writeFile(join(folder, manifestName), "{")],
  ["not executable", (folder: string) => chmod(join(folder, "pulumi"), 0o644)],
])("a cached engine that is %s is fetched again", async (_what, damage) => {
  const { folder, open, closed, tried, ensure } = await machine();
  await ensure(closed("download"), open("built"));
  await damage(folder);
  expect(await ensure(closed("download"), open("built"))).toMatchObject({ kind: "built", cached: false, version: pin });
  expect(tried).toEqual(["download", "built", "download", "built"]);
});

test("FLEET_ENGINE_DIR alone decides where the engine is cached", async () => {
  const { home, env, root, open } = await machine();
  const own = { ...env, FLEET_ENGINE_DIR: join(home, "elsewhere"), XDG_CACHE_HOME: join(home, "xdg") };
  expect(cacheFolders(own, root)).toHaveLength(1);
  const engine = await ensureEngine({ env: own, root, ways: { download: open("download"), built: open("built") } });
  expect(engine.pulumi.startsWith(`${home}/elsewhere/${pin}-`)).toBe(true);
});

test("where the user's cache folder cannot be written to, the checkout's own .fleet is used", async () => {
  const { home, env, root, open } = await machine();
  // A file in the way refuses everybody; missing permissions would not stop root.
  await writeFile(join(home, ".cache"), "");
  const engine = await ensureEngine({ env, root, ways: { download: open("download"), built: open("built") } });
  expect(dirname(dirname(engine.pulumi))).toBe(join(root, ".fleet", "engine"));
});

test("with every way closed one message names each reason and the three ways out, and nothing is left behind", async () => {
  const { folder, closed, ensure } = await machine();
  const failure = await ensure(closed("download"), closed("built")).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OperatorError);
  const message = failure instanceof Error ? failure.message : "";
  for (const part of [
    "no pulumi on PATH",
    "download is closed",
    "built is closed",
    "install Pulumi v3.259",
    "get.pulumi.com",
    "Go",
  ]) {
    expect(message).toContain(part);
  }
  expect(await readdir(dirname(folder))).toEqual([]);
});

test("an engine that appears while we wait for the lock is taken", async () => {
  const { open, tried, ensure } = await machine();
  const both = await Promise.all([ensure(open("download"), open("built")), ensure(open("download"), open("built"))]);
  expect(tried).toEqual(["download"]);
  expect(both.map((engine) => engine.cached).sort()).toEqual([false, true]);
});
