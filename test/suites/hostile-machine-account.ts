/** Whose account it is, and what its disks allow. */
import { ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { has } from "./hostile-machine-engine.ts";
import { copyOfShared, setUp } from "./hostile-machine-folder.ts";
import { type HostileCase, root, said } from "./hostile-machine-ground.ts";

const isRoot = process.getuid?.() === 0;
const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const asNobody = () => (isRoot && has("setpriv") ? undefined : "only root can become another user (setpriv)");
export const accountCases: readonly HostileCase[] = [
  {
    name: "HOME unset, HOME that does not exist, HOME that is a file: the commands work",
    async run(ground) {
      const { env } = await copyOfShared(ground);
      for (const HOME of [undefined, "/nonexistent/home", "/etc/hostname"])
        said(await ground.fleet(["env", "sandbox"], { env: { ...env, HOME } }), 0, "export PULUMI_HOME=");
      said(await ground.fleet(["doctor"], { env: { ...env, HOME: "/nonexistent/home" } }), 0, "engine");
    },
  },
  {
    name: "an ordinary user whose HOME is closed to it: sandbox and ledger work in a folder of its own",
    missing: asNobody,
    async run(ground) {
      const folder = await ground.sandboxFolder();
      await mkdir(folder);
      execFileSync("chmod", ["a+x", join(folder, "..")]);
      execFileSync("chown", ["65534:65534", folder]);
      const closed = await ground.path("home");
      await mkdir(closed, { mode: 0o700 });
      const env = { FLEET_SANDBOX_DIR: folder, HOME: closed, FLEET_ENGINE_DIR: undefined };
      await ground.started(folder, { env, through: nobody });
      said(await ground.fleet(["doctor"], { env, through: nobody }), 0, "engine");
      said(await ground.fleet(["sandbox", "status"], { env, through: nobody }), 0, "running");
      said(await setUp(ground, { FLEET_SANDBOX_DIR: folder }, { env, through: nobody }), 0);
    },
  },
  {
    name: "root: the ledger's server runs, though PostgreSQL refuses root",
    missing: () => (isRoot ? undefined : "this is an ordinary user"),
    async run(ground) {
      const { env } = await copyOfShared(ground);
      said(await setUp(ground, env), 0);
    },
  },
  {
    name: "a folder that cannot be written to: it is named with what helps, and the next run with another works",
    missing: asNobody,
    async run(ground) {
      const folder = await ground.sandboxFolder();
      await mkdir(folder);
      execFileSync("chmod", ["a+x", join(folder, "..")]);
      said(
        await ground.fleet(["sandbox", "start"], { env: { FLEET_SANDBOX_DIR: folder }, through: nobody }),
        1,
        "EACCES",
        folder,
        "check the owner and the permissions",
      );
      await ground.started(folder);
      await ground.answersIn(folder);
    },
  },
  {
    name: "a read-only file system and a full disk: each is said with the way out, and with room the same command works",
    missing: () => (isRoot && mounts() ? undefined : "this user may not mount a small file system"),
    async run(ground) {
      const folder = await ground.sandboxFolder();
      await mkdir(folder);
      const script = `mount -t tmpfs -o size=256k,mode=755 none "$1" && cd / && export FLEET_SANDBOX_DIR="$1/sandbox"
        mount -o remount,ro "$1"; "$2" sandbox start; echo "read-only $?"; mount -o remount,rw "$1"
        dd if=/dev/zero of="$1/ballast" bs=1k 2>/dev/null; "$2" sandbox start; echo "full $?"; rm "$1/ballast"
        "$2" sandbox start && "$2" sandbox status && dd if=/dev/zero of="$1/ballast" bs=1k 2>/dev/null
        "$2" sandbox clock --advance-seconds 60; sleep 1; "$2" sandbox status; rm "$1/ballast"
        "$2" sandbox clock --advance-seconds 60; "$2" sandbox stop; cat "$1/sandbox/sandbox.log" "$1/sandbox/state.json"; "$2" sandbox start && "$2" sandbox stop; echo "end $?"`;
      const answer = await ground.program(["unshare", "--mount", "sh", "-c", script, "sh", folder, join(root, "fleet")]);
      said(
        answer,
        0,
        "read-only 1",
        "EROFS",
        "FLEET_SANDBOX_DIR moves",
        "full 1",
        "ENOSPC",
        "make room on that disk",
        "running, process",
        "end 0",
      );
      ok(answer.stdout.includes("2026-11-01T00:02:00"), answer.stdout);
    },
  },
  {
    name: "a limit on the size of files: what the sandbox cannot keep is said in its log, and it goes on",
    async run(ground) {
      const folder = await ground.sandboxFolder();
      const env = { FLEET_SANDBOX_DIR: folder };
      await ground.started(folder, {
        through: ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh"],
        env: { NODE_COMPILE_CACHE: join(folder, "none") },
      });
      said(await ground.fleet(["sandbox", "clock", "--advance-seconds", "60"], { env }), 0);
      await ground.answersIn(folder);
      said(await ground.fleet(["sandbox", "stop"], { env }), 0);
      await ground.started(folder);
      await ground.answersIn(folder);
    },
  },
];

function mounts(): boolean {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
