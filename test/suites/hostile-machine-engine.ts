/** The machine has no engine, or a wrong one. */
import { ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { memoryClock } from "../../domain/clock.ts";
import { cacheFolders } from "../../engine/find.ts";
import { withLock } from "../../engine/lock.ts";
import { type Ground, type HostileCase, root, said } from "./hostile-machine-ground.ts";

/** Linux gives no process a higher number than 2^22. */
export const neverGiven = 2 ** 22 + 3;

/** Every way to the network ends here: nobody listens. */
export const nowhere = "http://127.0.0.1:9";
const offline = {
  HTTP_PROXY: nowhere,
  HTTPS_PROXY: nowhere,
  https_proxy: nowhere,
  http_proxy: nowhere,
  GOPROXY: nowhere,
  GOFLAGS: "",
};
/** Needs an engine and no sandbox. */
const asks = ["env", "prod"];

export const engineCases: readonly HostileCase[] = [
  {
    name: "no engine, no Go, no network: every way is named, with why it is closed and what opens it",
    async run(ground) {
      const env = { ...offline, ...(await empty(ground)) };
      said(
        await ground.fleet(asks, { env }),
        1,
        ...["no pulumi on PATH", "get.pulumi.com cannot be reached", "there is no `go` on PATH"],
        ...["install Pulumi v3.", "allow this machine to reach", "install Go", "then run the same command again"],
      );
      await opened(ground);
    },
  },
  {
    name: "no network but Go: the module proxy that does not answer is named, and nothing half-made stays",
    missing: () => (has("go") ? undefined : "there is no go"),
    async run(ground) {
      const { FLEET_ENGINE_DIR = "" } = await empty(ground);
      said(
        await ground.fleet(asks, { env: { ...offline, FLEET_ENGINE_DIR } }),
        1,
        "go could not get the modules",
        "GOPROXY",
        "127.0.0.1:9",
      );
      ok((await readdir(FLEET_ENGINE_DIR)).length === 0, `left: ${await readdir(FLEET_ENGINE_DIR)}`);
      await opened(ground);
    },
  },
  {
    name: "FLEET_ENGINE_DOWNLOAD=never is named as the reason, and no network is asked",
    async run(ground) {
      const env = { ...(await empty(ground)), FLEET_ENGINE_DOWNLOAD: "never" };
      said(await ground.fleet(asks, { env }), 1, "FLEET_ENGINE_DOWNLOAD=never forbids the download");
      await opened(ground);
    },
  },
  {
    name: "a pulumi on PATH that is too old is not used, and its version is told",
    async run(ground) {
      const env = await withPulumi(ground, "echo v3.100.0");
      said(await ground.fleet(asks, { env }), 1, "is v3.100.0, older than v3.");
      said(await ground.fleet(asks, { env: { PATH: env.PATH } }), 0, "export");
    },
  },
  {
    name: "a pulumi on PATH that does not run is not used, and what it said is told",
    async run(ground) {
      const env = await withPulumi(ground, "echo 'Illegal instruction' >&2; exit 132");
      said(await ground.fleet(asks, { env }), 1, 'does not answer to "pulumi version"');
      said(await ground.fleet(asks, { env: { PATH: env.PATH } }), 0, "export");
    },
  },
  {
    name: "a half-made engine, its work folder and a dead holder's lock are no engine and hold nobody up",
    async run(ground) {
      const env = { ...offline, ...(await empty(ground)) };
      const [folder = ""] = cacheFolders(env, root);
      const name = basename(folder);
      await mkdir(join(env.FLEET_ENGINE_DIR, `${name}.work-dead`), { recursive: true });
      await mkdir(folder);
      await writeFile(join(folder, "pulumi"), "half of a program");
      await writeFile(join(folder, "engine.json"), '{"kind":"downl');
      await writeFile(`${folder}.lock`, JSON.stringify({ pid: neverGiven, host: hostname(), mark: "1", id: "x" }));
      said(await ground.fleet(asks, { env }), 1, "There is no Pulumi engine");
      ok(
        !(await readdir(env.FLEET_ENGINE_DIR)).some((entry) => /work|lock/.test(entry)),
        "what the dead run left is still there",
      );
      await opened(ground);
    },
  },
  {
    name: "no folder for the engine can be written to: each is named, and the variable that moves it",
    async run(ground) {
      const file = await ground.path("a-file");
      await writeFile(file, "");
      const env = { ...offline, ...(await empty(ground)), FLEET_ENGINE_DIR: join(file, "engine") };
      said(
        await ground.fleet(asks, { env }),
        1,
        "No folder for the Pulumi engine can be written to",
        file,
        "Set FLEET_ENGINE_DIR",
      );
      await opened(ground);
    },
  },
  {
    name: "a clock set back: the lock of a dead machine on a shared folder is taken over, though its last sign lies in the future",
    async run(ground) {
      const path = await ground.path("lock");
      await writeFile(path, JSON.stringify({ pid: 1, host: "another-machine", mark: "1", id: "x" }));
      const tomorrow = new Date(Date.now() + 86_400_000);
      await utimes(path, tomorrow, tomorrow);
      const waits: string[] = [];
      const clock = memoryClock(0);
      const worked = await withLock(
        { path, clock, onWait: (holder) => waits.push(holder), signal: AbortSignal.timeout(120_000) },
        async () => true,
      );
      ok(
        worked && waits.length >= 50 && waits[0] === "process 1 on another-machine",
        `waited ${waits.length} times for ${waits[0]}`,
      );
    },
  },
];

/** Whether a program of that name is on PATH. */
export function has(name: string): boolean {
  return (process.env.PATH ?? "").split(":").some((folder) => {
    try {
      execFileSync("test", ["-x", join(folder, name)]);
      return true;
    } catch {
      return false;
    }
  });
}

/** The same command, with the engine within reach again. */
async function opened(ground: Ground): Promise<void> {
  said(await ground.fleet(asks), 0, "export PATH=");
}

/** No cache, and of PATH only what a shell script needs. */
async function empty(ground: Ground): Promise<{ PATH: string; FLEET_ENGINE_DIR: string }> {
  const bin = await ground.path("bin");
  await mkdir(bin);
  for (const name of ["sh", "readlink", "dirname", "cmp", "cat", "sleep", "uname"]) {
    const found = execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).trim();
    await symlink(found, join(bin, name));
  }
  const cache = await ground.path("cache");
  await mkdir(cache);
  return { PATH: bin, FLEET_ENGINE_DIR: cache };
}

/** A pulumi of ours in front of that, and no network. */
export async function withPulumi(ground: Ground, body: string) {
  const { PATH, FLEET_ENGINE_DIR } = await empty(ground);
  const file = join(PATH, "pulumi");
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return { ...offline, PATH, FLEET_ENGINE_DIR };
}
